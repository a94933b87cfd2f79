#include "pipeline/option_check.h"
#include "plugins.h"
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>

static struct diagnostics diagnostics;
static struct plugin_set plugins;

static int set_up(void **state)
{
    (void)state;
    diagnostics_init(&diagnostics);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    diagnostics_deinit(&diagnostics);
    return 0;
}

static void check(const char *text)
{
    char folder[PATH_MAX], value[PATH_MAX + 4];
    struct config *config = NULL;
    test_plugins_folder(folder);
    snprintf(value, sizeof value, "[\"%s\"]", folder);
    const struct config_override override = {.path = "plugins.path", .value = value};
    char file[] = "/tmp/sluice-test-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    int error = config_load_broken(file, &override, 1, &diagnostics, &config);
    unlink(file);
    assert_non_null(config);
    size_t before = diagnostics.count;
    assert_int_equal(error, before > 0 ? ERR_CONFIG : OK);
    option_check(config, &plugins, &diagnostics);
    config_destroy(config);
}

static bool says(const char *part)
{
    for (size_t i = 0; i < diagnostics.count; i++)
        if (strstr(diagnostics.items[i].text, part) != NULL)
            return true;
    return false;
}

static void finds_mistakes_beside_those_of_the_server(void **state)
{
    (void)state;
    check("listen: [{address: 127.0.0.1:0}]\n"
          "lops: 1\n"
          "endpoints:\n"
          "  - path: /ws\n"
          "    pipeline:\n"
          "      - plugin: probe\n"
          "        options: {greting: hello}\n"
          "      - plugin: prob\n");
    assert_true(says("loops"));
    assert_true(says("greeting"));
    assert_true(says("'probe'"));
    assert_int_equal(diagnostics.count, 3);
}

static void passes_over_what_could_not_be_read(void **state)
{
    (void)state;
    check("endpoints:\n"
          "  - pipeline: [{}, {plugin: [x]}, {plugin: probe, options: 5}, 7]\n"
          "  - 8\n");
    assert_true(says("options"));
}

static void says_nothing_about_good_options(void **state)
{
    (void)state;
    check("listen: [{address: 127.0.0.1:0}]\n"
          "endpoints: [{path: /ws, pipeline: [{plugin: probe, options: {greeting: hello}}]}]\n");
    assert_int_equal(diagnostics.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(finds_mistakes_beside_those_of_the_server),
        TEST(passes_over_what_could_not_be_read),
        TEST(says_nothing_about_good_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
