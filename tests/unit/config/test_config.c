#include "config/config_text.h"
#include "failing_memory.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

static void reports_all_errors_at_once(void **state)
{
    (void)state;
    refused_config(
        "loops: none\n"
        "log: {level: \"${SL_NOT_SET}\", level: info, formt: json}\n"
        "listen:\n"
        "  - address: localhost:80\n"
        "    tls: {certificate: a.crt}\n"
        "endpoints: 5\n",
        "2:14 the environment variable SL_NOT_SET is not set; set it, or write "
        "${SL_NOT_SET:-default}\n"
        "2:31 the key \"level\" is here twice (first on line 2); keep one of them\n"
        "4:14 listen.0.address: host names are not looked up; write 127.0.0.1 instead of "
        "localhost\n"
        "5:10 listen.0.tls.key: is missing; it is required\n"
        "1:8 loops: \"none\" is not an integer\n"
        "2:44 log: unknown key \"formt\"; did you mean \"format\"?\n"
        "6:12 endpoints: is a single value; a list is expected\n");
}

static void overrides_lie_over_the_file(void **state)
{
    (void)state;
    const struct config_override overrides[] = {{"listen.0.address", "127.0.0.1:1"},
                                                {"endpoints.1.path", "/b"},
                                                {"log.level", "warn"},
                                                {"endpoints.0.pipeline", "[{plugin: auth}]"}};
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(
        config_parse("t.yaml", SMALLEST, strlen(SMALLEST), overrides, 4, &errors, &config), 0);
    assert_string_equal(config->listeners[0].address, "127.0.0.1:1");
    assert_string_equal(config->listeners[0].position.file, "--set");
    assert_string_equal(config->endpoints[1].path, "/b");
    assert_string_equal(config->endpoints[0].pipeline[0].plugin, "auth");
    assert_int_equal(config->log_level, LOG_LEVEL_WARN);
    config_destroy(config);
}

static void wrong_overrides_are_all_reported(void **state)
{
    (void)state;
    const struct config_override overrides[] = {{"listen.7", "x"}, {"log", "["}};
    const struct config_override unknown[] = {{"log.levl", "info"}, {"loops", "x"}};
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(
        config_parse("t.yaml", SMALLEST, strlen(SMALLEST), overrides, 2, &errors, &config),
        ERR_CONFIG);
    assert_errors(&errors, "1:1 listen.7: the list has 1 entries; 1 would add the next one\n"
                           "2:1 log: not valid YAML: did not find expected node content while "
                           "parsing a flow node\n");
    assert_int_equal(
        config_parse("t.yaml", SMALLEST, strlen(SMALLEST), unknown, 2, &errors, &config),
        ERR_CONFIG);
    assert_string_equal(errors.items[0].position.file, "--set");
    assert_errors(&errors, "1:1 loops: \"x\" is not an integer\n"
                           "1:1 log: unknown key \"levl\"; did you mean \"level\"?\n");
}

static void files_that_cannot_be_read_are_errors(void **state)
{
    (void)state;
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(config_load("/nowhere/t.yaml", NULL, 0, &errors, &config), ERR_CONFIG);
    assert_errors(&errors, "0:0 No such file or directory\n");
    assert_int_equal(config_load("/tmp", NULL, 0, &errors, &config), ERR_CONFIG);
    assert_errors(&errors, "0:0 it is not a regular file\n");
    config_destroy(NULL);
}

static void the_shipped_files_are_right(void **state)
{
    (void)state;
    static const char *const files[] = {"sluice.yaml", "installed.yaml", "production.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[PATH_MAX];
        struct config *config = NULL;
        snprintf(path, sizeof path, "%s/config/%s", SLUICE_SOURCE_DIR, files[i]);
        diagnostics_init(&errors);
        int error = config_load(path, NULL, 0, &errors, &config);
        assert_errors(&errors, "");
        assert_int_equal(error, 0);
        assert_string_equal(config->endpoints[0].path, "/ws");
        config_destroy(config);
    }
}

static void a_configuration_goes_with_its_last_owner(void **state)
{
    (void)state;
    struct config *config = good_config(SMALLEST);
    assert_ptr_equal(config_ref(config), config);
    config_destroy(config);
    assert_string_equal(config->endpoints[0].path, "/ws");
    config_destroy(config);
}

static void a_broken_configuration_can_be_had_for_further_checks(void **state)
{
    (void)state;
    struct config *config = NULL;
    diagnostics_init(&errors);
    char path[] = "/tmp/sluice-config-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    static const char text[] = SMALLEST "loops: none\n";
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    assert_int_equal(config_load_broken(path, NULL, 0, &errors, &config), ERR_CONFIG);
    assert_non_null(config);
    assert_string_equal(config->endpoints[0].path, "/ws");
    config_destroy(config);
    assert_int_equal(config_load(path, NULL, 0, &errors, &config), ERR_CONFIG);
    assert_errors(&errors, "3:8 loops: \"none\" is not an integer\n"
                           "3:8 loops: \"none\" is not an integer\n");
    unlink(path);
}

static int parse_config(void *context)
{
    static const struct config_override overrides[] = {{"log.level", "warn"}};
    const char *text = context;
    struct config *config = NULL;
    int error = config_parse("dir/t.yaml", text, strlen(text), overrides, 1, &errors, &config);
    config_destroy(config);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    static char text[] = "plugins: {path: [p]}\n"
                         "listen: [{address: '*:0', tls: {certificate: c, key: k}}]\n"
                         "endpoints: [{path: /ws, subprotocols: [a, b],\n"
                         "             pipeline: [{plugin: auth, options: &a {x: 1}},\n"
                         "                        {plugin: quota, options: *a}]}]\n";
    diagnostics_init(&errors);
    assert_true(survive_failing_allocations(parse_config, text) > 40);
    assert_errors(&errors, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_all_errors_at_once),
        cmocka_unit_test(overrides_lie_over_the_file),
        cmocka_unit_test(wrong_overrides_are_all_reported),
        cmocka_unit_test(files_that_cannot_be_read_are_errors),
        cmocka_unit_test(the_shipped_files_are_right),
        cmocka_unit_test(a_configuration_goes_with_its_last_owner),
        cmocka_unit_test(a_broken_configuration_can_be_had_for_further_checks),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
