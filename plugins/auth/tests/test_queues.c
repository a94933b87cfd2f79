/*
 * Who waits: for a check that takes long, and for the end of credentials.
 */
#include "../expiry.h"
#include "../slow_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static const struct sl_host host = {.allocate = malloc, .reallocate = realloc, .release = free};

/* -- slow_queue -- */

static void networks_take_turns(void **state)
{
    (void)state;
    static const uint64_t order[] = {1, 2, 3, 1, 1, 1};
    struct slow_job jobs[6] = {{.network = 1}, {.network = 1}, {.network = 1},
                               {.network = 1}, {.network = 2}, {.network = 3}};
    struct slow_queue queue;
    slow_queue_init(&queue, &host);
    for (size_t i = 0; i < 6; i++)
        assert_true(slow_queue_add(&queue, &jobs[i], 6, 4));
    for (size_t i = 0; i < 6; i++) {
        struct slow_job *job = slow_queue_take(&queue);
        assert_non_null(job);
        assert_int_equal(job->network, order[i]);
        slow_queue_end(&queue, job);
    }
    assert_null(slow_queue_take(&queue));
    slow_queue_deinit(&queue);
}

static void places_and_those_that_run_are_bounded(void **state)
{
    (void)state;
    struct slow_job jobs[10] = {{0}};
    struct slow_queue queue;
    slow_queue_init(&queue, &host);
    for (size_t i = 0; i < 6; i++)
        assert_true(slow_queue_add(&queue, &jobs[i], 8, 6));
    assert_false(slow_queue_add(&queue, &jobs[6], 8, 6)); /* its network has no more */
    jobs[7].network = jobs[8].network = jobs[9].network = 1;
    assert_true(slow_queue_add(&queue, &jobs[7], 8, 6));
    assert_true(slow_queue_add(&queue, &jobs[8], 8, 6));
    assert_false(slow_queue_add(&queue, &jobs[9], 8, 6)); /* nobody has */
    size_t running = 0;
    struct slow_job *last = NULL;
    for (struct slow_job *job; (job = slow_queue_take(&queue)) != NULL; running++)
        last = job;
    assert_int_equal(running, SLOW_RUNNING_MAX);
    assert_false(slow_queue_leave(&queue, last));
    slow_queue_end(&queue, last);
    assert_non_null(slow_queue_take(&queue));
    for (size_t i = 0; i < 9; i++)
        if (!slow_queue_leave(&queue, &jobs[i]) && jobs[i].holder != NULL)
            slow_queue_end(&queue, &jobs[i]);
    assert_null(queue.turn);
    assert_int_equal(queue.waiting + queue.running, 0);
    slow_queue_deinit(&queue);
}

static void who_leaves_from_the_middle_leaves_the_order(void **state)
{
    (void)state;
    struct slow_job jobs[4] = {{0}};
    struct slow_queue queue;
    slow_queue_init(&queue, &host);
    for (size_t i = 0; i < 3; i++)
        assert_true(slow_queue_add(&queue, &jobs[i], 8, 8));
    assert_true(slow_queue_leave(&queue, &jobs[2]));
    assert_true(slow_queue_leave(&queue, &jobs[0]));
    assert_false(slow_queue_leave(&queue, &jobs[0]));
    assert_true(slow_queue_add(&queue, &jobs[3], 8, 8));
    assert_ptr_equal(slow_queue_take(&queue), &jobs[1]);
    assert_ptr_equal(slow_queue_take(&queue), &jobs[3]);
    slow_queue_end(&queue, &jobs[1]);
    slow_queue_end(&queue, &jobs[3]);
    slow_queue_deinit(&queue);
}

static void an_ipv6_user_is_a_network(void **state)
{
    (void)state;
    const uint8_t a[16] = {0x20, 1, 0xd, 0xb8, [15] = 1}, b[16] = {0x20, 1, 0xd, 0xb8, [8] = 9};
    const uint8_t c[16] = {0x20, 1, 0xd, 0xb8, [7] = 1};
    const uint8_t d[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1},
                  e[16] = {[10] = 0xff, 0xff, 192, 0, 2, 2};
    assert_int_equal(slow_network_of(a), slow_network_of(b));
    assert_int_not_equal(slow_network_of(a), slow_network_of(c));
    assert_int_not_equal(slow_network_of(d), slow_network_of(e));
}

/* -- expiry -- */

static void the_first_to_expire_is_first_whoever_leaves(void **state)
{
    (void)state;
    enum { CLIENTS = 1000 };
    uint32_t slots[CLIENTS];
    struct expiry_entry first;
    struct expiry expiry;
    uint32_t slot;
    int64_t before = 0;
    size_t count = 0;
    expiry_init(&expiry, &host);
    for (uint64_t i = 0; i < CLIENTS; i++)
        slots[i] = expiry_add(&expiry, i + 1, (int64_t)(i * 7919 % 1009) + 1);
    for (uint64_t i = 0; i < CLIENTS; i += 3)
        expiry_remove(&expiry, slots[i], i + 1);
    expiry_remove(&expiry, slots[0], 1);
    expiry_remove(&expiry, slots[1], 1); /* somebody else's */
    expiry_remove(&expiry, 0, 1);
    for (uint64_t i = 0; i < CLIENTS; i += 6) /* into places that were left */
        assert_true(expiry_add(&expiry, i + 1, (int64_t)i + 1) <= CLIENTS);
    while (expiry_first(&expiry, &first, &slot)) {
        assert_true(first.expires >= before);
        before = first.expires;
        expiry_remove(&expiry, slot, first.client);
        count++;
    }
    assert_int_equal(count, CLIENTS - 334 + 167);
    expiry_deinit(&expiry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(networks_take_turns),
        cmocka_unit_test(places_and_those_that_run_are_bounded),
        cmocka_unit_test(who_leaves_from_the_middle_leaves_the_order),
        cmocka_unit_test(an_ipv6_user_is_a_network),
        cmocka_unit_test(the_first_to_expire_is_first_whoever_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
