/*
 * Allowances that entries share by name, and what a reload does to their limits.
 */
#include "../common.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static const struct common_place here = {.endpoint = "/a", .instance = "rate-limit#1"};
static const struct common_place there = {.endpoint = "/b", .instance = "rate-limit#1"};
static const struct common_place elsewhere = {
    .endpoint = "/b", .instance = "rate-limit#1", .rule = 1};

static struct limits messages(double rate, int64_t burst)
{
    struct limits limits = {0};
    assert_null(limit_init(&limits.count, rate, burst));
    return limits;
}

static struct common_part *join(const struct common_place *place, double rate, int64_t burst)
{
    struct limits limits = messages(rate, burst);
    bool differs;
    struct common_part *part = common_join("team", place, &limits, &differs);
    assert_int_equal(differs, part == NULL);
    return part;
}

static unsigned pass(struct common_part *part, int64_t now, unsigned count)
{
    unsigned passed = 0;
    int64_t wait;
    while (count-- > 0)
        passed += common_use(part, 0, now, 0, &wait);
    return passed;
}

static void entries_of_one_name_share(void **state)
{
    (void)state;
    struct common_part *one = join(&here, 1, 10);
    struct common_part *two = join(&there, 1, 10);
    assert_int_equal(pass(one, SECOND, 6), 6);
    assert_int_equal(pass(two, SECOND, 6), 4);
    common_give(two, 0);
    assert_int_equal(pass(one, SECOND, 6), 1);
    common_leave(one);
    assert_int_equal(pass(two, SECOND, 6), 0);
    common_leave(two);
}

static void entries_of_one_name_with_other_limits_are_a_mistake(void **state)
{
    (void)state;
    struct common_part *one = join(&here, 1, 10);
    assert_null(join(&there, 2, 10));
    assert_null(join(&there, 1, 11));
    struct common_part *two = join(&there, 1, 10);
    assert_null(join(&elsewhere, 5, 5));
    common_leave(two);
    common_leave(one);
}

static void a_reload_may_change_the_limits_of_all(void **state)
{
    (void)state;
    struct common_part *one = join(&here, 1, 10);
    struct common_part *two = join(&there, 1, 10);
    assert_int_equal(pass(one, SECOND, 20), 10);
    struct common_part *next_one = join(&here, 10, 20);
    struct common_part *next_two = join(&there, 10, 20);
    assert_non_null(next_one);
    assert_non_null(next_two);
    common_leave(one);
    common_leave(two);
    assert_int_equal(pass(next_one, 2 * SECOND, 0), 0);
    /* What was taken is not forgotten: 10 seconds ahead at one a second, of which one has passed,
     * where 20 units may be 2 seconds ahead. */
    assert_int_equal(pass(next_one, 2 * SECOND, 100), 0);
    assert_int_equal(pass(next_two, 100 * SECOND, 100), 20);
    common_leave(next_one);
    common_leave(next_two);
}

static void a_reload_that_fails_leaves_the_limits_of_before(void **state)
{
    (void)state;
    struct common_part *one = join(&here, 1, 10);
    struct common_part *next = join(&here, 1, 3);
    assert_int_equal(pass(one, SECOND, 20), 3);
    common_leave(next);
    assert_int_equal(pass(one, SECOND, 20), 7);
    common_leave(one);
    one = join(&here, 1, 3); /* Nobody was left: it begins anew. */
    assert_int_equal(pass(one, SECOND, 20), 3);
    common_leave(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_of_one_name_share),
        cmocka_unit_test(entries_of_one_name_with_other_limits_are_a_mistake),
        cmocka_unit_test(a_reload_may_change_the_limits_of_all),
        cmocka_unit_test(a_reload_that_fails_leaves_the_limits_of_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
