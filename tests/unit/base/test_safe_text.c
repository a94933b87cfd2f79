#include "base/safe_text.h"

#include "unit.h"

#include <stdlib.h>

static void expect_printed(void (*print)(FILE *to, const char *text), const char *text,
                           const char *expected)
{
    char *printed = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&printed, &len);
    assert_non_null(to);
    print(to, text);
    assert_int_equal(fclose(to), 0);
    assert_string_equal(printed, expected);
    free(printed);
}

static void a_terminal_sees_no_control_characters(void **state)
{
    (void)state;
    expect_printed(safe_text_print,
                   "a\x1b[2J\x7f\xc2\x9b"
                   "b\xc3\xa4\n",
                   "a?[2J??b\xc3\xa4?");
    expect_printed(safe_text_print, "\xc2", "?");
    expect_printed(safe_text_print, "\x9b!\xf0\x9f\x98", "?!???");
}

static void quoted_ones_say_which(void **state)
{
    (void)state;
    expect_printed(safe_text_print_quoted, "", "\"\"");
    expect_printed(safe_text_print_quoted, "a\"b\\c\nd\t\r", "\"a\\\"b\\\\c\\nd\\t\\r\"");
    expect_printed(safe_text_print_quoted, "\x1b\x01\xc2\x9b\x7f\xc3\xa4",
                   "\"\\x1b\\x01\\xc2\\x9b\\x7f\xc3\xa4\"");
    expect_printed(safe_text_print_quoted, "\xc2", "\"\\xc2\"");
}

static void print_ten(FILE *to, const char *text)
{
    safe_text_print_visible(to, text, 10);
}

static void print_behind_prefix(FILE *to, const char *text)
{
    safe_text_print_lines(to, "| ", text);
}

static void visible_ones_end_where_their_length_says(void **state)
{
    (void)state;
    expect_printed(print_ten, "a\tb\"\n\r\0\x1b\xc2\x9b\x1b[2J",
                   "a\tb\"\\n\\r\\x00\\x1b\\xc2\\x9b");
    expect_printed(print_ten, "123456789\xc3\xa4", "123456789\\xc3");
}

static void lines_stay_lines(void **state)
{
    (void)state;
    expect_printed(print_behind_prefix, "", "");
    expect_printed(print_behind_prefix, "a\x1b[2J\n\nb\r\n", "| a\\x1b[2J\n| \n| b\\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_sees_no_control_characters),
        cmocka_unit_test(quoted_ones_say_which),
        cmocka_unit_test(visible_ones_end_where_their_length_says),
        cmocka_unit_test(lines_stay_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
