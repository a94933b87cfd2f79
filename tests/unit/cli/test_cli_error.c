#include "cli/cli_error.h"
#include "printing.h"

#include <string.h>

static struct printed printed;

static void complain(const struct cli_options *options)
{
    struct printing printing = printing_begin();
    cli_error(options, "address", "\"%s\" is none", "x");
    printing_end(&printing, &printed);
}

static void an_error_is_a_line_that_names_the_command(void **state)
{
    (void)state;
    complain(&(struct cli_options){.command = "kick"});
    assert_string_equal(printed.error, "sluice kick: \"x\" is none\n");
    assert_string_equal(printed.out, "");
    complain(&(struct cli_options){.command = NULL});
    assert_string_equal(printed.error, "sluice: \"x\" is none\n");
}

static void with_json_an_error_is_an_object_on_standard_output(void **state)
{
    (void)state;
    complain(&(struct cli_options){.command = "kick", .json = true});
    assert_string_equal(printed.error, "");
    assert_string_equal(printed.out, "{\"error\":\"address\",\"detail\":\"\\\"x\\\" is none\"}\n");
}

static void print_findings(bool has_error, bool is_json)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct position at = {.file = "a.yaml", .line = 2, .column = 3};
    if (has_error)
        diagnostics_add(&diagnostics, at, "wrong");
    diagnostics_warn(&diagnostics, at, "odd");
    struct printing printing = printing_begin();
    cli_print_findings(&(struct cli_options){.json = is_json}, &diagnostics);
    printing_end(&printing, &printed);
    diagnostics_deinit(&diagnostics);
}

static void findings_are_lines_or_one_object(void **state)
{
    (void)state;
    print_findings(true, false);
    assert_string_equal(printed.error, "a.yaml:2:3: wrong\na.yaml:2:3: odd (a warning)\n");
    print_findings(true, true);
    assert_string_equal(printed.error, "");
    assert_string_equal(
        printed.out,
        "{\"error\":\"configuration\",\"detail\":\"1 error in the configuration\","
        "\"errors\":[{\"file\":\"a.yaml\",\"line\":2,\"column\":3,\"message\":\"wrong\"}],"
        "\"warnings\":[{\"file\":\"a.yaml\",\"line\":2,\"column\":3,\"message\":\"odd\"}]}\n");
}

static void warnings_alone_are_no_error(void **state)
{
    (void)state;
    print_findings(false, true);
    assert_string_equal(printed.out, "");
    assert_string_equal(printed.error, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_is_a_line_that_names_the_command),
        cmocka_unit_test(with_json_an_error_is_an_object_on_standard_output),
        cmocka_unit_test(findings_are_lines_or_one_object),
        cmocka_unit_test(warnings_alone_are_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
