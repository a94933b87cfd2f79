#include "hub/drain.h"

#include "failing_memory.h"
#include "hub/serving.h"

#include "captured_log.h"

#define TWO_ENDPOINTS "loops: 2\nendpoints: [{path: /a}, {path: /b}]\n"
#define DRAINING "server is draining; reconnect"
#define STOPPING "server is shutting down; reconnect"

static void expect_state(struct hub *hub, const struct endpoint *endpoint, enum drain_state state)
{
    struct drain_status status;
    hub_drain_read(hub, endpoint, &status);
    assert_string_equal(drain_state_text(status.state), drain_state_text(state));
}

static void expect_closes(int *clients, unsigned count, const char *reason)
{
    for (unsigned i = 0; i < count; i++) {
        expect_close(clients[i], CLOSE_SERVICE_RESTART, reason);
        send_close(clients[i], CLOSE_SERVICE_RESTART);
        expect_end(clients[i]);
    }
}

static void a_server_that_stops_closes_everybody(void **state)
{
    int clients[5];
    (void)state;
    struct serving serving = serve(TWO_ENDPOINTS);
    for (unsigned i = 0; i < 5; i++)
        clients[i] = join(serving.hub, i < 3 ? "/a" : "/b");
    hub_announce_stop(serving.hub);
    assert_true(hub_is_draining(serving.hub));
    assert_admission(&serving, "/a", 1, ADMISSION_GRANTED); /* The load balancer may not know. */
    give_back(&serving, "/a", 1);
    hub_drain(serving.hub, NS_PER_S / 10);
    assert_admission(&serving, "/a", 1, ADMISSION_DRAINING);
    expect_closes(clients, 5, STOPPING);
    wait_for_clients(serving.hub, NULL, 0);
    end_serving(&serving);
}

static void a_server_is_drained_until_that_is_stopped(void **state)
{
    int clients[8];
    struct drain_status status;
    (void)state;
    struct serving serving = serve("shutdown: {grace: 20ms}\n" TWO_ENDPOINTS);
    for (unsigned i = 0; i < 8; i++)
        clients[i] = join(serving.hub, i % 2 == 0 ? "/a" : "/b");
    expect_state(serving.hub, NULL, DRAIN_NONE);
    assert_int_equal(hub_drain_begin(serving.hub, NULL, -1, "somebody"), OK);
    assert_true(hub_is_draining(serving.hub));
    expect_state(serving.hub, NULL, DRAIN_CLOSING);
    assert_admission(&serving, "/b", 1, ADMISSION_DRAINING);
    expect_closes(clients, 8, DRAINING);
    wait_for_clients(serving.hub, NULL, 0);
    hub_drain_read(serving.hub, NULL, &status);
    assert_int_equal(status.state, DRAIN_DONE);
    assert_int_equal(status.closed, 8);
    assert_int_equal(status.clients, 0);
    assert_int_equal(hub_drain_stop(serving.hub, NULL, "somebody", NULL), OK);
    assert_int_equal(hub_drain_stop(serving.hub, NULL, "somebody", NULL),
                     OK); /* Which changes nothing. */
    assert_false(hub_is_draining(serving.hub));
    expect_state(serving.hub, NULL, DRAIN_NONE);
    leave(join(serving.hub, "/a"));
    end_serving(&serving);
}

static void one_endpoint_is_drained_alone_and_the_server_stays_ready(void **state)
{
    int drained[2], other;
    (void)state;
    struct serving serving = serve(TWO_ENDPOINTS);
    struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/a");
    drained[0] = join(serving.hub, "/a");
    drained[1] = join(serving.hub, "/a");
    other = join(serving.hub, "/b");
    assert_int_equal(hub_drain_begin(serving.hub, endpoint, 0, "somebody"), OK);
    assert_false(hub_is_draining(serving.hub));
    assert_admission(&serving, "/a", 1, ADMISSION_DRAINING);
    assert_admission(&serving, "/b", 1, ADMISSION_GRANTED);
    give_back(&serving, "/b", 1);
    expect_closes(drained, 2, DRAINING);
    wait_for_clients(serving.hub, endpoint, 0);
    send_text(other, "still here");
    expect_text(other, "still here");
    expect_state(serving.hub, endpoint, DRAIN_DONE);
    expect_state(serving.hub, NULL, DRAIN_NONE);
    assert_int_equal(hub_drain_stop(serving.hub, endpoint, "somebody", NULL), OK);
    leave(join(serving.hub, "/a"));
    leave(other);
    end_serving(&serving);
}

static void new_clients_come_in_until_the_delay_is_over(void **state)
{
    (void)state;
    struct serving serving = serve("shutdown: {delay: 1h}\n" TWO_ENDPOINTS);
    assert_int_equal(hub_drain_begin(serving.hub, NULL, 0, "somebody"), OK);
    expect_state(serving.hub, NULL, DRAIN_WAITING);
    assert_true(hub_is_draining(serving.hub));
    leave(join(serving.hub, "/a"));
    assert_int_equal(hub_drain_begin(serving.hub, NULL, NS_PER_S, "somebody"),
                     OK); /* At another pace. */
    expect_state(serving.hub, NULL, DRAIN_WAITING);
    assert_int_equal(hub_drain_stop(serving.hub, NULL, "somebody", NULL), OK);
    assert_false(hub_is_draining(serving.hub));
    end_serving(&serving);
}

static void a_second_order_changes_the_pace(void **state)
{
    int clients[3];
    (void)state;
    struct serving serving = serve(TWO_ENDPOINTS);
    for (unsigned i = 0; i < 3; i++)
        clients[i] = join(serving.hub, "/a");
    assert_int_equal(hub_drain_begin(serving.hub, NULL, 3600 * NS_PER_S, "somebody"), OK);
    assert_int_equal(hub_drain_begin(serving.hub, NULL, 0, "somebody"), OK);
    expect_closes(clients, 3, DRAINING);
    end_serving(&serving);
}

static void a_server_that_stops_takes_no_orders_and_does_not_wait_for_a_drain(void **state)
{
    int client;
    (void)state;
    struct serving serving = serve(TWO_ENDPOINTS);
    client = join(serving.hub, "/a");
    assert_int_equal(hub_drain_begin(serving.hub, NULL, 3600 * NS_PER_S, "somebody"), OK);
    hub_drain(serving.hub, 0);
    assert_int_equal(hub_drain_begin(serving.hub, NULL, 0, "somebody"), ERR_CLOSED);
    assert_int_equal(hub_drain_stop(serving.hub, NULL, "somebody", NULL), ERR_CLOSED);
    assert_true(hub_drain_refuses(serving.hub, hub_find_endpoint(serving.hub, "/b")));
    expect_closes(&client, 1, STOPPING);
    end_serving(&serving);
}

static void without_memory_nothing_is_drained(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_ENDPOINTS);
    fail_allocation(1);
    int error = hub_drain_begin(serving.hub, NULL, 0, "somebody");
    assert_true(end_failing_allocations());
    assert_int_equal(error, ERR_NO_MEMORY);
    assert_false(hub_is_draining(serving.hub));
    fail_allocation(1);
    hub_drain(serving.hub, 0); /* Clients are cut off then, but nobody comes in. */
    assert_true(end_failing_allocations());
    assert_admission(&serving, "/a", 1, ADMISSION_DRAINING);
    end_serving(&serving);
}

static void the_log_tells_who_begins_and_stops_a_drain(void **state)
{
    (void)state;
    struct serving serving = serve(TWO_ENDPOINTS);
    struct endpoint *endpoint = hub_find_endpoint(serving.hub, "/a");
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    begin_capture();
    assert_int_equal(hub_drain_begin(serving.hub, endpoint, NS_PER_S, "ann"), OK);
    assert_int_equal(hub_drain_stop(serving.hub, endpoint, "bob", NULL), OK);
    const char *text = end_capture();
    assert_non_null(strstr(text, " event=drain_begun asked_by=ann endpoint=/a clients=0 delay_ms=0 "
                                 "left_ms=1000\n"));
    assert_non_null(strstr(text, " event=drain_stopped asked_by=bob endpoint=/a closed=0\n"));
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_that_stops_closes_everybody),
        cmocka_unit_test(a_server_is_drained_until_that_is_stopped),
        cmocka_unit_test(one_endpoint_is_drained_alone_and_the_server_stays_ready),
        cmocka_unit_test(new_clients_come_in_until_the_delay_is_over),
        cmocka_unit_test(a_second_order_changes_the_pace),
        cmocka_unit_test(a_server_that_stops_takes_no_orders_and_does_not_wait_for_a_drain),
        cmocka_unit_test(without_memory_nothing_is_drained),
        cmocka_unit_test(the_log_tells_who_begins_and_stops_a_drain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
