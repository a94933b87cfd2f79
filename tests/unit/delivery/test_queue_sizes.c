#include "delivery/queue_sizes.h"

#include "base/holders.h"
#include "unit.h"

static unsigned class_of(size_t bytes)
{
    return holders_class(bytes);
}

/* The step that a queue of that size is counted in. */
static unsigned step_of_size(size_t bytes)
{
    struct queue_sizes sizes = {{0}};
    unsigned step = 0;
    queue_sizes_note(&sizes, 0, class_of(bytes));
    while (step < QUEUE_STEPS && counter_read(&sizes.count[step]) == 0)
        step++;
    return step;
}

static void each_step_begins_at_four_times_the_one_before(void **state)
{
    (void)state;
    assert_int_equal(queue_step_bytes(0), 1);
    assert_int_equal(queue_step_bytes(1), 1024);
    assert_int_equal(queue_step_bytes(2), 4096);
    assert_int_equal(queue_step_bytes(QUEUE_STEPS - 1), 64 << 20);
}

static void a_queue_is_counted_in_the_step_of_its_size(void **state)
{
    (void)state;
    assert_int_equal(step_of_size(0), QUEUE_STEPS); /* nowhere */
    for (unsigned step = 0; step < QUEUE_STEPS; step++) {
        assert_int_equal(step_of_size(queue_step_bytes(step)), step);
        if (step > 0)
            assert_int_equal(step_of_size(queue_step_bytes(step) - 1), step - 1);
    }
    assert_int_equal(step_of_size(SIZE_MAX), QUEUE_STEPS - 1);
}

static void a_queue_that_grows_and_is_sent_leaves_nothing_behind(void **state)
{
    struct queue_sizes sizes = {{0}};
    (void)state;
    queue_sizes_note(&sizes, 0, class_of(10));
    queue_sizes_note(&sizes, 0, class_of(10));
    queue_sizes_note(&sizes, class_of(10), class_of(5000));
    assert_int_equal(counter_read(&sizes.count[0]), 1);
    assert_int_equal(counter_read(&sizes.count[2]), 1);
    queue_sizes_note(&sizes, class_of(5000), class_of(7000)); /* Another class, the same step. */
    assert_int_equal(counter_read(&sizes.count[2]), 1);
    queue_sizes_note(&sizes, class_of(7000), 0);
    queue_sizes_note(&sizes, class_of(10), 0);
    for (unsigned step = 0; step < QUEUE_STEPS; step++)
        assert_int_equal(counter_read(&sizes.count[step]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_step_begins_at_four_times_the_one_before),
        cmocka_unit_test(a_queue_is_counted_in_the_step_of_its_size),
        cmocka_unit_test(a_queue_that_grows_and_is_sent_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
