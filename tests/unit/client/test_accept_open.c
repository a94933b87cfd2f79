/*
 * Clients whose on_open has deferred: what waits, what does not, and the ways to end meanwhile.
 */
#include "client/remotes.h"

#include "pipeline/hook.h"

static struct sl_ticket ticket;

static void on_cancel(struct sl_instance *self, struct sl_ticket cancelled, void *context,
                      enum sl_cancel_reason reason)
{
    (void)self;
    (void)cancelled;
    (void)context;
    note(reason == SL_CANCEL_TIMEOUT ? "timeout" : "cancel");
}

static void defer(struct sl_client *client)
{
    const struct sl_deferral how = {.struct_size = sizeof how, .on_cancel = on_cancel};
    assert_int_equal(deferral_begin(hook_instance(), client, &how, &ticket), SL_DEFER);
}

static void decide(enum sl_verdict verdict, const struct sl_completion *details)
{
    script.in_open = NULL;
    assert_int_equal(deferral_complete(ticket, verdict, details), 0);
    clients_settle();
}

/* A client that is not open yet. */
static struct remote join_later(void)
{
    script.in_open = defer;
    struct remote remote = remote_join(0);
    assert_true(remote.client->is_waiting);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    return remote;
}

/* -- what waits -- */

static void messages_wait_in_their_order(void **state)
{
    struct remote other = remote_join(0), sender = join_later();
    (void)state;
    remote_send_text(&sender, "one");
    remote_send_text(&sender, "two");
    clients_settle();
    expect_notes("");
    remote_expect_nothing(&other);
    decide(SL_CONTINUE, NULL);
    expect_notes("one two");
    remote_expect_text(&other, "one");
    remote_expect_text(&other, "two");
    remote_send_text(&sender, "three");
    clients_settle();
    expect_notes("three");
    close(sender.socket);
    close(other.socket);
}

static void what_came_with_the_upgrade_waits_in_front(void **state)
{
    static uint8_t early[64];
    char head[1024];
    (void)state;
    size_t len = encode(early, 0x81, "early", 5);
    len += encode(early + len, 0x81, "whole", 5);
    len += encode(early + len, 0x81, "broken", 6);
    script.in_open = defer;
    struct remote sender = remote_ask(0, NULL, early, len - 4); /* The last one is not whole. */
    remote_read_head(&sender, head, sizeof head);
    remote_write(&sender, early + len - 4, 4);
    remote_send_text(&sender, "late");
    clients_settle();
    expect_notes("connect open");
    decide(SL_CONTINUE, NULL);
    clients_settle();
    expect_notes("early whole broken late");
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    close(sender.socket);
}

static void what_it_holds_is_counted(void **state)
{
    (void)state;
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    struct remote remote = join_later();
    size_t held = memory_account_bytes(&clients.set.input);
    assert_true(held > sizeof(struct deferral) && held < 1024);
    decide(SL_CONTINUE, NULL);
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    assert_null(remote.client->seen.more->opening);
    close(remote.socket);
}

/* -- what does not -- */

static void it_is_sent_what_goes_to_all(void **state)
{
    struct remote other = remote_join(0), opening = join_later();
    (void)state;
    remote_send_text(&other, "for all");
    clients_settle();
    remote_expect_text(&opening, "for all");
    assert_int_equal(client_send(opening.client, OPCODE_TEXT, "yours", 5), OK);
    clients_settle();
    remote_expect_text(&opening, "yours");
    close(opening.socket);
    close(other.socket);
}

static void the_heartbeat_does_not_end_it(void **state)
{
    (void)state;
    clients.how.heartbeat_interval = clients.how.heartbeat_timeout = NS_PER_S;
    clients_set_up();
    clients.endpoint->loop_setups[0]->chain->stages[0].timeout = 10 * NS_PER_S;
    struct remote remote = join_later();
    for (unsigned i = 0; i < 5; i++)
        clients_pass(NS_PER_S);
    remote_expect_nothing(&remote); /* It could not answer. */
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    decide(SL_CONTINUE, NULL);
    clients_pass(NS_PER_S);
    remote_expect(&remote, OPCODE_PING, NULL, 0);
    close(remote.socket);
}

/* -- refused -- */

static void a_refusal_closes_as_it_says_and_drops_what_waited(void **state)
{
    const struct sl_completion details = {
        .struct_size = sizeof details, .code = 4004, .reason = sl_string_of("no such room")};
    struct remote remote = join_later();
    (void)state;
    remote_send_text(&remote, "never");
    clients_settle();
    decide(SL_CLOSE, &details);
    remote_expect_close(&remote, 4004, "no such room");
    remote_send_close(&remote, 4004, "");
    clients_settle();
    expect_notes("close:4004:server:no such room");
    remote_expect_gone(&remote);
}

static void a_deadline_closes_with_1011(void **state)
{
    struct remote remote = join_later();
    (void)state;
    clients_pass(2 * NS_PER_S);
    remote_expect_close(&remote, CLOSE_INTERNAL_ERROR, "the connection could not be set up");
    expect_notes("timeout");
    close(remote.socket);
}

static void a_deadline_opens_it_where_told(void **state)
{
    (void)state;
    clients.endpoint->loop_setups[0]->chain->stages[0].on_error = ON_ERROR_CONTINUE;
    struct remote remote = join_later();
    remote_send_text(&remote, "one");
    clients_pass(2 * NS_PER_S);
    clients_settle();
    expect_notes("timeout one");
    close(remote.socket);
}

/* -- ended meanwhile -- */

static void whoever_is_closed_is_told_at_once(void **state)
{
    struct remote remote = join_later();
    (void)state;
    current_loop = clients_loop(0);
    client_close(remote.client, CLOSE_GOING_AWAY, "maintenance", 11);
    current_loop = NULL;
    clients_settle();
    remote_expect_close(&remote, CLOSE_GOING_AWAY, "maintenance");
    remote_send_text(&remote, "never");
    remote_send_close(&remote, CLOSE_GOING_AWAY, "");
    decide(SL_CONTINUE, NULL);
    expect_notes("close:1001:server:maintenance");
    remote_expect_gone(&remote);
}

static void what_whoever_has_left_had_sent_is_still_handled(void **state)
{
    struct remote sender = join_later();
    (void)state;
    remote_send_text(&sender, "one");
    close(sender.socket);
    clients_settle();
    assert_true(sender.client->has_left);
    decide(SL_CONTINUE, NULL);
    clients_settle();
    expect_notes("one close:1006:peer:");
    assert_int_equal(clients.left, 1);
}

static void it_has_as_long_as_a_close_may_take(void **state)
{
    (void)state;
    clients.endpoint->loop_setups[0]->chain->stages[0].timeout = 2 * CLIENT_CLOSE_TIMEOUT;
    struct remote sender = join_later();
    close(sender.socket);
    clients_settle();
    assert_int_equal(clients.left, 0);
    clients_pass(CLIENT_CLOSE_TIMEOUT);
    expect_notes("cancel close:1006:peer:");
    assert_int_equal(clients.left, 1);
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), SL_GONE);
}

static void whoever_is_given_up_for_its_input_is_cancelled(void **state)
{
    struct remote remote = join_later();
    (void)state;
    current_loop = clients_loop(0);
    client_give_up_input(remote.client);
    current_loop = NULL;
    clients_settle();
    remote_expect_close(&remote, CLOSE_TRY_AGAIN_LATER, "the server's buffers are full");
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), SL_GONE);
    close(remote.socket);
    clients_settle();
    expect_notes("cancel close:1013:server:the server's buffers are full");
}

/* -- reload -- */

static const struct chain *newest_chain(void)
{
    return clients.endpoint->loop_setups[0]->chain;
}

static void catch_up(struct client *client)
{
    current_loop = clients_loop(0);
    client_catch_up_with_reload(client);
    current_loop = NULL;
}

static void it_changes_over_when_it_is_open_and_before_its_first_message(void **state)
{
    struct remote remote = join_later();
    (void)state;
    remote_send_text(&remote, "one");
    clients_set_up();
    catch_up(remote.client);
    expect_notes("");
    assert_ptr_not_equal(remote.client->seen.chain, newest_chain());
    decide(SL_CONTINUE, NULL);
    clients_settle();
    expect_notes("close:0:server: open one");
    assert_ptr_equal(remote.client->seen.chain, newest_chain());
    close(remote.socket);
}

static void a_reload_s_instance_may_defer_and_is_asked_again_afterwards(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    clients.how.on_reload = ON_RELOAD_RECHECK;
    script.recheck = SL_CONTINUE;
    script.in_open = defer;
    clients_set_up();
    catch_up(remote.client);
    expect_notes("close:0:server: open");
    assert_true(remote.client->is_waiting);
    remote_send_text(&remote, "one");
    clients_settle();
    expect_notes("");
    decide(SL_CONTINUE, NULL);
    clients_settle();
    expect_notes("recheck one");
    close(remote.socket);
}

/* The event that has it change over is no departure. */
static void a_message_that_has_it_change_over_waits(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    script.in_open = defer;
    clients_set_up();
    clients.shards[0].switching = 1;
    remote_send_text(&remote, "one");
    clients_settle();
    clients.shards[0].switching = 0;
    expect_notes("close:0:server: open");
    assert_false(remote.client->has_left);
    decide(SL_CONTINUE, NULL);
    clients_settle();
    expect_notes("one");
    close(remote.socket);
}

/* Its time goes on when it is read again. */
static void a_message_that_has_begun_is_not_late_meanwhile(void **state)
{
    uint8_t frame[32];
    (void)state;
    clients.how.message_timeout = NS_PER_S;
    clients_set_up();
    struct remote remote = remote_join(0);
    size_t len = encode(frame, 0x81, "in parts", 8);
    remote_write(&remote, frame, len - 3);
    clients_settle();
    script.in_open = defer;
    clients_set_up();
    clients.endpoint->loop_setups[0]->chain->stages[0].timeout = 10 * NS_PER_S;
    catch_up(remote.client);
    expect_notes("close:0:server: open");
    remote_write(&remote, frame + len - 3, 3);
    for (unsigned i = 0; i < 5; i++)
        clients_pass(NS_PER_S);
    assert_int_equal(remote.client->state, CLIENT_OPEN);
    decide(SL_CONTINUE, NULL);
    clients_settle();
    expect_notes("in parts");
    close(remote.socket);
}

static void a_message_that_never_ends_is_late_afterwards(void **state)
{
    uint8_t frame[32];
    (void)state;
    clients.how.message_timeout = NS_PER_S;
    clients_set_up();
    struct remote remote = remote_join(0);
    size_t len = encode(frame, 0x81, "in parts", 8);
    remote_write(&remote, frame, len - 3);
    clients_settle();
    script.in_open = defer;
    clients_set_up();
    catch_up(remote.client);
    decide(SL_CONTINUE, NULL);
    clients_pass(2 * NS_PER_S);
    remote_expect_close(&remote, CLOSE_POLICY, "the message was not complete in time");
    close(remote.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(messages_wait_in_their_order),
        clients_test(what_came_with_the_upgrade_waits_in_front),
        clients_test(what_it_holds_is_counted),
        clients_test(it_is_sent_what_goes_to_all),
        clients_test(the_heartbeat_does_not_end_it),
        clients_test(a_refusal_closes_as_it_says_and_drops_what_waited),
        clients_test(a_deadline_closes_with_1011),
        clients_test(a_deadline_opens_it_where_told),
        clients_test(whoever_is_closed_is_told_at_once),
        clients_test(what_whoever_has_left_had_sent_is_still_handled),
        clients_test(it_has_as_long_as_a_close_may_take),
        clients_test(whoever_is_given_up_for_its_input_is_cancelled),
        clients_test(it_changes_over_when_it_is_open_and_before_its_first_message),
        clients_test(a_reload_s_instance_may_defer_and_is_asked_again_afterwards),
        clients_test(a_message_that_has_it_change_over_waits),
        clients_test(a_message_that_has_begun_is_not_late_meanwhile),
        clients_test(a_message_that_never_ends_is_late_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
