#include "http/http_client.h"
#include "base/clock.h"
#include "failing_memory.h"
#include "http/served.h"

#include <sched.h>
#include <stdlib.h>

static struct served served;
static struct http_client *client;
static struct http_owner *owner, *other;
static atomic_uint done_count;
static uint32_t flags; /* of what is submitted */
static atomic_uint done_as[HTTP_OUTCOMES];

static void begin_with(struct http_limits limits)
{
    assert_int_equal(http_client_create(&limits, &client), OK);
    assert_int_equal(http_owner_create(client, &owner), OK);
    assert_int_equal(http_owner_create(client, &other), OK);
}

static int set_up(void **state)
{
    (void)state;
    served_begin(&served);
    flags = 0;
    atomic_store(&done_count, 0);
    for (int i = 0; i < HTTP_OUTCOMES; i++)
        atomic_store(&done_as[i], 0);
    begin_with((struct http_limits){
        .under_way = 32, .per_owner = 16, .queue = 20000, .failures = 3, .pause = 3600 * NS_PER_S});
    return 0;
}

static void end_client(void)
{
    http_client_stop(client);
    http_owner_destroy(client, owner);
    http_owner_destroy(client, other);
    http_client_destroy(client);
}

static int tear_down(void **state)
{
    (void)state;
    end_client();
    served_end(&served);
    return 0;
}

static void on_done(struct http_exchange *exchange)
{
    atomic_fetch_add(&done_as[exchange->outcome], 1);
    http_exchange_deinit(exchange);
    free(exchange);
    atomic_fetch_add(&done_count, 1);
}

static int submit_for(struct http_owner *of, const char *path, uint64_t key, int64_t timeout)
{
    char url[64];
    struct sl_http_request request;
    snprintf(url, sizeof url, "http://127.0.0.1:%u%s", served.port, path);
    const struct sl_http_request given = {.struct_size = sizeof given,
                                          .flags = flags,
                                          .url = sl_string_of(url),
                                          .timeout = timeout != 0 ? timeout : 600 * NS_PER_S};
    struct http_exchange *exchange = malloc(sizeof *exchange);
    assert_non_null(exchange);
    assert_null(http_check(&given, &request));
    assert_int_equal(http_exchange_init(exchange, &request), OK);
    exchange->on_done = on_done;
    exchange->key = key;
    int error = http_client_submit(client, of, exchange);
    if (error != OK) {
        http_exchange_deinit(exchange);
        free(exchange);
    }
    return error;
}

static void submit(const char *path, uint64_t key)
{
    assert_int_equal(submit_for(owner, path, key, 0), OK);
}

static void wait_for(atomic_uint *count, unsigned expected)
{
    int64_t deadline = clock_monotonic() + 120 * NS_PER_S;
    while (atomic_load(count) < expected) {
        assert_true(clock_monotonic() < deadline);
        sched_yield();
    }
}

static struct http_owner_stats stats_of(struct http_owner *of)
{
    struct http_owner_stats stats;
    http_owner_read(client, of, &stats);
    return stats;
}

static void each_is_done_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++)
        assert_int_equal(submit_for(i % 2 == 0 ? owner : other, "/ok", i, 0), OK);
    wait_for(&done_count, 2000);
    end_client();
    assert_int_equal(atomic_load(&done_count), 2000);
    assert_int_equal(atomic_load(&done_as[SL_HTTP_ANSWERED]), 2000);
    assert_in_range(atomic_load(&served.connections), 1, 64);
    begin_with((struct http_limits){.under_way = 1});
}

static void *submit_many(void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 200; i++) {
        submit("/ok", i % 3);
        http_client_cancel(client, NULL, 1);
    }
    return NULL;
}

static void any_thread_may_submit_and_cancel(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, submit_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    wait_for(&done_count, 800);
    assert_int_equal(
        atomic_load(&done_as[SL_HTTP_ANSWERED]) + atomic_load(&done_as[SL_HTTP_CANCELLED]), 800);
    assert_true(atomic_load(&done_as[SL_HTTP_ANSWERED]) >= 532);
}

static void one_owner_that_waits_does_not_hold_up_another(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        submit("/never", 5);
    assert_int_equal(submit_for(other, "/ok", 6, 0), OK);
    wait_for(&done_count, 1);
    struct http_owner_stats stats = stats_of(owner);
    assert_int_equal(stats.under_way, 16);
    assert_int_equal(stats.waiting, 84);
    assert_int_equal(stats_of(other).outcomes[SL_HTTP_ANSWERED], 1);
}

static void a_client_that_goes_takes_its_own_along(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 40; i++)
        submit("/never", 5 + i % 2);
    assert_int_equal(submit_for(other, "/never", 5, 0), OK);
    http_client_cancel(client, NULL, 7);
    http_client_cancel(client, owner, 5);
    wait_for(&done_as[SL_HTTP_CANCELLED], 20);
    http_client_cancel(client, NULL, 5);
    wait_for(&done_as[SL_HTTP_CANCELLED], 21);
    struct http_owner_stats stats = stats_of(owner);
    assert_int_equal(stats.under_way + stats.waiting, 20);
    assert_int_equal(stats.open_breakers, 0);
    wait_for(&done_count, 21);
    assert_int_equal(atomic_load(&done_count), 21);
}

static uint32_t tied_now(void)
{
    struct http_client_stats stats;
    http_client_read(client, &stats);
    return stats.tied;
}

static void what_ends_with_its_owner_does_and_nothing_else(void **state)
{
    (void)state;
    submit("/never", 5);
    flags = SL_HTTP_ENDS_WITH_INSTANCE;
    assert_int_equal(submit_for(other, "/never", 0, 0), OK);
    for (unsigned i = 0; i < 40; i++)
        submit("/never", i % 2); /* Most wait. */
    assert_int_equal(tied_now(), 41);
    http_client_cancel(client, owner, 1);
    wait_for(&done_as[SL_HTTP_CANCELLED], 20);
    assert_int_equal(tied_now(), 21);
    http_client_cancel_tied(client, owner);
    http_client_cancel_tied(client, owner);
    wait_for(&done_as[SL_HTTP_CANCELLED], 40);
    assert_int_equal(tied_now(), 1);
    assert_int_equal(stats_of(owner).under_way + stats_of(owner).waiting, 1);
    submit("/ok", 0); /* One that ends by itself is none any more. */
    wait_for(&done_as[SL_HTTP_ANSWERED], 1);
    http_client_cancel_tied(client, owner);
    assert_int_equal(tied_now(), 1);
    wait_for(&done_count, 41);
    assert_int_equal(atomic_load(&done_count), 41);
}

static void stopping_cancels_what_is_left(void **state)
{
    struct http_client_stats stats;
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        submit("/never", i);
    http_client_stop(client);
    assert_int_equal(atomic_load(&done_as[SL_HTTP_CANCELLED]), 100);
    assert_int_equal(submit_for(owner, "/ok", 0, 0), ERR_CLOSED);
    http_client_read(client, &stats);
    assert_int_equal(stats.under_way + stats.waiting, 0);
    http_client_stop(NULL);
    http_client_destroy(NULL);
}

static void deadlines_are_kept_by_those_that_wait_too(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 16; i++)
        submit("/never", 5);
    assert_int_equal(submit_for(owner, "/ok", 6, NS_PER_MS), OK);
    wait_for(&done_count, 1);
    assert_int_equal(atomic_load(&done_as[SL_HTTP_TIMEOUT]), 1);
    assert_int_equal(stats_of(owner).open_breakers, 0);
}

static void a_server_that_fails_is_left_alone(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        submit("/unavailable", 0);
        wait_for(&done_count, i + 1);
    }
    unsigned requests = atomic_load(&served.requests);
    submit("/ok", 0);
    wait_for(&done_as[SL_HTTP_REFUSED], 1);
    assert_int_equal(atomic_load(&served.requests), requests);
    assert_int_equal(stats_of(owner).open_breakers, 1);
    assert_int_equal(submit_for(other, "/ok", 0, 0), OK); /* Which has not failed. */
    wait_for(&done_as[SL_HTTP_ANSWERED], 4);
    flags = SL_HTTP_ENDS_WITH_INSTANCE;
    submit("/ok", 0);
    wait_for(&done_as[SL_HTTP_REFUSED], 2);
    assert_int_equal(tied_now(), 0);
    flags = SL_HTTP_WITHOUT_BREAKER;
    submit("/ok", 0);
    wait_for(&done_as[SL_HTTP_ANSWERED], 5);
    assert_int_equal(stats_of(owner).open_breakers, 1);
}

static void takes_no_more_than_may_wait(void **state)
{
    (void)state;
    end_client();
    begin_with((struct http_limits){.under_way = 1, .per_owner = 1, .queue = 2});
    unsigned taken = 0;
    while (submit_for(owner, "/never", 5, 0) == OK)
        taken++;
    assert_in_range(taken, 2, 3); /* One may be under way already. */
    assert_int_equal(stats_of(owner).rejected, 1);
}

static int try_submit(void *context)
{
    struct http_exchange *exchange = context;
    return http_client_submit(client, owner, exchange);
}

static void submitting_needs_memory(void **state)
{
    const struct sl_http_request given = {.struct_size = sizeof given,
                                          .url = sl_string_of("http://127.0.0.1:1/")};
    struct sl_http_request request;
    struct http_exchange *exchange = malloc(sizeof *exchange);
    (void)state;
    assert_non_null(exchange);
    assert_null(http_check(&given, &request));
    assert_int_equal(http_exchange_init(exchange, &request), OK);
    exchange->on_done = on_done;
    exchange->key = 9;
    assert_true(survive_failing_allocations(try_submit, exchange) >= 1);
    wait_for(&done_count, 1);
}

static void needs_no_thread_without_a_request(void **state)
{
    (void)state;
    assert_int_equal(stats_of(owner).waiting, 0);
    http_client_cancel(client, NULL, 1);
}

#define client_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        client_test(each_is_done_once),
        client_test(any_thread_may_submit_and_cancel),
        client_test(one_owner_that_waits_does_not_hold_up_another),
        client_test(a_client_that_goes_takes_its_own_along),
        client_test(what_ends_with_its_owner_does_and_nothing_else),
        client_test(stopping_cancels_what_is_left),
        client_test(deadlines_are_kept_by_those_that_wait_too),
        client_test(a_server_that_fails_is_left_alone),
        client_test(takes_no_more_than_may_wait),
        client_test(submitting_needs_memory),
        client_test(needs_no_thread_without_a_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
