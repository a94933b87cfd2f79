#include "client/remotes.h"

#include "failing_memory.h"
#include "pipeline/hook.h"

static struct sl_ticket ticket;

static void defer(struct sl_client *client, struct message *message)
{
    (void)message;
    script.message = deferral_begin(hook_instance(), client, NULL, &ticket);
    assert_int_equal(script.message, SL_DEFER);
}

static void decide(enum sl_verdict verdict)
{
    assert_int_equal(deferral_complete(ticket, verdict, NULL), 0);
    clients_settle();
}

/* -- waiting -- */

static void a_client_that_waits_is_not_read(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    client_wait(sender.client);
    remote_send_text(&sender, "one");
    clients_settle();
    remote_expect_nothing(&other);
    expect_notes("");
    client_stop_waiting(sender.client);
    clients_settle();
    remote_expect_text(&other, "one");
    close(sender.socket);
    close(other.socket);
}

static void what_came_behind_a_deferred_message_waits_behind_it(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    script.in_message = defer;
    remote_send_text(&sender, "one");
    remote_send_text(&sender, "two");
    remote_send_text(&sender, "three");
    clients_settle();
    expect_notes("one");
    assert_true(memory_account_bytes(&clients.set.input) > 0);
    script = (struct script){.message = SL_CONTINUE};
    decide(SL_CONTINUE);
    remote_expect_text(&other, "one");
    remote_expect_text(&other, "two");
    remote_expect_text(&other, "three");
    expect_notes("two three");
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    close(sender.socket);
    close(other.socket);
}

static void one_deferral_may_follow_the_other(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    script.in_message = defer;
    remote_send_text(&sender, "one");
    remote_send_text(&sender, "two");
    remote_send_text(&sender, "three");
    clients_settle();
    decide(SL_CONTINUE);
    expect_notes("one two");
    decide(SL_DROP);
    expect_notes("three");
    decide(SL_CONTINUE);
    remote_expect_text(&other, "one");
    remote_expect_text(&other, "three");
    remote_expect_nothing(&other);
    assert_int_equal(memory_account_bytes(&clients.set.input), 0);
    close(sender.socket);
    close(other.socket);
}

/* -- leaving meanwhile -- */

static void messages_of_one_that_has_left_are_still_decided(void **state)
{
    struct remote sender = remote_join(0), other = remote_join(0);
    (void)state;
    script.in_message = defer;
    remote_send_text(&sender, "one");
    remote_send_text(&sender, "two");
    clients_settle();
    close(sender.socket);
    clients_settle();
    assert_true(sender.client->has_left);
    assert_int_equal(clients.left, 0);
    script = (struct script){.message = SL_CONTINUE};
    decide(SL_CONTINUE);
    clients_settle();
    remote_expect_text(&other, "one");
    remote_expect_text(&other, "two");
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients_drops(DROP_SENDER_GONE), 0);
    close(other.socket);
}

static void they_have_as_long_as_a_close_may_take(void **state)
{
    struct remote sender = remote_join(0);
    (void)state;
    clients.endpoint->loop_setups[0]->chain->stages[0].timeout = 2 * CLIENT_CLOSE_TIMEOUT;
    script.in_message = defer;
    remote_send_text(&sender, "one");
    clients_settle();
    close(sender.socket);
    clients_settle();
    assert_int_equal(clients.left, 0);
    clients_pass(CLIENT_CLOSE_TIMEOUT / 2);
    client_on_departure(sender.client); /* Told again: its time does not begin anew. */
    clients_pass(CLIENT_CLOSE_TIMEOUT / 2);
    assert_int_equal(clients.left, 1);
    assert_int_equal(clients_drops(DROP_SENDER_GONE), 1);
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), SL_GONE);
}

static void whoever_is_closing_already_is_lost_at_once(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_wait(remote.client);
    client_close(remote.client, CLOSE_NORMAL, "", 0);
    close(remote.socket);
    clients_settle();
    assert_int_equal(clients.left, 1);
}

/* -- turns -- */

static void a_turn_comes_when_the_others_have_been_looked_at(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_wait_for_turn(remote.client);
    assert_true(remote.client->is_waiting);
    assert_int_equal(counter_read(&clients.shards[0].stats.input_pauses), 1);
    remote_send_text(&remote, "one");
    clients_iterate(0);
    assert_false(remote.client->is_waiting);
    clients_iterate(0);
    expect_notes("one");
    close(remote.socket);
}

static void whoever_is_gone_has_no_turn(void **state)
{
    struct remote remote = remote_join(0), later;
    (void)state;
    client_wait_for_turn(remote.client);
    client_abort(remote.client);
    clients_settle();
    later = remote_join(0); /* In the same slot, but another one. */
    assert_false(later.client->is_pausing);
    close(remote.socket);
    close(later.socket);
}

static void a_turn_is_not_one_of_a_loop_that_has_ended(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    client_wait_for_turn(remote.client);
    loop_deliver_rest(clients_loop(0)); /* On the thread that tears the server down. */
    assert_true(remote.client->is_waiting);
    close(remote.socket);
}

static void without_memory_nobody_waits_for_a_turn(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    fail_allocation(1);
    client_wait_for_turn(remote.client);
    assert_true(end_failing_allocations());
    assert_false(remote.client->is_waiting);
    assert_int_equal(counter_read(&clients.shards[0].stats.input_pauses), 0);
    close(remote.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(a_client_that_waits_is_not_read),
        clients_test(what_came_behind_a_deferred_message_waits_behind_it),
        clients_test(one_deferral_may_follow_the_other),
        clients_test(messages_of_one_that_has_left_are_still_decided),
        clients_test(they_have_as_long_as_a_close_may_take),
        clients_test(whoever_is_closing_already_is_lost_at_once),
        clients_test(a_turn_comes_when_the_others_have_been_looked_at),
        clients_test(whoever_is_gone_has_no_turn),
        clients_test(a_turn_is_not_one_of_a_loop_that_has_ended),
        clients_test(without_memory_nobody_waits_for_a_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
