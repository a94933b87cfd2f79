/*
 * Exactness: buckets against a model that could not be plainer, over ten seconds of random
 * arrivals.
 */
#include "../bucket.h"
#include "../table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#define SECOND INT64_C(1000000000)

static uint64_t seed = 7;

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* A bucket that holds tokens and is filled as time passes. */
struct model {
    long double tokens, rate, burst;
    int64_t at;
};

static bool model_take(struct model *model, int64_t now, long double amount)
{
    model->tokens += (long double)(now - model->at) / (long double)SECOND * model->rate;
    model->at = now;
    if (model->tokens > model->burst)
        model->tokens = model->burst;
    if (model->tokens < amount)
        return false;
    model->tokens -= amount;
    return true;
}

static void compare(double rate, int64_t burst, int64_t mean_gap, uint64_t most, bool bytes)
{
    struct limits limits = {0};
    struct bucket bucket = {0};
    struct model model = {(long double)burst, rate, (long double)burst, 0};
    uint64_t admitted = 0, expected = 0;
    assert_null(limit_init(bytes ? &limits.bytes : &limits.count, rate, burst));
    for (int64_t now = 0; now < 10 * SECOND;
         now += (int64_t)(random_word() % (uint64_t)(2 * mean_gap)) + 1) {
        uint64_t amount = bytes ? 1 + random_word() % most : 1;
        int64_t wait;
        if (bucket_take(&bucket, &limits, amount, now, 0, &wait))
            admitted += amount;
        if (model_take(&model, now, (long double)amount))
            expected += amount;
    }
    assert_true(expected > 0);
    assert_true(admitted <= (uint64_t)(rate * 10) + (uint64_t)burst);
    if (admitted * 100 < expected * 99 || admitted * 100 > expected * 101)
        fail_msg("rate %g, burst %lld: %llu, the model %llu", rate, (long long)burst,
                 (unsigned long long)admitted, (unsigned long long)expected);
}

static void messages_are_exact_to_one_percent(void **state)
{
    (void)state;
    compare(50, 100, SECOND / 400, 1, false);
    compare(50, 1, SECOND / 60, 1, false);
    compare(1000, 10, SECOND / 5000, 1, false);
    compare(33, 7, SECOND / 40, 1, false);
    compare(100000, 1000, SECOND / 150000, 1, false);
}

static void bytes_are_exact_to_one_percent(void **state)
{
    (void)state;
    compare(65536, 65536, SECOND / 300, 1000, true);
    compare(1000000, 20000, SECOND / 5000, 1500, true);
}

static size_t allocated;

static void *count_allocation(size_t size)
{
    allocated += size;
    return malloc(size);
}

static void a_million_keys_need_no_more_memory(void **state)
{
    const struct sl_host host = {.allocate = count_allocation, .release = free};
    struct limits limits = {0};
    uint64_t admitted = 0;
    (void)state;
    assert_null(limit_init(&limits.count, 1, 2));
    struct table *table = table_create(&host, 100000);
    size_t before = allocated;
    struct key noisy = {1, 1};
    for (uint64_t i = 0; i < 1000000; i++) {
        struct key key = {random_word(), random_word()};
        int64_t wait;
        bool overflowed;
        (void)table_take(table, &limits, &key, 0, (int64_t)i * 1000, 0, &wait, &overflowed);
        admitted += table_take(table, &limits, &noisy, 0, (int64_t)i * 1000, 0, &wait, &overflowed);
    }
    assert_int_equal(allocated, before);
    assert_in_range(table_count(table), 99000, 100000);
    assert_in_range(admitted, 2, 4); /* one second: the burst, and one more */
    table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_exact_to_one_percent),
        cmocka_unit_test(bytes_are_exact_to_one_percent),
        cmocka_unit_test(a_million_keys_need_no_more_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
