#include "base/holders.h"
#include "unit.h"

static void nothing_is_class_0_and_anything_is_more(void **state)
{
    (void)state;
    assert_int_equal(holders_class(0), 0);
    assert_int_equal(holders_class(1), 1);
    assert_int_equal(holders_class(63), 1);
    assert_int_equal(holders_class(64), 2);
}

static void a_quarter_more_is_in_a_higher_class(void **state)
{
    (void)state;
    for (size_t bytes = 64; bytes < (size_t)1 << 40; bytes = bytes * 9 / 8) {
        assert_true(holders_class(bytes) <= holders_class(bytes + 1));
        assert_true(holders_class(bytes) < holders_class(bytes + bytes / 4 + 1));
    }
}

static void every_size_has_a_class(void **state)
{
    (void)state;
    assert_true(holders_class(SIZE_MAX) < HOLDERS_CLASSES);
    assert_true(holders_class((size_t)1 << 45) < HOLDERS_CLASSES - 1);
}

static void a_holder_is_counted_in_one_class_at_a_time(void **state)
{
    (void)state;
    struct holders holders = {0};
    uint8_t class = 0;
    holders_note(&holders, &class, 1000);
    unsigned first = class;
    assert_int_equal(first, holders_class(1000));
    assert_int_equal(counter_read(&holders.count[first]), 1);

    holders_note(&holders, &class, 1001); /* the same class */
    assert_int_equal(class, first);
    assert_int_equal(counter_read(&holders.count[first]), 1);

    holders_note(&holders, &class, 100000);
    assert_int_equal(counter_read(&holders.count[first]), 0);
    assert_int_equal(counter_read(&holders.count[class]), 1);

    holders_note(&holders, &class, 0);
    assert_int_equal(class, 0);
    for (unsigned i = 0; i < HOLDERS_CLASSES; i++)
        assert_int_equal(counter_read(&holders.count[i]), 0);
}

static void the_highest_class_is_that_of_the_largest_holder(void **state)
{
    (void)state;
    struct holders holders = {0};
    uint8_t classes[3] = {0};
    assert_int_equal(holders_highest(&holders), 0);
    holders_note(&holders, &classes[0], 10);
    holders_note(&holders, &classes[1], SIZE_MAX);
    holders_note(&holders, &classes[2], 5000);
    assert_int_equal(holders_highest(&holders), HOLDERS_CLASSES - 1);
    holders_note(&holders, &classes[1], 0);
    assert_int_equal(holders_highest(&holders), holders_class(5000));
    holders_note(&holders, &classes[2], 0);
    assert_int_equal(holders_highest(&holders), 1);
    holders_note(&holders, &classes[0], 0);
    assert_int_equal(holders_highest(&holders), 0);
}

static void tells_who_has_to_go_in_any_case(void **state)
{
    (void)state;
    struct holders holders = {0};
    uint8_t classes[5] = {0};
    assert_int_equal(holders_needed(&holders, SIZE_MAX), 0);
    for (unsigned i = 0; i < 5; i++) /* 1279 to 20479 bytes: each the most of its class */
        holders_note(&holders, &classes[i], ((size_t)1280 << i) - 1);
    assert_int_equal(holders_needed(&holders, 1), classes[4]);
    assert_int_equal(holders_needed(&holders, 20479 + 10238), classes[4]);
    assert_int_equal(holders_needed(&holders, 20479 + 10239), classes[3]);
    assert_int_equal(holders_needed(&holders, 20479 + 10239 + 5119 + 2559 + 1278), classes[1]);
    assert_int_equal(holders_needed(&holders, 20479 + 10239 + 5119 + 2559 + 1279), classes[0]);
    assert_int_equal(holders_needed(&holders, SIZE_MAX), classes[0]);
}

static void nobody_goes_who_need_not(void **state)
{
    (void)state;
    for (size_t bytes = 128; bytes < (size_t)1 << 50; bytes += bytes / 64 + 1) {
        struct holders holders = {0};
        uint8_t larger = 0, smaller = 0;
        holders_note(&holders, &larger, bytes * 2);
        holders_note(&holders, &smaller, bytes / 2);
        assert_int_equal(holders_needed(&holders, bytes * 2), larger);
        assert_int_equal(holders_needed(&holders, bytes * 4), smaller);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_class_0_and_anything_is_more),
        cmocka_unit_test(a_quarter_more_is_in_a_higher_class),
        cmocka_unit_test(every_size_has_a_class),
        cmocka_unit_test(a_holder_is_counted_in_one_class_at_a_time),
        cmocka_unit_test(the_highest_class_is_that_of_the_largest_holder),
        cmocka_unit_test(tells_who_has_to_go_in_any_case),
        cmocka_unit_test(nobody_goes_who_need_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
