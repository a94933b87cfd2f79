#include "http/http_queue.h"
#include "unit.h"

#include <string.h>

#define LIMITS {.under_way = 3, .per_owner = 2, .queue = 4, .failures = 2, .pause = 100}

static struct http_queue queue;
static struct http_owner one, two;
static struct http_exchange items[16];
static size_t used;

static int set_up(void **state)
{
    const struct http_limits limits = LIMITS;
    (void)state;
    http_queue_init(&queue, &limits);
    memset(items, 0, sizeof items);
    one = two = (struct http_owner){.waiting = 0};
    used = 0;
    http_queue_add_owner(&queue, &one);
    http_queue_add_owner(&queue, &two);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_queue_remove_owner(&queue, &one);
    http_queue_remove_owner(&queue, &two);
    assert_null(queue.owners);
    assert_null(queue.first);
    return 0;
}

static int try_add(struct http_owner *owner, int64_t deadline)
{
    items[used].owner = owner;
    items[used].deadline = deadline;
    items[used].outcome = SL_HTTP_ANSWERED;
    items[used].status = 200;
    return http_queue_add(&queue, &items[used++]);
}

static struct http_exchange *add(struct http_owner *owner)
{
    assert_int_equal(try_add(owner, 1000), OK);
    return &items[used - 1];
}

static void finish(struct http_exchange *exchange, int64_t now)
{
    http_queue_settle(&queue, exchange, now);
}

static void finish_all(void)
{
    struct http_exchange *exchange;
    while ((exchange = http_queue_take(&queue, 0)) != NULL)
        finish(exchange, 0);
}

static void owners_take_turns(void **state)
{
    (void)state;
    struct http_exchange *a = add(&one), *b = add(&one), *c = add(&two);
    assert_ptr_equal(http_queue_take(&queue, 0), a);
    assert_ptr_equal(http_queue_take(&queue, 0), c);
    assert_ptr_equal(http_queue_take(&queue, 0), b);
    assert_null(http_queue_take(&queue, 0));
    assert_int_equal(queue.under_way, 3);
    finish(a, 0), finish(b, 0), finish(c, 0);
    assert_int_equal(queue.under_way + one.under_way + two.under_way, 0);
}

static void an_owner_has_so_many_under_way(void **state)
{
    (void)state;
    struct http_exchange *a = add(&one), *b = add(&one), *c = add(&one);
    assert_ptr_equal(http_queue_take(&queue, 0), a);
    assert_ptr_equal(http_queue_take(&queue, 0), b);
    assert_null(http_queue_take(&queue, 0));
    finish(a, 0);
    assert_ptr_equal(http_queue_take(&queue, 0), c);
    finish(b, 0), finish(c, 0);
}

static void all_together_have_so_many_under_way(void **state)
{
    (void)state;
    struct http_exchange *a = add(&one), *b = add(&two), *c = add(&one), *d = add(&two);
    assert_ptr_equal(http_queue_take(&queue, 0), a);
    assert_ptr_equal(http_queue_take(&queue, 0), b);
    assert_ptr_equal(http_queue_take(&queue, 0), c);
    assert_null(http_queue_take(&queue, 0));
    finish(b, 0);
    assert_ptr_equal(http_queue_take(&queue, 0), d);
    finish(a, 0), finish(c, 0), finish(d, 0);
}

static void an_owner_has_so_many_waiting(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        add(&one);
    assert_int_equal(try_add(&one, 1000), ERR_LIMIT);
    assert_int_equal(one.rejected, 1);
    assert_int_equal(try_add(&two, 1000), OK);
    assert_int_equal(queue.waiting, 5);
    finish_all();
    assert_int_equal(queue.waiting, 0);
}

static void one_that_waits_can_be_withdrawn(void **state)
{
    (void)state;
    struct http_exchange *a = add(&one), *b = add(&one), *c = add(&one);
    http_queue_withdraw(&queue, b);
    http_queue_withdraw(&queue, c);
    struct http_exchange *d = add(&one);
    assert_ptr_equal(http_queue_take(&queue, 0), a);
    assert_ptr_equal(http_queue_take(&queue, 0), d);
    finish(a, 0), finish(d, 0);
    http_queue_withdraw(&queue, add(&one));
    assert_null(http_queue_take(&queue, 0));
}

static void those_that_wait_are_withdrawn_in_any_order(void **state)
{
    (void)state;
    struct http_exchange *a = add(&one), *b = add(&one), *c = add(&one), *d = add(&one);
    http_queue_withdraw(&queue, a);
    http_queue_withdraw(&queue, c);
    assert_ptr_equal(one.first, b);
    http_queue_withdraw(&queue, d);
    assert_int_equal(queue.waiting, 1);
    struct http_exchange *e = add(&one);
    http_queue_withdraw(&queue, b);
    assert_ptr_equal(http_queue_take(&queue, 0), e);
    finish(e, 0);
    assert_null(one.first);
    assert_ptr_equal(one.last, &one.first);
    assert_int_equal(queue.waiting, 0);
}

static void what_waits_too_long_is_taken_out(void **state)
{
    (void)state;
    assert_int_equal(try_add(&one, 50), OK);
    assert_int_equal(try_add(&two, 20), OK);
    assert_int_equal(try_add(&one, 30), OK);
    assert_int_equal(queue.next_expiry, 20);
    assert_null(http_queue_take_expired(&queue, 19));
    struct http_exchange *list = http_queue_take_expired(&queue, 30);
    assert_non_null(list);
    assert_non_null(list->next);
    assert_null(list->next->next);
    assert_int_equal(queue.next_expiry, 50);
    assert_ptr_equal(http_queue_take(&queue, 40), &items[0]);
    finish(&items[0], 40);
    assert_null(http_queue_take_expired(&queue, INT64_MAX));
    assert_int_equal(queue.next_expiry, INT64_MAX);
}

static void what_has_no_time_left_is_not_sent(void **state)
{
    static const struct {
        int64_t timeout;
        int64_t left;
        bool is_late;
    } turns[] = {{NS_PER_S, HTTP_LEFT_MIN, false},
                 {NS_PER_S, HTTP_LEFT_MIN - 1, true},
                 {NS_PER_S, -1, true},
                 {2, 1, false},
                 {2, 0, true}};
    (void)state;
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        assert_int_equal(try_add(&one, 1000), OK);
        items[i].request.timeout = turns[i].timeout;
        items[i].request.flags = SL_HTTP_WITHOUT_BREAKER;
        assert_ptr_equal(http_queue_take(&queue, 1000 - turns[i].left), &items[i]);
        assert_true(items[i].is_late == turns[i].is_late);
        assert_true(items[i].is_under_way == !turns[i].is_late);
        assert_int_equal(queue.under_way, !turns[i].is_late);
        finish(&items[i], 1000);
        assert_int_equal(queue.under_way, 0);
    }
}

static void a_server_that_fails_is_left_alone(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct http_exchange *failed = add(&one);
        assert_ptr_equal(http_queue_take(&queue, 0), failed);
        failed->outcome = SL_HTTP_TIMEOUT;
        finish(failed, 0);
        assert_int_equal(failed->change, i == 1 ? HTTP_BREAKER_OPENED : HTTP_BREAKER_SAME);
    }
    struct http_exchange *refused = add(&one), *of_other = add(&two);
    assert_ptr_equal(http_queue_take(&queue, 50), refused);
    assert_int_equal(refused->pass, HTTP_PASS_NONE);
    assert_int_equal(queue.under_way, 0);
    refused->outcome = SL_HTTP_REFUSED;
    finish(refused, 50);
    assert_ptr_equal(http_queue_take(&queue, 50), of_other);
    assert_int_equal(of_other->pass, HTTP_PASS);
    finish(of_other, 50);
    struct http_exchange *probe = add(&one);
    assert_ptr_equal(http_queue_take(&queue, 100), probe);
    assert_int_equal(probe->pass, HTTP_PASS_PROBE);
    finish(probe, 100);
    assert_int_equal(probe->change, HTTP_BREAKER_CLOSED);
}

static void counts_what_has_come_of_them(void **state)
{
    struct histogram_snapshot took = {.count = 0};
    (void)state;
    struct http_exchange *sent = add(&one);
    assert_ptr_equal(http_queue_take(&queue, 0), sent);
    finish(sent, 500);
    struct http_exchange *never = add(&one);
    http_queue_withdraw(&queue, never);
    never->outcome = SL_HTTP_CANCELLED;
    finish(never, 600);
    assert_int_equal(one.outcomes[SL_HTTP_ANSWERED], 1);
    assert_int_equal(one.outcomes[SL_HTTP_CANCELLED], 1);
    histogram_merge(&took, &one.took);
    assert_int_equal(took.count, 1);
    assert_int_equal(took.sum, 500);
}

#define queue_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static void a_request_without_the_breaker_neither_asks_nor_tells_it(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct http_exchange *exchange = add(&one);
        exchange->request.flags = SL_HTTP_WITHOUT_BREAKER;
        exchange->outcome = SL_HTTP_FAILED;
        assert_ptr_equal(http_queue_take(&queue, 0), exchange);
        finish(exchange, 0);
        assert_int_equal(http_breakers_open(&one.breakers), 0);
    }
    for (int i = 0; i < 2; i++) {
        struct http_exchange *exchange = add(&one);
        exchange->outcome = SL_HTTP_FAILED;
        assert_ptr_equal(http_queue_take(&queue, 0), exchange);
        finish(exchange, 0);
    }
    assert_int_equal(http_breakers_open(&one.breakers), 1);
    struct http_exchange *exchange = add(&one);
    exchange->request.flags = SL_HTTP_WITHOUT_BREAKER;
    assert_ptr_equal(http_queue_take(&queue, 0), exchange);
    assert_int_equal(exchange->pass, HTTP_PASS);
    finish(exchange, 0);
    assert_int_equal(http_breakers_open(&one.breakers), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        queue_test(owners_take_turns),
        queue_test(an_owner_has_so_many_under_way),
        queue_test(all_together_have_so_many_under_way),
        queue_test(an_owner_has_so_many_waiting),
        queue_test(one_that_waits_can_be_withdrawn),
        queue_test(those_that_wait_are_withdrawn_in_any_order),
        queue_test(what_waits_too_long_is_taken_out),
        queue_test(what_has_no_time_left_is_not_sent),
        queue_test(a_server_that_fails_is_left_alone),
        queue_test(counts_what_has_come_of_them),
        queue_test(a_request_without_the_breaker_neither_asks_nor_tells_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
