#include "client/remotes.h"

#include "failing_memory.h"

#define TIMEOUT (5 * NS_PER_S)
#define TICK (INT64_C(1) << TIMER_TICK_SHIFT)

static int set_up(void **state)
{
    clients_set_up_one(state);
    clients.how.message_timeout = TIMEOUT;
    return 0;
}

#define held_test(test) cmocka_unit_test_setup_teardown(test, set_up, clients_tear_down)

static size_t charged(void)
{
    return memory_account_bytes(&clients.set.input);
}

/* The first frame of a message, with that many bytes. */
static void begin_message(const struct remote *remote, size_t len)
{
    static uint8_t frame[UINT16_MAX + 14];
    static char text[UINT16_MAX];
    remote_write(remote, frame, encode(frame, 0x02, text, len));
    clients_settle();
}

static void end_message(const struct remote *remote)
{
    uint8_t frame[16];
    remote_write(remote, frame, encode(frame, 0x80, NULL, 0));
    clients_settle();
}

/* -- accounts -- */

static void a_client_between_messages_holds_nothing(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    remote_send_text(&remote, "whole");
    clients_settle();
    assert_null(remote.client->held);
    assert_int_equal(charged(), 0);
    close(remote.socket);
}

static void an_incomplete_message_is_charged_until_it_is_complete(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    begin_message(&remote, 5000);
    assert_in_range(charged(), 5000, 20000);
    assert_int_equal(remote.client->input_held, charged());
    assert_int_equal(holders_highest(&clients.shards[0].input_holders), holders_class(charged()));
    size_t before = charged();
    uint8_t frame[16];
    remote_write(&remote, frame, encode(frame, 0x89, "p", 1)); /* Changes nothing. */
    clients_settle();
    assert_int_equal(charged(), before);
    end_message(&remote);
    assert_int_equal(charged(), 0);
    assert_int_equal(holders_highest(&clients.shards[0].input_holders), 0);
    assert_null(remote.client->held);
    close(remote.socket);
}

static void half_a_header_is_charged_too(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    remote_write(&remote, "\x81", 1);
    clients_settle();
    assert_int_equal(charged(), memory_cost(sizeof(struct held_input)));
    close(remote.socket);
    clients_settle();
    assert_int_equal(charged(), 0);
}

static void input_that_waits_is_charged_until_it_is_handled(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    uint8_t bytes[300];
    size_t len = 0;
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        len += encode(bytes + len, 0x81, "text", 4);
    client_wait(remote.client);
    client_keep_paused(remote.client, bytes, len);
    assert_true(charged() >= len);
    assert_int_equal(remote.client->input_held, charged());
    remote.client->is_waiting = false;
    client_resume_input(remote.client);
    assert_int_equal(charged(), 0);
    clients_settle();
    for (unsigned i = 0; i < 10; i++)
        remote_expect_text(&other, "text");
    close(remote.socket);
    close(other.socket);
}

static void whoever_goes_gives_back_what_was_held(void **state)
{
    struct remote remotes[3];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        remotes[i] = remote_join(0);
        begin_message(&remotes[i], 1000);
    }
    client_abort(remotes[0].client);
    client_fail(remotes[1].client, CLOSE_POLICY, "no");
    clients_settle();
    close(remotes[2].socket);
    clients_settle();
    client_abort(remotes[1].client);
    clients_settle();
    assert_int_equal(clients.left, 3);
    assert_int_equal(charged(), 0);
    close(remotes[0].socket);
    close(remotes[1].socket);
}

/* -- the time that a message may take -- */

static void a_message_that_is_not_complete_in_time_ends_its_client(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    begin_message(&remote, 100);
    clients_pass(TIMEOUT - 2 * TICK);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    clients_pass(TICK);
    remote_expect_close(&remote, CLOSE_POLICY, "the message was not complete in time");
    assert_int_equal(clients_drops(DROP_MESSAGE_TIMEOUT), 1);
    assert_int_equal(charged(), 0); /* Though it may linger for a while. */
    close(remote.socket);
}

static void bytes_that_trickle_in_do_not_give_more_time(void **state)
{
    struct remote remote = remote_join(0);
    uint8_t frame[16];
    (void)state;
    begin_message(&remote, 100);
    for (unsigned i = 0; i < 6 && remote.client->state == CLIENT_OPEN; i++) {
        clients_pass(TIMEOUT / 5);
        remote_write(&remote, frame, encode(frame, 0x00, "x", 1));
        clients_settle();
    }
    assert_int_equal(remote.client->state, CLIENT_LINGERING);
    close(remote.socket);
}

static void each_message_has_its_own_time(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        begin_message(&remote, 100);
        clients_pass(TIMEOUT * 2 / 3);
        end_message(&remote);
    }
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    clients_pass(2 * TIMEOUT);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    close(remote.socket);
}

/* The server may be what was slow. */
static void what_the_kernel_has_is_read_before_the_client_is_given_up(void **state)
{
    struct remote remote = remote_join(0);
    struct loop *loop = clients_loop(0);
    uint8_t frame[16];
    (void)state;
    begin_message(&remote, 100);
    remote_write(&remote, frame, encode(frame, 0x80, NULL, 0));
    loop->now += TIMEOUT + TICK;
    timer_wheel_advance(&loop->timers, loop, loop->now,
                        loop->on_event_end); /* Before the sockets are seen to. */
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    assert_int_equal(charged(), 0);
    close(remote.socket);
}

static void without_a_timeout_a_message_takes_its_time(void **state)
{
    (void)state;
    clients.how.message_timeout = 0;
    struct remote remote = remote_join(0);
    begin_message(&remote, 100);
    clients_pass(1000 * TIMEOUT);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    end_message(&remote);
    close(remote.socket);
}

/* -- giving up -- */

static void giving_up_tells_the_client_and_gives_everything_back(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    begin_message(&remote, 1000);
    client_give_up_input(remote.client);
    assert_int_equal(charged(), 0);
    assert_int_equal(remote.client->state, CLIENT_LINGERING);
    clients_settle();
    remote_expect_close(&remote, CLOSE_TRY_AGAIN_LATER, "the server's buffers are full");
    assert_int_equal(clients_drops(DROP_INPUT_TOTAL), 1);
    client_give_up_input(remote.client); /* It was closing already. */
    assert_int_equal(remote.client->state, CLIENT_GONE);
    clients_settle();
    assert_int_equal(clients.left, 1);
    close(remote.socket);
}

static void a_full_account_is_looked_after_at_the_end_of_the_event(void **state)
{
    struct remote small = remote_join(0), large = remote_join(0);
    (void)state;
    begin_message(&small, 1000);
    memory_account_set_limit(&clients.set.input, 20000);
    begin_message(&large, 30000);
    assert_int_equal(small.client->state, CLIENT_OPEN);
    assert_int_equal(large.client->state, CLIENT_LINGERING);
    assert_true(charged() < 20000);
    close(small.socket);
    close(large.socket);
}

static void without_memory_for_it_the_client_ends_and_that_is_counted(void **state)
{
    (void)state;
    for (unsigned nth = 1;; nth++) {
        struct remote remote = remote_join(0);
        uint64_t before = clients_drops(DROP_NO_MEMORY);
        fail_allocation(nth);
        begin_message(&remote, 1000);
        bool has_failed = end_failing_allocations();
        assert_int_equal(clients_drops(DROP_NO_MEMORY), before + has_failed);
        close(remote.socket);
        clients_settle();
        assert_int_equal(clients.left, nth);
        assert_int_equal(charged(), 0);
        if (!has_failed) {
            assert_true(nth > 2);
            return;
        }
    }
}

static void without_memory_input_does_not_wait(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_wait(remote.client);
    fail_allocation(2);
    client_keep_paused(remote.client, (const unsigned char *)"x", 1);
    assert_true(end_failing_allocations());
    assert_int_equal(remote.client->state, CLIENT_GONE);
    assert_int_equal(clients_drops(DROP_NO_MEMORY), 1);
    close(remote.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        held_test(a_client_between_messages_holds_nothing),
        held_test(an_incomplete_message_is_charged_until_it_is_complete),
        held_test(half_a_header_is_charged_too),
        held_test(input_that_waits_is_charged_until_it_is_handled),
        held_test(whoever_goes_gives_back_what_was_held),
        held_test(a_message_that_is_not_complete_in_time_ends_its_client),
        held_test(bytes_that_trickle_in_do_not_give_more_time),
        held_test(each_message_has_its_own_time),
        held_test(what_the_kernel_has_is_read_before_the_client_is_given_up),
        held_test(without_a_timeout_a_message_takes_its_time),
        held_test(giving_up_tells_the_client_and_gives_everything_back),
        held_test(a_full_account_is_looked_after_at_the_end_of_the_event),
        held_test(without_memory_for_it_the_client_ends_and_that_is_counted),
        held_test(without_memory_input_does_not_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
