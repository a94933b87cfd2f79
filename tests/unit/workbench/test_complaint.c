#include "workbench/complaint.h"

#include "printing.h"

static struct printed printed;

static void people_read_a_line_on_standard_error(void **state)
{
    (void)state;
    struct printing printing = printing_begin();
    complain(&(struct complaint){.command = "replay"}, "usage", "%s is missing", "x");
    printing_end(&printing, &printed);
    assert_string_equal(printed.out, "");
    assert_string_equal(printed.error, "sluice replay: x is missing\n");
}

static void scripts_read_json_on_standard_output(void **state)
{
    (void)state;
    struct printing printing = printing_begin();
    complain(&(struct complaint){.command = "replay", .json = true}, "usage", "\"%s\"", "x");
    printing_end(&printing, &printed);
    assert_string_equal(printed.out, "{\"error\":\"usage\",\"detail\":\"\\\"x\\\"\"}\n");
    assert_string_equal(printed.error, "");
}

static void json_is_asked_for_by_an_option(void **state)
{
    (void)state;
    char *asked[] = {(char *)(uintptr_t)"sluice", (char *)(uintptr_t)"x",
                     (char *)(uintptr_t)"--json"};
    char *behind[] = {(char *)(uintptr_t)"sluice", (char *)(uintptr_t)"--",
                      (char *)(uintptr_t)"--json"};
    assert_true(complaint_is_json(3, asked));
    assert_false(complaint_is_json(2, asked));
    assert_false(complaint_is_json(3, behind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_read_a_line_on_standard_error),
        cmocka_unit_test(scripts_read_json_on_standard_output),
        cmocka_unit_test(json_is_asked_for_by_an_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
