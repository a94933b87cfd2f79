#include "config/option_rows.h"

static void refuses_row(struct sl_option row, const char *expected)
{
    char text[256] = "";
    const struct option_table from = {&row, 1, sizeof row};
    if (row.summary == NULL)
        row.summary = "s";
    assert_int_equal(option_table_check(&from, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, expected);
}

static void refuses_tables_that_break_the_contract(void **state)
{
    (void)state;
    const char *const none[] = {NULL};
    refuses_row((struct sl_option){.type = SL_OPTION_BOOL},
                "row 0 of the option table has no name");
    refuses_row(
        (struct sl_option){.name = "Bad", .type = SL_OPTION_BOOL},
        "the option's name \"Bad\" is not a letter and then up to 63 letters, digits and _, "
        "all lower case");
    refuses_row((struct sl_option){.name = "a", .type = (enum sl_option_type)99},
                "the option \"a\" has the type 99, which this server does not know");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_BOOL, .summary = ""},
                "the option \"a\" has no summary");
    refuses_row((struct sl_option){.name = "a",
                                   .type = SL_OPTION_BOOL,
                                   .flags = SL_OPTION_REQUIRED,
                                   .default_value = "true"},
                "the option \"a\" is required and has a default");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_SECRET, .default_value = "x"},
                "the option \"a\" is a secret and has a default");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_CHOICE, .choices = none},
                "the option \"a\" is a choice without choices");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_INTEGER, .choices = colours},
                "the option \"a\" has choices, which the type integer cannot have");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_BOOL, .maximum = 1},
                "the option \"a\" has bounds, which the type bool cannot have");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_SIZE, .minimum = 2, .maximum = 1},
                "the bounds of the option \"a\" are not in order");
    refuses_row((struct sl_option){.name = "a", .type = SL_OPTION_SIZE, .default_value = "1KB"},
                "the default of the option \"a\" is wrong: a: \"1KB\" is not a size; write a whole "
                "number of bytes, or one with its unit, such as 64KiB, 1MiB or 1GiB");
    refuses_row((struct sl_option){.name = "a",
                                   .type = SL_OPTION_INTEGER,
                                   .default_value = "5",
                                   .minimum = 1,
                                   .maximum = 4},
                "the default of the option \"a\" is wrong: a: 5 is out of range; it must be from 1 "
                "to 4");
}

static void refuses_tables_of_a_wrong_shape(void **state)
{
    (void)state;
    char text[256];
    const struct sl_option twice[] = {{.name = "a", .type = SL_OPTION_BOOL, .summary = "s"},
                                      {.name = "a", .type = SL_OPTION_BOOL, .summary = "s"}};
    const struct option_table repeated = {twice, 2, sizeof twice[0]};
    const struct option_table small = {twice, 2, sizeof twice[0] - 8};
    const struct option_table odd = {twice, 2, sizeof twice[0] + 1};
    const struct option_table null = {NULL, 2, sizeof twice[0]};
    const struct option_table huge = {twice, 100000, sizeof twice[0]};
    const struct option_table empty = {NULL, 0, 0};
    assert_int_equal(option_table_check(&repeated, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, "the option \"a\" is in the table twice");
    assert_int_equal(option_table_check(&small, text, sizeof text), ERR_PLUGIN);
    assert_int_equal(option_table_check(&odd, text, sizeof text), ERR_PLUGIN);
    assert_int_equal(option_table_check(&null, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, "it is NULL but should have 2 rows; use SL_OPTIONS");
    assert_int_equal(option_table_check(&huge, text, sizeof text), ERR_PLUGIN);
    assert_string_equal(text, "the option table has 100000 rows; at most 256 are allowed");
    assert_int_equal(option_table_check(&empty, text, sizeof text), 0);
    assert_int_equal(option_table_check(&table, text, sizeof text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_tables_that_break_the_contract),
        cmocka_unit_test(refuses_tables_of_a_wrong_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
