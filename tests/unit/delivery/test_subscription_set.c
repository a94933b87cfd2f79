#include "unit.h"

#include "delivery/subscription_set.h"

#include <stdbool.h>
#include <stdlib.h>

#define MANY 100000u
#define LONGEST 16u /* that a list may get */

static struct subscription subscriptions[MANY];

/* Topics are only compared, never looked into: any addresses will do. */
static struct topic *topic_at(size_t number)
{
    static char *addresses;
    if (addresses == NULL)
        addresses = malloc(MANY * 320);
    return (struct topic *)(void *)(addresses + number * 320); /* about what a topic takes */
}

static struct subscription *subscription_at(size_t number)
{
    subscriptions[number] = (struct subscription){.topic = topic_at(number)};
    return &subscriptions[number];
}

static uint32_t longest_list(const struct subscription_set *set)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < set->bucket_count; i++) {
        uint32_t len = 0;
        for (const struct subscription *at = set->buckets[i]; at != NULL; at = at->next)
            len++;
        longest = len > longest ? len : longest;
    }
    return longest;
}

static void a_few_need_no_memory(void **state)
{
    struct subscription_set set = {0};
    (void)state;
    for (size_t i = 0; i < 8; i++)
        subscription_set_add(&set, subscription_at(i));
    assert_null(set.buckets);
    for (size_t i = 0; i < 8; i++)
        assert_ptr_equal(subscription_set_find(&set, topic_at(i)), &subscriptions[i]);
    assert_null(subscription_set_find(&set, topic_at(8)));
    for (size_t i = 0; i < 8; i++)
        subscription_set_remove(&set, &subscriptions[i]);
    assert_int_equal(set.count, 0);
    assert_null(set.few);
}

static uint32_t visited;
static uint32_t visits_at_most;

static int visit(struct subscription *subscription)
{
    subscription->index++;
    return ++visited == visits_at_most ? ERR_NO_MEMORY : OK;
}

static void each_is_visited_once_until_an_error(void **state)
{
    struct subscription_set set = {0};
    (void)state;
    for (size_t count = 1; count <= 100; count++) {
        subscription_set_add(&set, subscription_at(count - 1));
        visited = 0;
        visits_at_most = UINT32_MAX;
        assert_int_equal(subscription_set_for_each(&set, visit), OK);
        assert_int_equal(visited, count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(subscriptions[i].index, count - i);
        visited = 0;
        visits_at_most = (uint32_t)count / 2 + 1;
        assert_int_equal(subscription_set_for_each(&set, visit), ERR_NO_MEMORY);
        assert_int_equal(visited, visits_at_most);
        for (size_t i = 0; i < count; i++)
            subscriptions[i].index = (uint32_t)(count - i);
    }
    subscription_set_take_all(&set);
}

/* How many are gone through, and whether each is there once; with `removes` every second one goes
 * when it has come. */
static size_t go_through(struct subscription_set *set, size_t count, bool removes)
{
    uint64_t cursor = 0;
    size_t seen = 0;
    struct subscription *next;
    for (size_t i = 0; i < count; i++)
        subscriptions[i].index = 0;
    while ((next = subscription_set_next(set, &cursor)) != NULL) {
        assert_int_equal(next->index++, 0);
        if (removes && seen % 2 == 0)
            subscription_set_remove(set, next);
        seen++;
    }
    return seen;
}

static void going_through_them_may_remove_each_that_came(void **state)
{
    (void)state;
    for (size_t count = 0; count < 100; count++) {
        struct subscription_set set = {0};
        for (size_t i = 0; i < count; i++)
            subscription_set_add(&set, subscription_at(i));
        assert_int_equal(go_through(&set, count, false), count);
        assert_int_equal(go_through(&set, count, true), count);
        assert_int_equal(go_through(&set, count, false), count / 2);
        subscription_set_take_all(&set);
    }
}

static void a_cursor_behind_ones_that_went_goes_on(void **state)
{
    struct subscription_set set = {0};
    uint64_t cursor = 0;
    (void)state;
    for (size_t i = 0; i < 5; i++)
        subscription_set_add(&set, subscription_at(i));
    assert_ptr_equal(subscription_set_next(&set, &cursor), &subscriptions[4]);
    for (size_t i = 4; i > 0; i--)
        subscription_set_remove(&set, &subscriptions[i]);
    assert_ptr_equal(subscription_set_next(&set, &cursor), &subscriptions[0]);
    subscription_set_remove(&set, &subscriptions[0]);
    assert_null(subscription_set_next(&set, &cursor));
}

static void many_are_found_in_short_lists(void **state)
{
    struct subscription_set set = {0};
    (void)state;
    for (size_t i = 0; i < MANY; i++)
        subscription_set_add(&set, subscription_at(i));
    assert_int_equal(set.count, MANY);
    assert_true(longest_list(&set) <= LONGEST);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(subscription_set_find(&set, topic_at(i)), &subscriptions[i]);
    for (size_t i = 0; i < MANY; i += 2)
        subscription_set_remove(&set, &subscriptions[i]);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(subscription_set_find(&set, topic_at(i)),
                         i % 2 == 0 ? NULL : &subscriptions[i]);
    for (size_t i = 1; i < MANY; i += 2)
        subscription_set_remove(&set, &subscriptions[i]);
    assert_null(set.buckets); /* An empty set holds no memory. */
}

static void all_are_taken_out_once(void **state)
{
    (void)state;
    for (size_t count = 0; count < 200; count++) {
        struct subscription_set set = {0};
        size_t taken = 0;
        for (size_t i = 0; i < count; i++)
            subscription_set_add(&set, subscription_at(i));
        for (const struct subscription *at = subscription_set_take_all(&set); at != NULL;
             at = at->next)
            taken++;
        assert_int_equal(taken, count);
        assert_int_equal(set.count, 0);
        assert_null(set.few);
        assert_null(set.buckets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_few_need_no_memory),
        cmocka_unit_test(each_is_visited_once_until_an_error),
        cmocka_unit_test(going_through_them_may_remove_each_that_came),
        cmocka_unit_test(a_cursor_behind_ones_that_went_goes_on),
        cmocka_unit_test(many_are_found_in_short_lists),
        cmocka_unit_test(all_are_taken_out_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
