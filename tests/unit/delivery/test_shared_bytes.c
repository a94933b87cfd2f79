#include "unit.h"

#include "delivery/shared_bytes.h"
#include "failing_memory.h"

#include <string.h>

static struct memory_account account;

static void the_last_reference_frees_and_the_account_follows(void **state)
{
    char text[100];
    (void)state;
    memset(text, 'x', sizeof text);
    struct shared_bytes *bytes = shared_bytes_create(text, sizeof text, &account);
    assert_non_null(bytes);
    memset(text, 'y', sizeof text); /* It is a copy. */
    assert_int_equal(bytes->len, sizeof text);
    assert_int_equal(bytes->data[99], 'x');
    size_t cost = memory_account_bytes(&account);
    assert_int_equal(cost, shared_bytes_cost(bytes));
    assert_true(cost > sizeof text);
    assert_ptr_equal(shared_bytes_ref(bytes), bytes);
    assert_ptr_equal(shared_bytes_ref(bytes), bytes);
    shared_bytes_unref(bytes);
    shared_bytes_unref(bytes);
    assert_int_equal(memory_account_bytes(&account), cost); /* Shared: counted once. */
    shared_bytes_unref(bytes);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void room_is_paid_for_from_the_beginning(void **state)
{
    (void)state;
    struct shared_bytes *bytes = shared_bytes_create_with_room("abc", 3, 1000, &account);
    assert_non_null(bytes);
    assert_int_equal(bytes->len, 3);
    assert_int_equal(bytes->capacity, 1000);
    size_t cost = memory_account_bytes(&account);
    assert_in_range(cost, 1000, 1100);
    memset(bytes->data + bytes->len, 'x', bytes->capacity - bytes->len);
    bytes->len = bytes->capacity;
    assert_memory_equal(bytes->data, "abcx", 4);
    assert_int_equal(memory_account_bytes(&account), cost);
    shared_bytes_unref(bytes);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void whoever_watches_is_told_that_they_are_gone(void **state)
{
    (void)state;
    struct shared_bytes *watched = shared_bytes_create(NULL, 0, &account);
    assert_non_null(watched);
    struct shared_bytes *reader = shared_bytes_ref(watched);
    watched->watcher = &watched;
    shared_bytes_unref(reader);
    assert_ptr_equal(watched, reader);
    shared_bytes_unref(reader);
    assert_null(watched);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void without_memory_nothing_is_counted(void **state)
{
    (void)state;
    fail_allocation(1);
    assert_null(shared_bytes_create("abc", 3, &account));
    assert_true(end_failing_allocations());
    assert_int_equal(memory_account_bytes(&account), 0);
    shared_bytes_unref(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_reference_frees_and_the_account_follows),
        cmocka_unit_test(room_is_paid_for_from_the_beginning),
        cmocka_unit_test(whoever_watches_is_told_that_they_are_gone),
        cmocka_unit_test(without_memory_nothing_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
