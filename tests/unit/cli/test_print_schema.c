#include "cli/cli.h"
#include "printing.h"

#include <stdlib.h>
#include <string.h>

static struct printed printed;
static char folder[] = "/tmp/sluice-schema-XXXXXX";

static int print(struct cli_options options)
{
    struct printing printing = printing_begin();
    int status = cli_schema(&options);
    printing_end(&printing, &printed);
    return status;
}

static void without_plugins_there_is_no_schema(void **state)
{
    (void)state;
    assert_int_equal(print((struct cli_options){.command = "schema", .plugins = folder}),
                     EXIT_WRONG);
    assert_string_equal(printed.out, "");
    assert_non_null(strstr(printed.error, folder));
    assert_int_equal(print((struct cli_options){.plugins = folder, .json = true}), EXIT_WRONG);
    assert_int_equal(strncmp(printed.out, "{\"error\":\"not_found\",", 21), 0);
}

static void a_plugin_that_is_refused_is_said_and_the_schema_is_printed(void **state)
{
    (void)state;
    char file[64];
    snprintf(file, sizeof file, "%s/nothing.so", folder);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs("no library", out);
    fclose(out);
    assert_int_equal(print((struct cli_options){.plugins = folder, .json = true}), EXIT_WRONG);
    assert_int_equal(remove(file), 0);
    assert_int_equal(strncmp(printed.error, "sluice schema: ", 15), 0);
    assert_int_equal(strncmp(printed.out, "{\"additionalProperties\":false,", 30), 0);
}

static void a_file_that_is_not_there_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(print((struct cli_options){.config_file = "/nowhere/my.yaml"}), EXIT_WRONG);
    assert_string_equal(printed.error, "/nowhere/my.yaml: No such file or directory\n");
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_plugins_there_is_no_schema),
        cmocka_unit_test(a_plugin_that_is_refused_is_said_and_the_schema_is_printed),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
