#include "client/remotes.h"

#include "delivery/transport.h"

#include <netinet/in.h>

#define INTERVAL (10 * NS_PER_S)
#define TIMEOUT (4 * NS_PER_S)
#define TICK (INT64_C(1) << TIMER_TICK_SHIFT)

static int set_up(void **state)
{
    clients_set_up_one(state);
    clients.how.heartbeat_interval = INTERVAL;
    clients.how.heartbeat_timeout = TIMEOUT;
    return 0;
}

#define heartbeat_test(test) cmocka_unit_test_setup_teardown(test, set_up, clients_tear_down)

static void expect_ping(const struct remote *remote)
{
    remote_expect(remote, OPCODE_PING, NULL, 0);
    remote_expect_nothing(remote);
}

static uint64_t pings(void)
{
    return counter_read(&clients.shards[0].stats.pings);
}

/* -- whom a ping is sent to -- */

static void a_client_is_pinged_after_an_interval_of_silence(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    clients_pass(INTERVAL - 2 * TICK);
    remote_expect_nothing(&remote);
    clients_pass(TICK);
    expect_ping(&remote);
    assert_int_equal(pings(), 1);
    close(remote.socket);
}

static void whatever_it_sends_counts_as_a_sign_of_life(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        clients_pass(INTERVAL * 2 / 3);
        switch (i) {
        case 0:
            remote_send_text(&remote, "x");
            break;
        case 1:
            remote_send(&remote, OPCODE_PONG, NULL, 0);
            break;
        default:
            remote_write(&remote, i == 2 ? "\x81" : "\x80", 1); /* Half a frame's header. */
        }
        clients_settle();
    }
    clients_pass(INTERVAL * 2 / 3);
    remote_expect_nothing(&remote);
    assert_int_equal(pings(), 0);
    close(remote.socket);
}

static void an_answer_begins_a_new_interval(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        clients_pass(INTERVAL);
        expect_ping(&remote);
        clients_pass(TIMEOUT / 2);
        remote_send(&remote, OPCODE_PONG, NULL, 0);
        clients_settle();
        clients_pass(INTERVAL - 3 * TICK);
        remote_expect_nothing(&remote);
        remote_send(&remote, OPCODE_PONG, NULL, 0);
        clients_settle();
    }
    assert_int_equal(pings(), 3);
    assert_int_equal(clients.left, 0);
    close(remote.socket);
}

static void without_an_interval_nobody_is_pinged(void **state)
{
    (void)state;
    clients.how.heartbeat_interval = 0;
    struct remote remote = remote_join(0);
    clients_pass(100 * INTERVAL);
    remote_expect_nothing(&remote);
    assert_int_equal(clients.left, 0);
    close(remote.socket);
}

/* -- whom one that stays silent is taken for gone -- */

static void whoever_does_not_answer_in_time_is_ended(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    clients_pass(INTERVAL);
    expect_ping(&remote);
    clients_pass(TIMEOUT - 2 * TICK);
    assert_int_equal(clients.left, 0);
    clients_pass(TICK);
    assert_int_equal(clients.left, 1);
    remote_expect_gone(&remote);
    expect_notes("close:1006:server:");
}

/* The loop may be what was late: what the kernel has is read before a client is ended. */
static void an_answer_that_was_not_read_yet_counts(void **state)
{
    struct remote remote = remote_join(0);
    struct loop *loop = clients_loop(0);
    (void)state;
    clients_pass(INTERVAL);
    expect_ping(&remote);
    remote_send(&remote, OPCODE_PONG, NULL, 0);
    loop->now += TIMEOUT + TICK;
    timer_wheel_advance(&loop->timers, loop, loop->now,
                        loop->on_event_end); /* Before the sockets are seen to. */
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    clients_settle();
    assert_false(remote.client->ping_unanswered);
    clients_pass(TIMEOUT);
    assert_int_equal(clients.left, 0);
    close(remote.socket);
}

/* It is not read, so that it cannot be heard. */
static void a_client_that_waits_for_a_verdict_is_not_pinged(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_wait(remote.client);
    clients_pass(3 * INTERVAL);
    remote_expect_nothing(&remote);
    client_stop_waiting(remote.client);
    clients_pass(INTERVAL);
    expect_ping(&remote);
    close(remote.socket);
}

/* -- over TCP the kernel says what has arrived -- */

static struct remote join_over_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    char head[1024];
    int ends[2], small = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&address, sizeof address), 0);
    ends[1] = accept(listener, NULL, NULL);
    close(listener);
    post_handoff(0, make_handoff(ends, NULL, NULL, 0));
    clients_iterate(0);
    struct remote remote = {.socket = ends[1],
                            .client =
                                (struct client *)clients.endpoint->fanout.audiences[0].members[0]};
    ssize_t got = recv(remote.socket, head, sizeof head, 0); /* Waits for the kernel. */
    assert_true(got > 0);
    return remote;
}

/* A ping behind much that is under way has not arrived, and a peer that takes what is in front of
 * it is there, however slow it is. */
static void a_slow_peer_has_as_long_as_it_takes_something(void **state)
{
    static char bytes[1 << 20];
    struct remote remote = join_over_tcp();
    int size = 1;
    (void)state;
    assert_int_equal(
        setsockopt(remote.client->receiver.socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    assert_int_equal(client_send(remote.client, OPCODE_BINARY, bytes, sizeof bytes / 2), OK);
    clients_settle();
    clients_pass(INTERVAL);
    assert_int_equal(pings(), 1);
    assert_false(remote.client->ping_arrived);
    for (unsigned i = 0; i < 5; i++) {
        uint32_t acknowledged = remote.client->acknowledged;
        struct transport_delivery delivery;
        do { /* The kernel's own time, which is short. */
            ssize_t got = recv(remote.socket, bytes, sizeof bytes, MSG_DONTWAIT);
            (void)got;
            assert_true(transport_ask_delivery(&remote.client->receiver, &delivery));
            clients_settle();
        } while (delivery.acknowledged == acknowledged);
        clients_pass(TIMEOUT);
        assert_int_equal(clients.left, 0);
    }
    clients_pass(TIMEOUT); /* What was acknowledged in the meantime counts once. */
    for (unsigned i = 0; i < 3 && clients.left == 0; i++)
        clients_pass(TIMEOUT);
    assert_int_equal(clients.left, 1); /* Nothing has moved: it is gone. */
    close(remote.socket);
}

/* -- reload -- */

static void a_shorter_interval_counts_at_once_and_none_stops_it(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    clients.how.heartbeat_interval = INTERVAL / 10;
    client_adjust_heartbeat(remote.client);
    clients_pass(INTERVAL / 10);
    clients_pass(INTERVAL / 10);
    expect_ping(&remote);
    clients.how.heartbeat_interval = 0;
    client_adjust_heartbeat(remote.client);
    clients_pass(100 * INTERVAL);
    assert_int_equal(clients.left, 0);
    remote_expect_nothing(&remote);
    clients.how.heartbeat_interval = INTERVAL;
    client_adjust_heartbeat(remote.client);
    clients_pass(INTERVAL);
    expect_ping(&remote);
    close(remote.socket);
}

static void a_reload_does_not_make_pings_fall_together(void **state)
{
    struct remote remotes[8];
    (void)state;
    clients.how.heartbeat_interval = 0;
    for (unsigned i = 0; i < 8; i++)
        remotes[i] = remote_join(0);
    clients.how.heartbeat_interval = INTERVAL;
    for (unsigned i = 0; i < 8; i++)
        client_adjust_heartbeat(remotes[i].client);
    for (unsigned i = 1; i < 8; i++)
        assert_int_not_equal(remotes[i].client->timer.deadline,
                             remotes[i - 1].client->timer.deadline);
    for (unsigned i = 0; i < 8; i++)
        close(remotes[i].socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        heartbeat_test(a_client_is_pinged_after_an_interval_of_silence),
        heartbeat_test(whatever_it_sends_counts_as_a_sign_of_life),
        heartbeat_test(an_answer_begins_a_new_interval),
        heartbeat_test(without_an_interval_nobody_is_pinged),
        heartbeat_test(whoever_does_not_answer_in_time_is_ended),
        heartbeat_test(an_answer_that_was_not_read_yet_counts),
        heartbeat_test(a_client_that_waits_for_a_verdict_is_not_pinged),
        heartbeat_test(a_slow_peer_has_as_long_as_it_takes_something),
        heartbeat_test(a_shorter_interval_counts_at_once_and_none_stops_it),
        heartbeat_test(a_reload_does_not_make_pings_fall_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
