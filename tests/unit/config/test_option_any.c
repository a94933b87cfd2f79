#include "config/option_rows.h"

static void scalars_in_maps_have_the_types_of_yaml_1_2(void **state)
{
    (void)state;
    struct option_set *set =
        good_options("map: {i: 5, h: 0x10, n: 1.5, b: true, s: yes, q: '5', e: '',\n"
                     "      m: {x: [1, a, [true]]}, l: [{k: v}], none: []}\n"
                     "maps: [{a: 1}, {}, ~]\n");
    const struct sl_value *map = option_set_get(set, "map");
    assert_int_equal(value_type(map), SL_OPTION_MAP);
    assert_int_equal(value_count(map), 10);
    assert_int_equal(value_key(map, 1).len, 1);
    assert_string_equal(value_key(map, 1).data, "h");
    assert_int_equal(value_integer(value_member(map, "i")), 5);
    assert_int_equal(value_integer(value_member(map, "h")), 16);
    assert_true(value_number(value_member(map, "n")) == 1.5);
    assert_true(value_bool(value_member(map, "b")));
    assert_text(value_member(map, "s"), "yes");
    assert_text(value_member(map, "q"), "5");
    assert_int_equal(value_type(value_member(map, "e")), SL_OPTION_STRING);
    const struct sl_value *list = value_member(value_member(map, "m"), "x");
    assert_int_equal(value_type(list), SL_OPTION_STRINGS);
    assert_int_equal(value_integer(value_at(list, 0)), 1);
    assert_text(value_at(list, 1), "a");
    assert_true(value_bool(value_at(value_at(list, 2), 0)));
    assert_int_equal(value_type(value_member(map, "l")), SL_OPTION_MAPS);
    assert_int_equal(value_count(value_member(map, "none")), 0);
    assert_null(value_member(map, "absent"));
    const struct sl_value *maps = option_set_get(set, "maps");
    assert_int_equal(value_count(maps), 3);
    assert_int_equal(value_integer(value_member(value_at(maps, 0), "a")), 1);
    assert_int_equal(value_count(value_at(maps, 2)), 0);
    option_set_destroy(set);
}

static void values_in_maps_that_mean_nothing_are_errors(void **state)
{
    (void)state;
    refused_options(
        "{map: {a: , b: [~], c: 99999999999999999999, d: .inf, e: 1e999}}",
        "1:11 demo: map.a: has no value; a text is expected\n"
        "1:17 demo: map.b.0: has no value; a text is expected\n"
        "1:24 demo: map.c: 99999999999999999999 does not fit a 64-bit integer; put it in quotes "
        "if it is a text\n"
        "1:49 demo: map.d: .inf is not a finite number; put it in quotes if it is a text\n"
        "1:58 demo: map.e: 1e999 is not a finite number; put it in quotes if it is a text\n");
}

static void numbers_at_the_ends_of_their_range_are_numbers(void **state)
{
    (void)state;
    struct option_set *set = good_options(
        "map: {least: -9223372036854775808, most: 9223372036854775807, tiny: 1e-300, neg: -0.5}");
    const struct sl_value *map = option_set_get(set, "map");
    assert_true(value_integer(value_member(map, "least")) == INT64_MIN);
    assert_true(value_integer(value_member(map, "most")) == INT64_MAX);
    assert_true(value_number(value_member(map, "tiny")) == 1e-300);
    assert_true(value_number(value_member(map, "neg")) == -0.5);
    option_set_destroy(set);
}

static void an_error_names_the_way_to_the_value(void **state)
{
    (void)state;
    refused_options("{maps: [{a: {b: [1, {c: }]}}]}",
                    "1:25 demo: maps.0.a.b.1.c: has no value; a text is expected\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_in_maps_have_the_types_of_yaml_1_2),
        cmocka_unit_test(values_in_maps_that_mean_nothing_are_errors),
        cmocka_unit_test(numbers_at_the_ends_of_their_range_are_numbers),
        cmocka_unit_test(an_error_names_the_way_to_the_value),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
