/* core/front/front.c: listeners and counts. */
#include "front/front_fixture.h"
#include "front/http_fixture.h"

#define TWO "[{address: '127.0.0.1:0'}, {address: '*:0'}]"

static char answer[8192];

static void get_nothing(unsigned port)
{
    assert_int_equal(exchange(port, "GET /none HTTP/1.1\r\nHost: x\r\n\r\n", answer, sizeof answer),
                     404);
}

/* A response is counted after it has been sent. */
static void wait_for_responses(struct front *front, unsigned hundreds, unsigned long long count)
{
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (front_responses(front, hundreds) != count && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    assert_int_equal(front_responses(front, hundreds), count);
}

static void urls_have_the_ports_that_were_chosen(void **state)
{
    struct front_fixture fixture = open_front(TWO);
    char url[64];
    (void)state;
    assert_int_equal(front_listener_count(fixture.front), 2);
    assert_string_equal(front_listener_address(fixture.front, 1), "*:0");
    front_listener_url(fixture.front, 1, url, sizeof url);
    assert_memory_equal(url, "ws://127.0.0.1:", 15);
    assert_true(listens(port_of(&fixture, 0)));
    assert_true(listens(port_of(&fixture, 1)));
    close_front(&fixture);
}

static void counts_are_of_all_listeners_and_of_those_that_were_closed(void **state)
{
    struct front_fixture fixture = open_front(TWO);
    (void)state;
    get_nothing(port_of(&fixture, 0));
    get_nothing(port_of(&fixture, 1));
    wait_for_responses(fixture.front, 4, 2);
    reload_front(&fixture, "[{address: '*:0'}]");
    assert_int_equal(front_responses(fixture.front, 4), 2);
    get_nothing(port_of(&fixture, 0));
    wait_for_responses(fixture.front, 4, 3);
    assert_int_equal(front_responses(fixture.front, 2), 0);
    close_front(&fixture);
}

static void pending_connections_are_counted_until_they_end(void **state)
{
    struct front_fixture fixture = open_front("[{address: '127.0.0.1:0'}]");
    (void)state;
    int client = connect_to_port(port_of(&fixture, 0));
    assert_int_equal(send(client, "GET ", 4, 0), 4);
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (front_pending(fixture.front) == 0 && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    assert_int_equal(front_pending(fixture.front), 1);
    close(client);
    while (front_pending(fixture.front) == 1 && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    assert_int_equal(front_pending(fixture.front), 0);
    assert_int_equal(front_dropped(fixture.front, PENDING_DROP_FULL), 0);
    close_front(&fixture);
}

static void stopped_front_still_has_its_counts(void **state)
{
    struct front_fixture fixture = open_front("[{address: '127.0.0.1:0'}]");
    struct front_handshakes handshakes;
    (void)state;
    front_stop(fixture.front);
    front_handshakes(fixture.front, &handshakes);
    assert_int_equal(handshakes.begun, 0);
    assert_int_equal(front_responses(fixture.front, 4), 0);
    assert_int_equal(front_responses(fixture.front, 99), 0);
    assert_int_equal(front_pending(fixture.front), 0);
    close_front(&fixture);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_have_the_ports_that_were_chosen),
        cmocka_unit_test(counts_are_of_all_listeners_and_of_those_that_were_closed),
        cmocka_unit_test(pending_connections_are_counted_until_they_end),
        cmocka_unit_test(stopped_front_still_has_its_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
