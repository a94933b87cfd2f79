#include "config/effective.h"
#include "config/config_text.h"
#include "config/yaml_node.h"
#include "failing_memory.h"

#include <stdlib.h>
#include <unistd.h>

static char text[32768];

/* The options of every stage are the same. */
static int describe_options(const struct stage_config *stage, struct yaml_node **out, void *context)
{
    if (context != NULL)
        *(const char **)context = stage->plugin;
    *out = yaml_node_create(NODE_MAPPING, stage->position);
    return *out != NULL ? 0 : ERR_NO_MEMORY;
}

static const char *written(const struct config *config, bool sources)
{
    struct yaml_node *tree = NULL;
    const char *plugin = NULL;
    assert_int_equal(effective_create(config, describe_options, &plugin, &tree), 0);
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    yaml_write(file, tree, sources ? effective_source : NULL);
    fclose(file);
    yaml_node_destroy(tree);
    return text;
}

/* Checks that a line is there. */
static void expect_line(const char *line)
{
    char whole[512];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (strstr(text, whole) == NULL)
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void has_each_key_with_its_default(void **state)
{
    (void)state;
    struct config *config = good_config(SMALLEST);
    written(config, true);
    assert_int_equal(strncmp(text, "listen:\n  - address: 127.0.0.1:0  # ", 36), 0);
    expect_line("# admin: not set"); /* admin.listen is required in it */
    expect_line("    # tls: not set");
    expect_line("loops: auto  # default");
    expect_line("  clients: 100000  # default");
    expect_line("  # file: not set");
    expect_line("  sample: 1/1  # default");
    expect_line("trusted_proxies: []  # default");
    expect_line("        - binary  # default");
    expect_line("  - path: /ws  # dir/t.yaml:2:20");
    expect_line("    - /usr/lib/sluice/plugins  # default");
    config_destroy(config);
}

static void says_what_was_given_and_where(void **state)
{
    (void)state;
    setenv("SLUICE_TEST_PORT", "81", 1);
    struct config *config = good_config(
        "listen: [{address: \"*:${SLUICE_TEST_PORT}\", tls: {certificate: c.pem, key: /k.pem,\n"
        " min_version: 1.3}}]\n"
        "admin: {listen: 'unix:/a b.sock', socket_mode: 0660}\n"
        "log: {level: '${SLUICE_TEST_NONE:-warn}', file: l.log}\n"
        "endpoints:\n- path: /ws\n  message: {types: [text]}\n  subprotocols: [1.0]\n"
        "  pipeline: [{plugin: auth}]\n");
    written(config, true);
    unsetenv("SLUICE_TEST_PORT");
    assert_non_null(
        strstr(text, "- address: \"*:81\"  # dir/t.yaml:1:20, written *:${SLUICE_TEST_PORT}\n"));
    expect_line("      key: /k.pem  # dir/t.yaml:1:76");
    expect_line("      min_version: \"1.3\"  # dir/t.yaml:2:15");
    expect_line("  listen: \"unix:/a b.sock\"  # dir/t.yaml:3:17");
    expect_line("  socket_mode: \"0660\"  # dir/t.yaml:3:48");
    expect_line("  level: warn  # dir/t.yaml:4:14, written ${SLUICE_TEST_NONE:-warn}");
    expect_line("      types:\n        - text  # dir/t.yaml:7:21");
    expect_line("      - \"1.0\"  # dir/t.yaml:8:18");
    expect_line("      - plugin: auth  # dir/t.yaml:9:23");
    expect_line("        options: {}  # dir/t.yaml:9:23");
    expect_line("        timeout: 2s  # default");
    config_destroy(config);
}

static void paths_are_absolute(void **state)
{
    (void)state;
    char here[512], line[640];
    assert_non_null(getcwd(here, sizeof here));
    struct config *config = good_config(SMALLEST "log: {file: l.log}\nplugins: {path: [p, /q]}\n");
    written(config, false);
    snprintf(line, sizeof line, "  file: %s/dir/l.log", here);
    expect_line(line);
    snprintf(line, sizeof line, "  path:\n    - %s/dir/p\n    - /q", here);
    expect_line(line);
    config_destroy(config);
}

static void what_was_laid_over_the_file_is_the_command_lines(void **state)
{
    (void)state;
    const struct config_override overrides[] = {{"log.level", "debug"}, {"limits", "{clients: 5}"}};
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(
        config_parse("t.yaml", SMALLEST, strlen(SMALLEST), overrides, 2, &errors, &config), 0);
    assert_errors(&errors, "");
    written(config, true);
    expect_line("  level: debug  # command line");
    expect_line("  clients: 5  # command line");
    expect_line("  clients_per_address: 1000  # default");
    config_destroy(config);
}

/* Written, read and written again it is the same. */
static void means_the_same_when_it_is_read(void **state)
{
    (void)state;
    static char first[sizeof text];
    struct config *config =
        good_config("listen: [{address: '[::1]:0', tls: {certificate: a, key: b, client_ca: c,\n"
                    " client_crl: d}}, {address: '*:0'}]\n"
                    "admin: {listen: ['unix:/x', '127.0.0.1:0'], token_file: t, requests: 2}\n"
                    "io: epoll\nloops: 3\nfront: {handshake_threads: 2, max_header: 2048}\n"
                    "limits: {queue_bytes: 2GiB}\nshutdown: {delay: 0, grace: 90s}\n"
                    "trusted_proxies: [10.0.0.0/8, '::/0']\nlog: {access: off, sample: 1/5}\n"
                    "endpoints:\n- path: '/$${a}'\n  queue: {overflow: conflate, key: '/$${b}',\n"
                    "    gap_marker: true, gap_text: \"{dropped}\\n\"}\n  pipeline:\n");
    memcpy(first, written(config, false), sizeof first);
    config_destroy(config);
    config = good_config(first);
    assert_string_equal(written(config, false), first);
    assert_string_equal(config->endpoints[0].path, "/${a}");
    assert_string_equal(config->endpoints[0].gap_text, "{dropped}\n");
    config_destroy(config);
}

static int make_effective(void *context)
{
    struct yaml_node *tree = NULL;
    int error = effective_create(context, describe_options, NULL, &tree);
    if (error == 0)
        yaml_node_destroy(tree);
    else
        assert_null(tree);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    setenv("SLUICE_TEST_FILE", "l.log", 1);
    struct config *config =
        good_config(SMALLEST "log: {file: '${SLUICE_TEST_FILE}'}\nplugins: {path: [p]}\n"
                             "trusted_proxies: [10.0.0.0/8]\n");
    assert_true(survive_failing_allocations(make_effective, config) > 100);
    unsetenv("SLUICE_TEST_FILE");
    config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_each_key_with_its_default),
        cmocka_unit_test(says_what_was_given_and_where),
        cmocka_unit_test(paths_are_absolute),
        cmocka_unit_test(what_was_laid_over_the_file_is_the_command_lines),
        cmocka_unit_test(means_the_same_when_it_is_read),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
