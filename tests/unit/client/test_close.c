#include "client/remotes.h"

#include "failing_memory.h"

static void close_with(const struct remote *remote, uint16_t code, const char *reason)
{
    client_close(remote->client, code, reason, strlen(reason));
}

/* -- the close handshake (RFC 6455, section 7.1) -- */

static void the_server_closes_and_awaits_the_answer(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    close_with(&remote, 4000, "enough");
    assert_int_equal(remote.client->state, CLIENT_CLOSING);
    close_with(&remote, 4001, "again"); /* Once is enough. */
    clients_settle();
    remote_expect_close(&remote, 4000, "enough");
    remote_expect_nothing(&remote);
    remote_send_close(&remote, 4000, "");
    clients_settle();
    remote_expect_gone(&remote);
    expect_notes("close:4000:server:enough");
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients_closes(4000), 1);
}

static void the_clients_code_is_echoed_and_its_reason_is_told(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    remote_send_close(&remote, CLOSE_GOING_AWAY, "see you");
    clients_settle();
    remote_expect_close(&remote, CLOSE_GOING_AWAY, "");
    remote_expect_gone(&remote);
    expect_notes("close:1001:peer:see you");
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients_closes(CLOSE_GOING_AWAY), 1);
}

static void a_close_frame_without_a_code_is_answered_by_such_a_frame(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    remote_send(&remote, OPCODE_CLOSE, NULL, 0);
    clients_settle();
    remote_expect(&remote, OPCODE_CLOSE, NULL, 0);
    remote_expect_gone(&remote);
    expect_notes("close:1005:peer:");
}

static void both_may_begin_at_once(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    close_with(&remote, CLOSE_SERVICE_RESTART, "restart");
    remote_send_close(&remote, CLOSE_NORMAL, "bye");
    clients_settle();
    remote_expect_close(&remote, CLOSE_SERVICE_RESTART, "restart");
    remote_expect_gone(&remote);
    expect_notes("close:1012:server:restart"); /* The first one counts. */
}

static void what_was_sent_before_the_close_frame_arrives_before_it(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    assert_int_equal(
        audience_publish(remote.client->receiver.audience, OPCODE_TEXT, "all", 3, NULL), OK);
    assert_int_equal(client_send(remote.client, OPCODE_TEXT, "one", 3), OK);
    close_with(&remote, CLOSE_NORMAL, "");
    assert_int_equal(client_send(remote.client, OPCODE_TEXT, "two", 3), ERR_CLOSED);
    assert_int_equal(
        audience_publish(remote.client->receiver.audience, OPCODE_TEXT, "all", 3, NULL), OK);
    clients_settle();
    remote_expect_text(&remote, "all");
    remote_expect_text(&remote, "one");
    remote_expect_close(&remote, CLOSE_NORMAL, "");
    remote_expect_nothing(&remote);
    close(remote.socket);
}

static void messages_of_a_closing_client_are_not_routed(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    (void)state;
    close_with(&remote, CLOSE_NORMAL, "");
    remote_send_text(&remote, "too late");
    remote_send(&remote, OPCODE_PING, "?", 1);
    clients_settle();
    remote_expect_nothing(&other);
    remote_expect_close(&remote, CLOSE_NORMAL, "");
    remote_expect_nothing(&remote); /* No pong either. */
    expect_notes("");
    remote_send_close(&remote, CLOSE_NORMAL, "");
    clients_settle();
    remote_expect_gone(&remote);
    close(other.socket);
}

static void a_client_that_does_not_answer_is_ended_after_the_timeout(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    close_with(&remote, CLOSE_NORMAL, "");
    clients_pass(CLIENT_CLOSE_TIMEOUT - 2 * (INT64_C(1) << TIMER_TICK_SHIFT));
    assert_int_equal(clients.left, 0);
    clients_pass(2 * (INT64_C(1) << TIMER_TICK_SHIFT));
    assert_int_equal(clients.left, 1);
    remote_expect_close(&remote, CLOSE_NORMAL, "");
    remote_expect_gone(&remote);
    expect_notes("close:1000:server:");
}

/* -- ending without a handshake (section 7.1.7) -- */

/* Its write side is shut behind the close frame, and its input is read and thrown away, so that the
 * kernel does not reset the connection before the frame has arrived. */
static void a_client_that_broke_a_rule_lingers_until_it_ends(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_fail(remote.client, CLOSE_PROTOCOL_ERROR, "no");
    assert_int_equal(remote.client->state, CLIENT_LINGERING);
    clients_settle();
    remote_expect_close(&remote, CLOSE_PROTOCOL_ERROR, "no");
    remote_expect_end(&remote);
    assert_int_equal(clients.left, 0);
    remote_send_text(&remote, "goes on");
    clients_settle();
    expect_notes("");
    assert_int_equal(clients.left, 0);
    assert_int_equal(shutdown(remote.socket, SHUT_WR), 0);
    clients_settle();
    assert_int_equal(clients.left, 1);
    expect_notes("close:1002:server:no");
    close(remote.socket);
}

static void lingering_has_an_end(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_fail(remote.client, CLOSE_PROTOCOL_ERROR, "no");
    clients_settle();
    for (unsigned i = 0; i < 6 && clients.left == 0; i++) {
        remote_send_text(&remote, "goes on and on");
        clients_pass(CLIENT_CLOSE_TIMEOUT / 5);
    }
    assert_int_equal(clients.left, 1);
    close(remote.socket);
}

static void whoever_vanishes_has_closed_with_1006(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    close(remote.socket);
    clients_settle();
    expect_notes("close:1006:peer:");
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients_closes(CLOSE_ABNORMAL), 1);
}

static void whoever_is_cut_off_has_not_closed(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_abort(remote.client);
    assert_int_equal(remote.client->state, CLIENT_GONE); /* Its hooks' caller may still look. */
    client_abort(remote.client);
    client_lost(remote.client);
    close_with(&remote, CLOSE_NORMAL, "");
    clients_settle();
    remote_expect_gone(&remote);
    expect_notes("close:1006:server:");
    assert_int_equal(clients.left, 1);
}

static void ending_for_lack_of_memory_is_counted(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_lose_for_memory(remote.client);
    clients_settle();
    remote_expect_gone(&remote);
    assert_int_equal(clients_drops(DROP_NO_MEMORY), 1);
}

static void without_memory_for_a_close_frame_there_is_none(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    buffer_release(&clients.shards[0].delivery.unicast); /* Which has held the response. */
    fail_allocation(2);                                  /* The first is the reason's. */
    close_with(&remote, CLOSE_NORMAL, "why");
    assert_true(end_failing_allocations());
    assert_int_equal(remote.client->state, CLIENT_GONE);
    clients_settle();
    remote_expect_gone(&remote);
    expect_notes("close:1000:server:why");
}

static void without_memory_the_reason_is_empty(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    fail_allocation(1);
    close_with(&remote, CLOSE_NORMAL, "why");
    assert_true(end_failing_allocations());
    clients_settle();
    remote_expect_close(&remote, CLOSE_NORMAL, "why");
    remote_send_close(&remote, CLOSE_NORMAL, "");
    clients_settle();
    remote_expect_gone(&remote);
    expect_notes("close:1000:server:");
}

/* Close hooks may publish and end others: that is seen to in the next iteration. */
static struct client *other_to_end;

static void end_other(struct sl_client *client)
{
    struct client *other = other_to_end;
    (void)client;
    other_to_end = NULL;
    if (other != NULL)
        client_abort(other);
}

static void a_close_hook_may_end_others(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    (void)state;
    script.in_close = end_other;
    other_to_end = other.client;
    client_abort(remote.client);
    clients_iterate(0);
    remote_expect_gone(&remote);
    remote_expect_gone(&other);
    assert_int_equal(clients.left, 2);
    expect_notes("close:1006:server: close:1006:server:");
}

/* -- slow clients -- */

/* Its socket is full in the middle of a frame. */
static void fill(const struct remote *remote)
{
    static char text[30000];
    int size = 1; /* The kernel has a minimum. */
    assert_int_equal(
        setsockopt(remote->client->receiver.socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(client_send(remote->client, OPCODE_BINARY, text, sizeof text), OK);
    clients_settle();
    assert_true(remote->client->receiver.outbox.queued > 0);
}

/* The frame under way, others that are whole, and the close frame. */
static unsigned read_up_to_close(const struct remote *remote, uint16_t code)
{
    static uint8_t bytes[200000];
    size_t len = 0, got;
    unsigned frames = 0;
    do {
        got = remote_read(remote, bytes + len, sizeof bytes - len);
        len += got;
        clients_settle();
    } while (got > 0);
    for (size_t at = 0;; frames++) {
        assert_true(at + 4 <= len);
        if (bytes[at] == (0x80 | OPCODE_CLOSE)) {
            assert_int_equal(bytes[at + 2] << 8 | bytes[at + 3], code);
            assert_int_equal(at + 2 + bytes[at + 1], len);
            return frames;
        }
        at += 4 + 30000;
    }
}

static void a_queue_that_is_given_up_ends_behind_the_frame_under_way(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    fill(&remote);
    client_give_up_queue(remote.client);
    assert_int_equal(remote.client->state, CLIENT_CLOSING);
    assert_int_equal(clients_drops(DROP_QUEUE_TOTAL), 1);
    assert_in_range(read_up_to_close(&remote, CLOSE_TRY_AGAIN_LATER), 1, 2);
    remote_send_close(&remote, CLOSE_TRY_AGAIN_LATER, "");
    clients_settle();
    remote_expect_gone(&remote);
    expect_notes("close:1013:server:slow consumer");
}

static void a_queue_whose_policy_makes_room_is_not_given_up(void **state)
{
    static char text[30000];
    (void)state;
    clients.how.queue_overflow = QUEUE_DROP_NEWEST;
    clients_set_up();
    struct remote remote = remote_join(0);
    fill(&remote);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(client_send(remote.client, OPCODE_BINARY, text, sizeof text), OK);
    clients_settle();
    client_give_up_queue(remote.client);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    assert_int_equal(clients_drops(DROP_QUEUE_TOTAL), 1);
    client_give_up_queue(remote.client); /* Nothing is left but the frame under way. */
    assert_int_equal(remote.client->state, CLIENT_CLOSING);
    close(remote.socket);
}

static void giving_up_a_closing_clients_queue_ends_it(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    fill(&remote);
    client_give_up_queue(remote.client);
    client_give_up_queue(remote.client);
    assert_int_equal(remote.client->state, CLIENT_GONE);
    assert_int_equal(clients_drops(DROP_QUEUE_TOTAL), 2);
    clients_settle();
    assert_int_equal(clients.left, 1);
    close(remote.socket);
}

static void a_queue_over_its_own_limit_is_given_up(void **state)
{
    static char text[60000];
    (void)state;
    clients.how.queue_bytes = 100000;
    clients_set_up();
    struct remote remote = remote_join(0);
    fill(&remote);
    for (unsigned i = 0; i < 3 && remote.client->state == CLIENT_OPEN; i++) {
        assert_int_equal(client_send(remote.client, OPCODE_BINARY, text, sizeof text), OK);
        clients_settle();
    }
    assert_int_equal(remote.client->state, CLIENT_CLOSING);
    assert_int_equal(clients_drops(DROP_QUEUE_FULL), 1);
    assert_int_equal(clients_closes(CLOSE_TRY_AGAIN_LATER), 1);
    close(remote.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(the_server_closes_and_awaits_the_answer),
        clients_test(the_clients_code_is_echoed_and_its_reason_is_told),
        clients_test(a_close_frame_without_a_code_is_answered_by_such_a_frame),
        clients_test(both_may_begin_at_once),
        clients_test(what_was_sent_before_the_close_frame_arrives_before_it),
        clients_test(messages_of_a_closing_client_are_not_routed),
        clients_test(a_client_that_does_not_answer_is_ended_after_the_timeout),
        clients_test(a_client_that_broke_a_rule_lingers_until_it_ends),
        clients_test(lingering_has_an_end),
        clients_test(whoever_vanishes_has_closed_with_1006),
        clients_test(whoever_is_cut_off_has_not_closed),
        clients_test(ending_for_lack_of_memory_is_counted),
        clients_test(without_memory_for_a_close_frame_there_is_none),
        clients_test(without_memory_the_reason_is_empty),
        clients_test(a_close_hook_may_end_others),
        clients_test(a_queue_that_is_given_up_ends_behind_the_frame_under_way),
        clients_test(a_queue_whose_policy_makes_room_is_not_given_up),
        clients_test(giving_up_a_closing_clients_queue_ends_it),
        clients_test(a_queue_over_its_own_limit_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
