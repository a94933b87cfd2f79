#include "config/option_value.h"
#include "config/option_rows.h"
#include "failing_memory.h"

static void accessors_take_null_and_other_types(void **state)
{
    (void)state;
    struct option_set *set = good_options("{title: abc}");
    const struct sl_value *title = option_set_get(set, "title");
    assert_int_equal(value_type(NULL), 0);
    assert_false(value_bool(NULL));
    assert_false(value_bool(title));
    assert_int_equal(value_integer(NULL), 0);
    assert_int_equal(value_integer(title), 0);
    assert_true(value_number(NULL) == 0.0);
    assert_true(value_number(title) == 0.0);
    assert_text(NULL, "");
    assert_text(option_set_get(set, "flag"), "");
    assert_int_equal(value_count(NULL), 0);
    assert_int_equal(value_count(title), 0);
    assert_null(value_at(title, 0));
    assert_int_equal(value_key(title, 0).len, 0);
    assert_null(value_member(NULL, "x"));
    assert_null(value_member(option_set_get(set, "colours"), "red"));
    option_set_destroy(set);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(option_type_name(SL_OPTION_STRINGS), "list of strings");
    assert_string_equal(option_type_name(SL_OPTION_BOOL), "bool");
    for (size_t i = 0; i < table.count; i++)
        assert_string_not_equal(option_type_name(rows[i].type), "unknown");
    assert_string_equal(option_type_name((enum sl_option_type)0), "unknown");
    assert_string_equal(option_type_name((enum sl_option_type)77), "unknown");
}

static void a_text_is_copied_with_a_zero_behind_it(void **state)
{
    (void)state;
    struct sl_value value = {.type = SL_OPTION_STRING};
    char text[] = "ab\0cd";
    assert_int_equal(option_value_set_text(&value, text, 5), OK);
    text[0] = 'x';
    assert_int_equal(value_string(&value).len, 5);
    assert_memory_equal(value_string(&value).data, "ab\0cd", 6);
    option_value_deinit(&value);
    assert_int_equal(value_type(&value), 0);
    option_value_deinit(&value);
}

static void without_memory_there_is_nothing_to_free(void **state)
{
    (void)state;
    struct sl_value text = {.type = SL_OPTION_SECRET}, map = {.type = SL_OPTION_MAP};
    fail_allocation(1);
    assert_int_equal(option_value_set_text(&text, "a", 1), ERR_NO_MEMORY);
    option_value_deinit(&text);
    for (unsigned nth = 1; nth <= 2; nth++) { /* the entries, then their keys */
        map = (struct sl_value){.type = SL_OPTION_MAP};
        fail_allocation(nth);
        assert_int_equal(option_value_reserve(&map, 3), ERR_NO_MEMORY);
        assert_int_equal(value_count(&map), 0);
        option_value_deinit(&map);
    }
    fail_allocation(1);
    map = (struct sl_value){.type = SL_OPTION_MAP};
    assert_int_equal(option_value_reserve(&map, 0), OK);
    fail_allocation(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accessors_take_null_and_other_types),
        cmocka_unit_test(types_have_names),
        cmocka_unit_test(a_text_is_copied_with_a_zero_behind_it),
        cmocka_unit_test(without_memory_there_is_nothing_to_free),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
