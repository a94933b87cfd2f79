#include "config/option_rows.h"

static void reads_every_type(void **state)
{
    (void)state;
    struct option_set *set = good_options(
        "{flag: false, count: 3, ratio: 0.5, title: abc, wait: 5s, room: 64KiB, speed: 30/m,\n"
        " colour: green, words: [a, 'b c'], colours: [red]}");
    assert_false(value_bool(option_set_get(set, "flag")));
    assert_int_equal(value_type(option_set_get(set, "flag")), SL_OPTION_BOOL);
    assert_int_equal(value_integer(option_set_get(set, "count")), 3);
    assert_true(value_number(option_set_get(set, "count")) == 3.0);
    assert_true(value_number(option_set_get(set, "ratio")) == 0.5);
    assert_text(option_set_get(set, "title"), "abc");
    assert_int_equal(value_integer(option_set_get(set, "wait")), 5000000000);
    assert_int_equal(value_integer(option_set_get(set, "room")), 65536);
    assert_true(value_number(option_set_get(set, "speed")) == 0.5);
    assert_text(option_set_get(set, "colour"), "green");
    const struct sl_value *words = option_set_get(set, "words");
    assert_int_equal(value_count(words), 2);
    assert_text(value_at(words, 1), "b c");
    assert_null(value_at(words, 2));
    assert_int_equal(value_count(option_set_get(set, "colours")), 1);
    option_set_destroy(set);
}

static void bounds_are_shown_in_the_units_that_people_write(void **state)
{
    (void)state;
    refused_options("{count: 0}", "1:9 demo: count: 0 is out of range; it must be from 1 to 10\n");
    refused_options("{ratio: 1.5}",
                    "1:9 demo: ratio: 1.5 is out of range; it must be from -1 to 1\n");
    refused_options("{wait: 2m}",
                    "1:8 demo: wait: 2m is out of range; it must be from 1ms to 1m\n");
    refused_options("{room: 2MiB}",
                    "1:8 demo: room: 2MiB is out of range; it must be from 1KiB to 1MiB\n");
    refused_options("{speed: 1/m}",
                    "1:9 demo: speed: 1/m is out of range; it must be from 30/m to 100/s\n");
    refused_options("{title: a}",
                    "1:9 demo: title: is 1 bytes long; it must be from 2 to 5 bytes\n");
    refused_options("{words: [ok, toolong]}",
                    "1:14 demo: words.1: is 7 bytes long; it must be from 0 to 4 bytes\n");
}

static void wrong_types_are_all_reported(void **state)
{
    (void)state;
    refused_options(
        "{flag: on, count: x, speed: 50, words: a, map: [], maps: [1], title: [a]}",
        "1:8 demo: flag: \"on\" is not true or false; write true\n"
        "1:19 demo: count: \"x\" is not an integer\n"
        "1:70 demo: title: is a list; a text is expected\n"
        "1:29 demo: speed: \"50\" is not a rate; write how many in which time, such as 50/s, "
        "1000/m or 10/h\n"
        "1:40 demo: words: is a single value; a list is expected\n"
        "1:48 demo: map: is a list; a mapping is expected\n"
        "1:59 demo: maps.0: is a single value; a mapping is expected\n");
    refused_options("{count: }", "1:9 demo: count: has no value; an integer is expected\n");
}

static void relative_paths_are_the_configurations(void **state)
{
    (void)state;
    char expected[128];
    struct option_set *set = good_options("{file: some.txt}");
    snprintf(expected, sizeof expected, "%s/some.txt", folder);
    assert_text(option_set_get(set, "file"), expected);
    option_set_destroy(set);
    set = good_options("{file: /abs.txt}");
    assert_text(option_set_get(set, "file"), "/abs.txt");
    option_set_destroy(set);
    refused_options("{file: ''}", "1:8 demo: file: is empty\n");
}

static void an_empty_list_has_no_entries(void **state)
{
    (void)state;
    struct option_set *set = good_options("{words: [], maps: , map: {}}");
    assert_int_equal(value_count(option_set_get(set, "words")), 0);
    assert_int_equal(value_count(option_set_get(set, "maps")), 0);
    assert_int_equal(value_type(option_set_get(set, "map")), SL_OPTION_MAP);
    option_set_destroy(set);
}

static void a_type_of_a_later_version_is_an_error(void **state)
{
    (void)state;
    const struct sl_option later[] = {
        {.name = "a", .type = (enum sl_option_type)99, .summary = "s"}};
    const struct option_table from = {later, 1, sizeof later[0]};
    struct option_set *set;
    assert_int_equal(make_from(&from, "{a: 1}", &set), ERR_CONFIG);
    assert_errors(&errors,
                  "1:5 demo: a: has a type that this version of the server does not know\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(bounds_are_shown_in_the_units_that_people_write),
        cmocka_unit_test(wrong_types_are_all_reported),
        cmocka_unit_test(relative_paths_are_the_configurations),
        cmocka_unit_test(an_empty_list_has_no_entries),
        cmocka_unit_test(a_type_of_a_later_version_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
