#include "base/memory_account.h"
#include "unit.h"

#include <pthread.h>

static void zeroed_it_holds_nothing_and_is_not_full(void **state)
{
    (void)state;
    struct memory_account account = {0};
    assert_int_equal(memory_account_bytes(&account), 0);
    assert_int_equal(memory_account_limit(&account), 0);
    assert_false(memory_account_is_full(&account));
    memory_account_add(&account, 1);
    assert_true(memory_account_is_full(&account));
}

static void what_is_freed_is_no_longer_held(void **state)
{
    (void)state;
    struct memory_account account = {0};
    memory_account_add(&account, 100);
    memory_account_add(&account, 20);
    memory_account_sub(&account, 100);
    assert_int_equal(memory_account_bytes(&account), 20);
    memory_account_sub(&account, 20);
    assert_int_equal(memory_account_bytes(&account), 0);
}

static void is_full_when_more_is_held_than_the_limit(void **state)
{
    (void)state;
    struct memory_account account = {0};
    memory_account_set_limit(&account, 100);
    memory_account_add(&account, 100);
    assert_false(memory_account_is_full(&account));
    memory_account_add(&account, 1);
    assert_true(memory_account_is_full(&account));
}

static void a_lower_limit_leaves_what_is_held(void **state)
{
    (void)state;
    struct memory_account account = {0};
    memory_account_set_limit(&account, SIZE_MAX);
    memory_account_add(&account, 50);
    memory_account_set_limit(&account, 49);
    assert_int_equal(memory_account_limit(&account), 49);
    assert_int_equal(memory_account_bytes(&account), 50);
    assert_true(memory_account_is_full(&account));
}

static void *add_and_free(void *argument)
{
    struct memory_account *account = argument;
    for (int i = 0; i < 10000; i++) {
        memory_account_add(account, 3);
        memory_account_sub(account, 2);
    }
    return NULL;
}

static void sums_of_several_threads_are_exact(void **state)
{
    (void)state;
    struct memory_account account = {0};
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_free, &account), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(memory_account_bytes(&account), 40000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeroed_it_holds_nothing_and_is_not_full),
        cmocka_unit_test(what_is_freed_is_no_longer_held),
        cmocka_unit_test(is_full_when_more_is_held_than_the_limit),
        cmocka_unit_test(a_lower_limit_leaves_what_is_held),
        cmocka_unit_test(sums_of_several_threads_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
