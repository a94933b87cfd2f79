/* core/client/trace.c: what is seen of the clients that are meant, and of nobody else. */
#include "client/trace.h"

#include "client/traces.h"
#include "pipeline/hook.h"

static struct sl_ticket ticket;

/* -- whose -- */

static void the_client_that_is_named_and_nobody_else(void **state)
{
    struct remote one = remote_join(0), other = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&one);
    begin(&plan, 1);
    send_text(&other, "from another");
    expect_seen("out 1:12");
    send_text(&one, "mine");
    expect_seen("in 1:4 scripted#1=continue delivered:1");
    clients.how.echo = true;
    send_text(&one, "mine");
    expect_seen("in 1:4 scripted#1=continue delivered:2; out 1:4");
    close(one.socket);
    close(other.socket);
}

static void name_client(struct sl_client *client, struct upgrade *upgrade)
{
    (void)upgrade;
    assert_int_equal(sl_client_identify(client, "ann", 3), OK);
}

static void those_of_an_identity_also_when_they_come_later(void **state)
{
    struct remote bob = remote_join(0);
    (void)state;
    script.in_connect = name_client;
    struct remote ann = remote_join(0);
    struct trace_plan plan = plan_of(NULL);
    strcpy(plan.filter.identity, "ann");
    begin(&plan, 1);
    struct remote later = remote_join(0);
    script.in_connect = NULL;
    expect_seen("opened");
    send_text(&bob, "b");
    expect_seen("out 1:1; out 1:1");
    script.message = SL_DROP;
    send_text(&later, "a");
    expect_seen("in 1:1 scripted#1=drop dropped");
    remote_send_close(&later, 1000, "bye");
    clients_settle();
    expect_seen("out 8:2; closed 1000 bye peer");
    assert_false(reading.is_over);
    close(ann.socket);
    clients_settle();
    expect_seen("closed 1006  peer");
    close(bob.socket);
    close(later.socket);
}

/* -- the way of a message -- */

static void set_close(struct sl_client *client, struct message *message)
{
    (void)client;
    close_wish_set(&message->close, 4002, "no", 2);
}

static void each_verdict_has_its_outcome(void **state)
{
    static const struct {
        enum sl_verdict verdict;
        const char *seen;
    } cases[] = {
        {SL_DROP, "in 1:1 scripted#1=drop dropped"},
        {SL_HANDLED, "in 1:1 scripted#1=handled handled"},
        {SL_ERROR, "in 1:1 scripted#1=error failed"},
        {SL_DEFER, "in 1:1 scripted#1=error failed"}, /* without a deferral */
        {(enum sl_verdict)99, "in 1:1 scripted#1=error failed"},
        {SL_CLOSE, "in 1:1 scripted#1=close closes:4002:no; out 8:4"},
    };
    struct remote remote = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    script.in_message = set_close;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        script.message = cases[i].verdict;
        send_text(&remote, "x");
        expect_seen(cases[i].seen);
    }
    close(remote.socket);
    clients_settle();
    expect_seen("closed 4002 no");
    assert_true(reading.is_over);
}

static void close_itself(struct sl_client *client, struct message *message)
{
    (void)message;
    client_close(client_of(client), 4003, "gone", 4);
}

static void a_hook_that_closes_its_client_is_seen(void **state)
{
    struct remote remote = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    script.in_message = close_itself;
    send_text(&remote, "x");
    expect_seen("in 1:1 scripted#1=continue not-open; out 8:6");
    close(remote.socket);
}

static void choose_topic(struct sl_client *client, struct message *message)
{
    (void)client;
    assert_int_equal(message_set_topic(message, "news", 4), OK);
}

static void a_topic_is_named_with_its_subscribers(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    script.in_message = choose_topic;
    send_text(&remote, "x");
    expect_seen("in 1:1 scripted#1=continue delivered:0 topic=news");
    current_loop = clients_loop(0);
    assert_int_equal(topic_subscribe(&remote.client->receiver, "news", 4), OK);
    assert_int_equal(topic_subscribe(&other.client->receiver, "news", 4), OK);
    current_loop = NULL;
    send_text(&remote, "y"); /* without echo: */
    expect_seen("in 1:1 scripted#1=continue delivered:1 topic=news");
    close(remote.socket);
    close(other.socket);
}

static void defer(struct sl_client *client, struct message *message)
{
    (void)message;
    script.message = deferral_begin(hook_instance(), client, NULL, &ticket);
}

static void a_deferral_has_two_parts(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    script.in_message = defer;
    send_text(&remote, "later");
    expect_seen("in 1:5 scripted#1=defer deferred");
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), 0);
    clients_settle();
    expect_seen("resumed 1:5 scripted#1=continue delivered:1");
    send_text(&remote, "late");
    clients_pass(2 * NS_PER_S); /* over its stage's timeout */
    expect_seen("in 1:4 scripted#1=defer deferred; resumed 1:4 scripted#1=error failed");
    send_text(&remote, "left");
    close(remote.socket);
    clients_settle();
    assert_int_equal(deferral_complete(ticket, SL_DROP, NULL), 0);
    clients_settle();
    expect_seen("in 1:4 scripted#1=defer deferred; resumed 1:4 scripted#1=drop dropped; "
                "closed 1006  peer");
    close(other.socket);
}

static void a_reload_in_between_changes_nothing(void **state)
{
    struct remote remote = remote_join(0), other = remote_join(0);
    (void)state;
    struct trace_plan plan = plan_of(&remote);
    begin(&plan, 1);
    script.in_message = defer;
    send_text(&remote, "a");
    clients_set_up();
    script.in_message = NULL;
    script.message = SL_CONTINUE;
    assert_int_equal(deferral_complete(ticket, SL_CONTINUE, NULL), 0);
    clients_settle();
    client_catch_up_with_reload(remote.client);
    clients_run_control(); /* The old instance goes. */
    send_text(&remote, "b");
    expect_seen("in 1:1 scripted#1=defer deferred; resumed 1:1 scripted#1=continue delivered:1; "
                "in 1:1 scripted#1=continue delivered:1");
    close(remote.socket);
    close(other.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        clients_test(the_client_that_is_named_and_nobody_else),
        clients_test(those_of_an_identity_also_when_they_come_later),
        clients_test(each_verdict_has_its_outcome),
        clients_test(a_hook_that_closes_its_client_is_seen),
        clients_test(a_topic_is_named_with_its_subscribers),
        clients_test(a_deferral_has_two_parts),
        clients_test(a_reload_in_between_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
