#include "workbench.h"

#include "workbench/scenario.h"

/* A plugin that denies strangers, counts, defers on demand and says what it does. */
static struct sl_ticket ticket;
static const struct sl_host *host;

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct sl_string token;
    host = self->host;
    if (!host->request_query(request, "token", &token))
        return host->deny(request, 401, "Who are you?");
    return host->identify(self, client, token.data, token.len) == 0 ? SL_CONTINUE : SL_ERROR;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    if (message->type == SL_BINARY)
        return message->len == 3 && message->data[2] == '\3' ? SL_DROP : SL_ERROR;
    if (message->len == 4 && memcmp(message->data, "wait", 4) == 0)
        return self->host->defer(self, client, NULL, &ticket);
    self->host->client_send(client, SL_TEXT, "{\"got\": 1}", 10);
    self->host->publish(self, NULL, "news", 4, SL_TEXT, "new", 3);
    self->host->broadcast(self, NULL, SL_TEXT, "all", 3);
    self->host->log(self, SL_LOG_WARN, "a message came", 14);
    return SL_HANDLED;
}

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    (void)self, (void)timer, (void)tag;
    host->complete(ticket, SL_DROP, NULL);
}

static int create(struct sl_instance *self)
{
    struct sl_metric *metric =
        self->host->metric(self, SL_COUNTER, "instances", "Instances", NULL, 0);
    self->host->metric_add(metric, 1);
    self->host->timer_start(self, 1000000000, 0, 0);
    return self->host->event_listen(self, sl_string_of("came"));
}

static void on_event(struct sl_instance *self, struct sl_client *client,
                     const struct sl_event *event)
{
    (void)self;
    REQUIRE((client != NULL) == (event->payload.len > 0));
}

static int reload_answer = SL_ERROR;

static int on_reload(struct sl_instance *self)
{
    if (reload_answer == SL_ERROR)
        self->host->fail(self, "not now", 7);
    return reload_answer;
}

/* How often each hook was called about a client that a new instance has taken over. */
static unsigned left, entered, handed_over;

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    entered += !self->host->client_is_new(client);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)self, (void)client;
    left += how->code == 0;
}

static void on_handover(struct sl_instance *self, const struct sl_handover *from)
{
    (void)self, (void)from;
    REQUIRE(left == entered); /* Nothing of the old one runs any more. */
    handed_over++;
}

/* Runs the steps of a YAML list. */
static void run(void *steps)
{
    static struct scenario scenario;
    situation_begin_host();
    scenario.plugin = plugin_with((struct sl_plugin){.create = create,
                                                     .on_open = on_open,
                                                     .on_close = on_close,
                                                     .on_handover = on_handover,
                                                     .on_connect = on_connect,
                                                     .on_message = on_message,
                                                     .on_timer = on_timer,
                                                     .on_event = on_event,
                                                     .on_reload = on_reload});
    scenario.instance = fake_instance_create(scenario.plugin, NULL, "/ws");
    const struct yaml_node *list = yaml_of(steps);
    for (size_t i = 0; i < list->count; i++)
        scenario_step(&scenario, list->entries[i].value);
}

#define CONNECTED "- connect: {query: {token: ada}, expect: {identity: ada}}\n"

static void clients_connect_send_and_leave(void **state)
{
    (void)state;
    assert_passes(run, (char[]){CONNECTED "- send: {text: hi, expect: handled}\n"
                                          "- send: {binary: AQID, expect: drop}\n"
                                          "- send: {text: hi, repeat: 3, expect: handled}\n"
                                          "- disconnect: {code: 1001}\n"
                                          "- connect: {expect: {verdict: deny, status: 401}}\n" //
                                CONNECTED});
}

static void events_are_heard_or_ignored(void **state)
{
    (void)state;
    assert_passes(run, (char[]){CONNECTED "- emit: {name: came, text: ada}\n"
                                          "- emit: {client: null, name: came, text: ''}\n"
                                          "- emit: {name: went, text: x, expect: ignored}\n"});
    assert_fails(run, (char[]){CONNECTED "- emit: {name: went, text: x}\n"},
                 "the plugin does not listen to events 'went'");
    assert_fails(run, (char[]){CONNECTED "- emit: {name: came, text: x, expect: ignored}\n"},
                 "the plugin listens to events 'came'");
    assert_fails(run, (char[]){CONNECTED "- emit: {text: x}\n"}, "emit needs a name");
    assert_fails(run, (char[]){CONNECTED "- emit: {name: came, text: x, expect: seen}\n"},
                 "heard or ignored");
}

static void what_was_deferred_is_awaited(void **state)
{
    (void)state;
    assert_passes(run, (char[]){CONNECTED "- send: {text: wait, expect: defer}\n"
                                          "- advance: 1s\n"
                                          "- await: {expect: drop}\n"});
    assert_fails(run, (char[]){CONNECTED "- await: {}\n"}, "nothing of 'client' is deferred");
}

static void steps_that_go_wrong_say_where(void **state)
{
    (void)state;
    assert_fails(run, (char[]){"- connect: {}\n"}, "the client is not let in: deny 401 Who are");
    assert_fails(run, (char[]){CONNECTED "- send: {text: hi, expect: drop}\n"},
                 "test.yaml:2:28: verdict: expected 'drop', found 'handled'");
    assert_fails(run, (char[]){CONNECTED "- send: {}\n"}, "a message needs text, json or binary");
    assert_fails(run, (char[]){CONNECTED "- send: {binary: '?'}\n"}, "this is not base64");
    assert_fails(run, (char[]){"- send: {text: hi}\n"}, "there is no client 'client' here");
    assert_fails(run, (char[]){"- advance: soon\n"}, "advance needs a duration");
    assert_fails(run, (char[]){"- advance: [1s]\n"}, "advance needs a duration");
    assert_fails(run, (char[]){"- fail_allocation: {}\n"}, "fail_allocation needs a number");
    assert_fails(run, (char[]){"- conect: {}\n"}, "did you mean 'connect'?");
    assert_fails(run, (char[]){"- {advance: 1s, run_offloaded: {}}\n"}, "exactly one key");
}

static void a_reload_may_be_expected_to_fail(void **state)
{
    (void)state;
    assert_passes(run, (char[]){"- reload: {options: {}, expect_error: not now}\n"});
    assert_fails(run, (char[]){"- reload: {options: {}}\n"}, "on_reload refused: not now");
    assert_fails(run, (char[]){"- reload: {expect_error: later}\n"}, "does not contain 'later'");
}

static void a_reload_may_be_answered_with_a_new_instance(void **state)
{
    (void)state;
    reload_answer = SL_RELOAD_REPLACE;
    assert_passes(run, (char[]){CONNECTED "- reload: {options: {}, expect: replaced}\n"
                                          "- send: {text: hi, expect: handled}\n"});
    assert_fails(run, (char[]){"- reload: {expect: taken}\n"},
                 "expected 'taken', found 'replaced': on_reload asked for a new instance");
    assert_fails(run, (char[]){"- reload: {expect: new}\n"}, "taken or replaced");
    reload_answer = 0;
    assert_passes(run, (char[]){"- reload: {expect: taken}\n"});
    assert_fails(run, (char[]){"- reload: {expect: replaced}\n"}, "on_reload took the options");
    reload_answer = 1;
    assert_fails(run, (char[]){"- reload: {}\n"}, "on_reload returned 1: it returns 0, SL_ERROR");
    reload_answer = SL_ERROR;
}

/* With two clients, one of which has left. */
static void replace_and_count(void *unused)
{
    (void)unused;
    run((char[]){CONNECTED "- connect: {client: two, query: {token: bob}}\n"
                           "- disconnect: {client: two}\n"
                           "- replace: {}\n"
                           "- send: {text: hi, expect: handled}\n"
                           "- replace: {options: {}}\n"
                           "- send: {text: hi, expect: handled}\n"});
    REQUIRE(left == 2);
    REQUIRE(entered == 2);
    REQUIRE(handed_over == 2);
}

static void a_new_instance_takes_clients_over(void **state)
{
    (void)state;
    assert_passes(replace_and_count, NULL);
}

static void one_that_is_not_created_replaces_nobody(void **state)
{
    (void)state;
    assert_passes(run,
                  (char[]){CONNECTED "- replace: {options: {x: 1}, expect_error: has no option}\n"
                                     "- send: {text: hi, expect: handled}\n"});
    assert_fails(run, (char[]){"- replace: {options: {x: 1}}\n"}, "create refused: ");
    assert_fails(run, (char[]){"- replace: {expect_error: never}\n"},
                 "create was expected to refuse");
    assert_fails(run,
                 (char[]){CONNECTED "- send: {text: wait, expect: defer}\n"
                                    "- replace: {}\n"},
                 "'client' waits for a verdict");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_connect_send_and_leave),
        cmocka_unit_test(events_are_heard_or_ignored),
        cmocka_unit_test(what_was_deferred_is_awaited),
        cmocka_unit_test(steps_that_go_wrong_say_where),
        cmocka_unit_test(a_reload_may_be_expected_to_fail),
        cmocka_unit_test(a_reload_may_be_answered_with_a_new_instance),
        cmocka_unit_test(a_new_instance_takes_clients_over),
        cmocka_unit_test(one_that_is_not_created_replaces_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
