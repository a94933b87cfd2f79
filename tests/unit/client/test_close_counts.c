/* core/client/close_counts.c */
#include "unit.h"

#include "client/close_counts.h"

#include <pthread.h>

static struct close_counts counts;

static int begin(void **state)
{
    (void)state;
    close_counts_init(&counts);
    return 0;
}

static void standard_codes_are_counted_one_by_one(void **state)
{
    (void)state;
    for (uint16_t code = 1000; code <= 1015; code++) {
        assert_int_equal(close_counts_of(&counts, code), 0);
        close_counts_add(&counts, code, code % 2 == 0);
        assert_int_equal(close_counts_of(&counts, code), 1);
    }
    assert_int_equal(atomic_load(&counts.other_3xxx), 0);
    assert_int_equal(atomic_load(&counts.other_4xxx), 0);
}

static void codes_that_the_server_closes_with_are_counted_one_by_one(void **state)
{
    (void)state;
    close_counts_add(&counts, 4000, false);
    close_counts_add(&counts, 3001, false);
    close_counts_add(&counts, 4000, false);
    close_counts_add(&counts, 4000, true); /* the client's too, from then on */
    assert_int_equal(close_counts_of(&counts, 4000), 3);
    assert_int_equal(close_counts_of(&counts, 3001), 1);
}

static void a_client_makes_no_new_codes(void **state)
{
    (void)state;
    for (uint16_t code = 3000; code < 5000; code++)
        close_counts_add(&counts, code, true);
    assert_int_equal(close_counts_of(&counts, 3000), 0);
    assert_int_equal(close_counts_of(&counts, 4999), 0);
    assert_int_equal(close_counts_of(&counts, 4401), 1); /* which is known from the start on */
    assert_int_equal(close_counts_of(&counts, 4429), 1);
    assert_int_equal(atomic_load(&counts.other_3xxx), 1000);
    assert_int_equal(atomic_load(&counts.other_4xxx), 998);
    close_counts_add(&counts, 4999, false);
    assert_int_equal(close_counts_of(&counts, 4999), 1);
}

static void what_finds_no_room_is_counted_in_groups(void **state)
{
    uint64_t counted = 0;
    (void)state;
    for (uint16_t code = 3000; code < 5000; code++)
        close_counts_add(&counts, code, false);
    for (uint16_t code = 3000; code < 5000; code++)
        counted += close_counts_of(&counts, code);
    assert_int_equal(counted, CLOSE_COUNTS_OWN);
    assert_int_equal(counted + atomic_load(&counts.other_3xxx) + atomic_load(&counts.other_4xxx),
                     2000);
}

static void codes_outside_of_all_ranges_do_no_harm(void **state)
{
    (void)state;
    close_counts_add(&counts, 1016, true);
    close_counts_add(&counts, 2999, true);
    close_counts_add(&counts, 65535, true);
    assert_int_equal(atomic_load(&counts.other_3xxx), 2);
    assert_int_equal(atomic_load(&counts.other_4xxx), 1);
}

#define THREADS 4
#define ROUNDS 2000
#define CODES 40

static void *close_many(void *argument)
{
    (void)argument;
    for (int round = 0; round < ROUNDS; round++)
        for (uint16_t code = 0; code < CODES; code++)
            close_counts_add(&counts, (uint16_t)(4000 + code), false);
    return NULL;
}

static void threads_agree_on_the_room_of_a_code(void **state)
{
    pthread_t threads[THREADS];
    uint64_t counted = 0;
    unsigned own = 0;
    (void)state;
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, close_many, NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (uint16_t code = 4000; code < 4000 + CODES; code++) {
        uint64_t count = close_counts_of(&counts, code);
        assert_true(count <= (uint64_t)THREADS * ROUNDS);
        counted += count;
        own += count > 0;
    }
    assert_int_equal(own, CLOSE_COUNTS_OWN - 2); /* 4401 and 4429 have theirs */
    assert_int_equal(counted + atomic_load(&counts.other_4xxx), THREADS * ROUNDS * CODES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(standard_codes_are_counted_one_by_one, begin),
        cmocka_unit_test_setup(codes_that_the_server_closes_with_are_counted_one_by_one, begin),
        cmocka_unit_test_setup(a_client_makes_no_new_codes, begin),
        cmocka_unit_test_setup(what_finds_no_room_is_counted_in_groups, begin),
        cmocka_unit_test_setup(codes_outside_of_all_ranges_do_no_harm, begin),
        cmocka_unit_test_setup(threads_agree_on_the_room_of_a_code, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
