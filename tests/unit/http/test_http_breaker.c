#include "http/http_breaker.h"
#include "unit.h"

#define PAUSE 1000

static struct http_breakers breakers;

static int set_up(void **state)
{
    (void)state;
    breakers = (struct http_breakers){.limit = 3, .pause = PAUSE};
    return 0;
}

static enum http_breaker_change fail_once(uint64_t server, int64_t now)
{
    return http_breakers_tell(&breakers, server, HTTP_PASS, HTTP_UNHEALTHY, now);
}

static void open_breaker(uint64_t server, int64_t now)
{
    assert_int_equal(fail_once(server, now), HTTP_BREAKER_SAME);
    assert_int_equal(fail_once(server, now), HTTP_BREAKER_SAME);
    assert_int_equal(fail_once(server, now), HTTP_BREAKER_OPENED);
}

static void opens_after_failures_in_a_row(void **state)
{
    (void)state;
    open_breaker(7, 0);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE - 1), HTTP_PASS_NONE);
    assert_int_equal(http_breakers_ask(&breakers, 8, 1), HTTP_PASS);
    assert_int_equal(http_breakers_open(&breakers), 1);
}

static void an_answer_in_between_begins_the_count_anew(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        fail_once(7, i);
        fail_once(7, i);
        assert_int_equal(http_breakers_tell(&breakers, 7, HTTP_PASS, HTTP_HEALTHY, i),
                         HTTP_BREAKER_SAME);
    }
    assert_int_equal(http_breakers_ask(&breakers, 7, 10), HTTP_PASS);
}

static void after_the_pause_one_request_decides(void **state)
{
    (void)state;
    open_breaker(7, 0);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_NONE);
    assert_int_equal(http_breakers_tell(&breakers, 7, HTTP_PASS_PROBE, HTTP_HEALTHY, PAUSE + 1),
                     HTTP_BREAKER_CLOSED);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE + 1), HTTP_PASS);
    assert_int_equal(http_breakers_open(&breakers), 0);
}

static void a_probe_that_fails_begins_another_pause(void **state)
{
    (void)state;
    open_breaker(7, 0);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
    assert_int_equal(http_breakers_tell(&breakers, 7, HTTP_PASS_PROBE, HTTP_UNHEALTHY, PAUSE + 5),
                     HTTP_BREAKER_SAME);
    assert_int_equal(http_breakers_ask(&breakers, 7, 2 * PAUSE + 4), HTTP_PASS_NONE);
    assert_int_equal(http_breakers_ask(&breakers, 7, 2 * PAUSE + 5), HTTP_PASS_PROBE);
}

static void a_probe_that_says_nothing_lets_another_one_through(void **state)
{
    (void)state;
    open_breaker(7, 0);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
    http_breakers_tell(&breakers, 7, HTTP_PASS_PROBE, HTTP_HEALTH_UNKNOWN, PAUSE);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
}

/* As a long poll's. */
static void while_a_probe_takes_longer_than_the_pause_another_one_goes(void **state)
{
    (void)state;
    open_breaker(7, 0);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
    assert_int_equal(http_breakers_ask(&breakers, 7, 2 * PAUSE - 1), HTTP_PASS_NONE);
    assert_int_equal(http_breakers_ask(&breakers, 7, 2 * PAUSE + 1), HTTP_PASS_PROBE);
    assert_int_equal(http_breakers_ask(&breakers, 7, 2 * PAUSE + 1), HTTP_PASS_NONE);
    assert_int_equal(http_breakers_tell(&breakers, 7, HTTP_PASS_PROBE, HTTP_HEALTHY, 2 * PAUSE + 2),
                     HTTP_BREAKER_CLOSED);
    assert_int_equal(http_breakers_ask(&breakers, 7, 2 * PAUSE + 2), HTTP_PASS);
    /* The other one says nothing new, whatever it is told. */
    assert_int_equal(
        http_breakers_tell(&breakers, 7, HTTP_PASS_PROBE, HTTP_HEALTH_UNKNOWN, 3 * PAUSE),
        HTTP_BREAKER_SAME);
    assert_int_equal(http_breakers_ask(&breakers, 7, 3 * PAUSE), HTTP_PASS);
    assert_int_equal(http_breakers_open(&breakers), 0);
}

static void a_late_probe_does_not_move_what_a_later_one_has_begun(void **state)
{
    static const enum http_health healths[] = {HTTP_UNHEALTHY, HTTP_HEALTH_UNKNOWN};
    for (size_t i = 0; i < sizeof healths / sizeof healths[0]; i++) {
        (void)set_up(state);
        open_breaker(7, 0);
        assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
        assert_int_equal(http_breakers_ask(&breakers, 7, 2 * PAUSE), HTTP_PASS_PROBE);
        assert_int_equal(
            http_breakers_tell(&breakers, 7, HTTP_PASS_PROBE, healths[i], 2 * PAUSE + 1),
            HTTP_BREAKER_SAME);
        assert_int_equal(http_breakers_ask(&breakers, 7, 3 * PAUSE - 1), HTTP_PASS_NONE);
        assert_int_equal(http_breakers_ask(&breakers, 7, 3 * PAUSE), HTTP_PASS_PROBE);
    }
}

static void a_probe_of_a_breaker_that_has_closed_since_does_not_move_the_next_pause(void **state)
{
    static const enum http_health healths[] = {HTTP_UNHEALTHY, HTTP_HEALTH_UNKNOWN};
    for (size_t i = 0; i < sizeof healths / sizeof healths[0]; i++) {
        (void)set_up(state);
        open_breaker(7, 0);
        assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
        http_breakers_tell(&breakers, 7, HTTP_PASS, HTTP_HEALTHY, PAUSE + 1);
        open_breaker(7, 2 * PAUSE);
        http_breakers_tell(&breakers, 7, HTTP_PASS_PROBE, healths[i], 2 * PAUSE + 1);
        assert_int_equal(http_breakers_ask(&breakers, 7, 3 * PAUSE - 1), HTTP_PASS_NONE);
        assert_int_equal(http_breakers_ask(&breakers, 7, 3 * PAUSE), HTTP_PASS_PROBE);
    }
}

static void what_was_sent_before_does_not_prolong_the_pause(void **state)
{
    (void)state;
    open_breaker(7, 0);
    assert_int_equal(fail_once(7, PAUSE - 1), HTTP_BREAKER_SAME);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_PROBE);
    fail_once(7, PAUSE);
    assert_int_equal(http_breakers_ask(&breakers, 7, PAUSE), HTTP_PASS_NONE);
}

static void without_a_limit_none_opens(void **state)
{
    (void)state;
    breakers.limit = 0;
    for (int i = 0; i < 100; i++)
        assert_int_equal(fail_once(7, i), HTTP_BREAKER_SAME);
    assert_int_equal(http_breakers_ask(&breakers, 7, 100), HTTP_PASS);
}

static void with_too_many_servers_the_oldest_failure_is_forgotten(void **state)
{
    (void)state;
    for (uint64_t server = 0; server <= HTTP_BREAKERS_MAX; server++)
        open_breaker(server, (int64_t)server);
    assert_int_equal(http_breakers_open(&breakers), HTTP_BREAKERS_MAX);
    assert_int_equal(http_breakers_ask(&breakers, 0, 100), HTTP_PASS);
    assert_int_equal(http_breakers_ask(&breakers, 1, 100), HTTP_PASS_NONE);
}

#define breaker_test(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
    const struct CMUnitTest tests[] = {
        breaker_test(opens_after_failures_in_a_row),
        breaker_test(an_answer_in_between_begins_the_count_anew),
        breaker_test(after_the_pause_one_request_decides),
        breaker_test(a_probe_that_fails_begins_another_pause),
        breaker_test(a_probe_that_says_nothing_lets_another_one_through),
        breaker_test(while_a_probe_takes_longer_than_the_pause_another_one_goes),
        breaker_test(a_late_probe_does_not_move_what_a_later_one_has_begun),
        breaker_test(a_probe_of_a_breaker_that_has_closed_since_does_not_move_the_next_pause),
        breaker_test(what_was_sent_before_does_not_prolong_the_pause),
        breaker_test(without_a_limit_none_opens),
        breaker_test(with_too_many_servers_the_oldest_failure_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
