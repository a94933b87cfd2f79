#include "cli/argument_text.h"

#include "unit.h"

#include <string.h>

static void expect(const char *help, const char *value, const char *meaning)
{
    char text[ARGUMENT_TEXT_MAX], name[ARGUMENT_NAME_MAX];
    argument_text_meaning(help, text);
    argument_text_value(help, name);
    assert_string_equal(text, meaning);
    assert_string_equal(name, value);
}

static void an_options_lines_are_its_value_and_its_meaning(void **state)
{
    (void)state;
    expect("  -c, --config FILE      the configuration (default:\n"
           "                         another)\n",
           "FILE", "the configuration (default: another)");
    expect("      --strict           warnings count\n", "", "warnings count");
    expect("      --plugins-in-place  loads them\n", "", "loads them");
    expect("      --bare", "", "");
}

static void what_is_too_long_is_cut(void **state)
{
    (void)state;
    char help[2 * ARGUMENT_TEXT_MAX] = "--x ", text[ARGUMENT_TEXT_MAX], name[ARGUMENT_NAME_MAX];
    memset(help + 4, 'V', 100);
    memcpy(help + 104, "   ", 3);
    memset(help + 107, 'm', sizeof help - 108);
    argument_text_meaning(help, text);
    argument_text_value(help, name);
    assert_int_equal(strlen(text), sizeof text - 1);
    assert_int_equal(strlen(name), sizeof name - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_options_lines_are_its_value_and_its_meaning),
        cmocka_unit_test(what_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
