#include "config/config_changes.h"

#include "config/config_text.h"

#include <stdlib.h>

/* What is said when the one text replaces the other. */
static const char *changes(const char *before, const char *after)
{
    static char text[CONFIG_CHANGES_MAX];
    struct config *old = good_config(before);
    struct config *new = good_config(after);
    config_changes_describe(old, new, text);
    config_destroy(old);
    config_destroy(new);
    return text;
}

static void equal_configurations_change_nothing(void **state)
{
    (void)state;
    assert_string_equal(changes(SMALLEST, SMALLEST), "");
    assert_string_equal(changes("loops: 2\nlog: {level: info, format: json}\n" SMALLEST,
                                "# moved\nlog: {format: json, level: info}\nloops: 2\n" SMALLEST),
                        "");
}

static void keys_are_named_as_set_names_them(void **state)
{
    (void)state;
    assert_string_equal(
        changes("listen: [{address: '127.0.0.1:0'}]\n"
                "log: {level: info}\n"
                "shutdown: {grace: 1s}\n"
                "endpoints: [{path: /a}, {path: /b, queue: {bytes: 64MiB}}]\n",
                "listen: [{address: '127.0.0.1:0'}]\n"
                "log: {level: debug, format: json}\n"
                "endpoints: [{path: /a, echo: false}, {path: /b, queue: {bytes: 32MiB}}]\n"),
        "log.level, log.format, shutdown, endpoints.0.echo, endpoints.1.queue.bytes");
}

static void lists_that_are_not_equally_long_are_named_as_a_whole(void **state)
{
    (void)state;
    assert_string_equal(changes(SMALLEST, "listen: [{address: '127.0.0.1:0'}]\n"
                                          "endpoints: [{path: /other}, {path: /ws}]\n"),
                        "endpoints");
}

static void of_a_plugins_options_only_the_option_is_named(void **state)
{
    (void)state;
#define WITH(options)                                                                              \
    "listen: [{address: '127.0.0.1:0'}]\n"                                                         \
    "endpoints: [{path: /ws, pipeline: [{plugin: auth, options: " options "}]}]\n"
    assert_string_equal(changes(WITH("{tokens: {secret1: ann}, options: {secret2: 1}, a: [1]}"),
                                WITH("{tokens: {secret3: ann}, options: {secret4: 1}, a: [2]}")),
                        "endpoints.0.pipeline.0.options.tokens, "
                        "endpoints.0.pipeline.0.options.options, "
                        "endpoints.0.pipeline.0.options.a");
#undef WITH
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    char before[2048], after[2048];
    size_t a = 0, b = 0;
    a += (size_t)snprintf(before, sizeof before, "listen: [{address: '*:0'}]\nendpoints:\n");
    b += (size_t)snprintf(after, sizeof after, "listen: [{address: '*:0'}]\nendpoints:\n");
    for (int i = 0; i < 30; i++) {
        a += (size_t)snprintf(before + a, sizeof before - a, "- {path: /p%d, echo: true}\n", i);
        b += (size_t)snprintf(after + b, sizeof after - b, "- {path: /p%d, echo: false}\n", i);
    }
    const char *text = changes(before, after);
    size_t named = 1;
    for (const char *comma = text; (comma = strchr(comma, ',')) != NULL; comma++)
        named++;
    unsigned more = (unsigned)strtoul(strstr(text, " and ") + 5, NULL, 10);
    assert_int_equal(named + more, 30);
    assert_true(more > 0 && strlen(text) < CONFIG_CHANGES_MAX);
    assert_memory_equal(text, "endpoints.0.echo, endpoints.1.echo, ", 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_configurations_change_nothing),
        cmocka_unit_test(keys_are_named_as_set_names_them),
        cmocka_unit_test(lists_that_are_not_equally_long_are_named_as_a_whole),
        cmocka_unit_test(of_a_plugins_options_only_the_option_is_named),
        cmocka_unit_test(what_does_not_fit_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
