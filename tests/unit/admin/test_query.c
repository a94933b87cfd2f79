/* core/admin/query.c */
#include "unit.h"

#include "admin/query.h"
#include "failing_memory.h"

static void numbers_are_whole_and_have_a_largest(void **state)
{
    static const char *const wrong[] = {"",   "-1",  "+1", " 1",
                                        "1 ", "0x1", "11", "18446744073709551616"};
    uint64_t number;
    (void)state;
    assert_true(query_parse_number("0", 10, &number));
    assert_true(query_parse_number("10", 10, &number));
    assert_int_equal(number, 10);
    assert_true(query_parse_number("18446744073709551615", UINT64_MAX, &number));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(query_parse_number(wrong[i], 10, &number));
}

static void a_number_that_is_not_there_keeps_its_value(void **state)
{
    uint64_t number = 7;
    (void)state;
    assert_true(query_number(NULL, "limit", 10, &number));
    assert_true(query_number("after=3", "limit", 10, &number));
    assert_int_equal(number, 7);
    assert_true(query_number("after=3&limit=9", "limit", 10, &number));
    assert_int_equal(number, 9);
    assert_false(query_number("limit=", "limit", 10, &number));
    assert_false(query_number("limit=11", "limit", 10, &number));
    assert_false(query_number("limit=000000000000000000000000000000000001", "limit", 10, &number));
}

static void texts_are_decoded_and_fit_or_are_empty(void **state)
{
    char text[8];
    unsigned before = allocation_count();
    (void)state;
    assert_null(query_text(NULL, "topic", text, sizeof text));
    assert_null(query_text("a=b", "topic", text, sizeof text));
    assert_string_equal(query_text("topic=a%20b", "topic", text, sizeof text), "a b");
    assert_string_equal(query_text("topic=12345678", "topic", text, sizeof text), "");
    assert_string_equal(query_text("topic=a%00b", "topic", text, sizeof text), "");
    assert_int_equal(allocation_count(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_whole_and_have_a_largest),
        cmocka_unit_test(a_number_that_is_not_there_keeps_its_value),
        cmocka_unit_test(texts_are_decoded_and_fit_or_are_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
