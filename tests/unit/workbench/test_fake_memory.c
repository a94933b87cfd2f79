#include "workbench.h"

static const struct sl_host *host;

static int take_host(struct sl_instance *self)
{
    host = self->host;
    return 0;
}

static int begin(void **state)
{
    (void)state;
    fake_begin(NULL, false);
    fake_instance_destroy(instance_with((struct sl_plugin){.create = take_host}));
    return 0;
}

static void counts_what_is_alive(void **state)
{
    (void)state;
    char *memory = host->allocate(100);
    assert_int_equal(fake_live_allocations(), 1);
    assert_true(fake_live_bytes() >= 100);
    memory = host->reallocate(memory, 100000);
    assert_int_equal(fake_live_allocations(), 1);
    assert_true(fake_live_bytes() >= 100000);
    void *other = host->reallocate(NULL, 1);
    assert_int_equal(fake_live_allocations(), 2);
    host->release(memory);
    host->release(other);
    host->release(NULL);
    assert_int_equal(fake_live_allocations(), 0);
    assert_int_equal(fake_live_bytes(), 0);
}

static void fresh_memory_is_not_zero(void **state)
{
    (void)state;
    unsigned char *memory = host->allocate(10);
    for (int i = 0; i < 10; i++)
        assert_int_equal(memory[i], 0xa5);
    host->release(memory);
}

static void keeps_what_is_moved(void **state)
{
    (void)state;
    char *memory = host->allocate(6);
    memcpy(memory, "hello", 6);
    memory = host->reallocate(memory, 1000);
    assert_string_equal(memory, "hello");
    host->release(memory);
}

static void fails_the_nth_allocation_and_only_that_one(void **state)
{
    (void)state;
    fake_fail_allocation(2);
    void *first = host->allocate(1);
    assert_non_null(first);
    assert_null(host->reallocate(first, 2));
    void *second = host->allocate(1);
    assert_non_null(second);
    assert_int_equal(fake_allocations(), 3);
    assert_int_equal(fake_live_allocations(), 2);
    host->release(first);
    host->release(second);
    fake_fail_allocation(0);
    first = host->allocate(1);
    assert_non_null(first);
    host->release(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_alive),
        cmocka_unit_test(fresh_memory_is_not_zero),
        cmocka_unit_test(keeps_what_is_moved),
        cmocka_unit_test(fails_the_nth_allocation_and_only_that_one),
    };
    return cmocka_run_group_tests(tests, begin, NULL);
}
