#include "cli/cli.h"
#include "printing.h"

#include <stdlib.h>
#include <string.h>

static struct printed printed;
static char folder[] = "/tmp/sluice-show-XXXXXX";
static char file[64];

static void write_file(const char *text)
{
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int show(struct cli_options options)
{
    options.config_file = file;
    struct printing printing = printing_begin();
    int status = cli_show_config(&options);
    printing_end(&printing, &printed);
    return status;
}

static void a_good_configuration_is_printed_with_sources_if_asked(void **state)
{
    (void)state;
    char line[128];
    write_file("listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /ws}]\n");
    assert_int_equal(show((struct cli_options){.command = "config"}), 0);
    assert_string_equal(printed.error, "");
    assert_non_null(strstr(printed.out, "\n  - path: /ws\n    echo: true\n"));
    assert_int_equal(show((struct cli_options){.sources = true}), 0);
    snprintf(line, sizeof line, "\n  - path: /ws  # %s:2:20\n    echo: true  # default\n", file);
    assert_non_null(strstr(printed.out, line));
}

static void in_json_it_is_one_line(void **state)
{
    (void)state;
    write_file("listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /ws}]\n");
    assert_int_equal(show((struct cli_options){.json = true, .sources = true}), 0);
    assert_non_null(strstr(printed.out, "\"listen\":[{\"address\":\"127.0.0.1:0\",\"tls\":null}]"));
    assert_non_null(strstr(printed.out, "\"endpoints.0.echo\":\"default\""));
    assert_ptr_equal(strchr(printed.out, '\n'), printed.out + strlen(printed.out) - 1);
}

static void errors_are_printed_and_nothing_else(void **state)
{
    (void)state;
    write_file("listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /ws, pipeline: [{plugin: "
               "nowhere}]}]\n");
    assert_int_equal(show((struct cli_options){0}), EXIT_WRONG);
    assert_string_equal(printed.out, "");
    assert_non_null(strstr(printed.error, "nowhere"));
    assert_int_equal(show((struct cli_options){.json = true}), EXIT_WRONG);
    assert_int_equal(strncmp(printed.out, "{\"error\":\"configuration\",", 25), 0);
    assert_string_equal(printed.error, "");
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(file, sizeof file, "%s/t.yaml", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove(file);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_configuration_is_printed_with_sources_if_asked),
        cmocka_unit_test(in_json_it_is_one_line),
        cmocka_unit_test(errors_are_printed_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
