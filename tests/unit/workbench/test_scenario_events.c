#include "workbench.h"

#include "workbench/scenario.h"

static struct scenario scenario;

/* Makes a client, and things that a plugin has done. */
static void begin(void)
{
    situation_begin_host();
    scenario.instance = instance_with((struct sl_plugin){.flags = 0});
    struct sl_instance *self = fake_instance_seen(scenario.instance);
    const struct sl_host *host = self->host;
    struct sl_client *ada = fake_client_create(NULL), *bob = fake_client_create(NULL);
    scenario_put_client(&scenario, yaml_of("{client: ada}"), ada);
    scenario_put_client(&scenario, yaml_of("{client: bob}"), bob);
    host->send(self, fake_client_number(ada), SL_TEXT, "one", 3);
    host->send(self, fake_client_number(ada), SL_TEXT, "{\"n\": 2}", 8);
    host->close(self, fake_client_number(bob), 4000, "Bye");
    host->broadcast(self, "/other", SL_TEXT, "all", 3);
    host->publish(self, NULL, "news", 4, SL_TEXT, "new", 3);
    host->event_emit(self, NULL, sl_string_of("came"), sl_string_of("ada"));
    host->log(self, SL_LOG_INFO, "starting", 8);
    host->log(self, SL_LOG_WARN, "something is odd", 16);
}

static void run(void *steps)
{
    begin();
    const struct yaml_node *list = yaml_of(steps);
    for (size_t i = 0; i < list->count; i++)
        scenario_step(&scenario, list->entries[i].value);
}

static void events_are_taken_in_their_order_each_once(void **state)
{
    (void)state;
    assert_passes(run, (char[]){"- expect_sent: {client: ada, text: one}\n"
                                "- expect_sent: {client: ada, json: '{\"n\":2}'}\n"
                                "- expect_nothing_sent: {client: ada}\n"
                                "- expect_nothing_sent: {client: bob}\n"
                                "- expect_closed: {client: bob, code: 4000, text: Bye}\n"
                                "- expect_broadcast: {endpoint: /other, text: all}\n"
                                "- expect_publish: {topic: news, contains: ew}\n"
                                "- expect_emit: {name: came, text: ada}\n"});
    assert_fails(run, (char[]){"- expect_sent: {client: ada, json: '{\"n\":2}'}\n"},
                 "json: expected");
    assert_fails(run, (char[]){"- expect_closed: {client: bob}\n- expect_closed: {client: bob}\n"},
                 "nothing has closed the client");
}

static void log_lines_are_found_by_level_and_text(void **state)
{
    (void)state;
    assert_passes(run, (char[]){"- expect_log: {level: warn, contains: odd}\n"
                                "- expect_log: {contains: start}\n"});
    assert_fails(run, (char[]){"- expect_log: {level: error}\n"}, "nothing was logged");
    assert_fails(run, (char[]){"- expect_log: {contains: even}\n"}, "nothing was logged with even");
}

static void what_did_not_happen_is_a_failure(void **state)
{
    (void)state;
    assert_fails(run, (char[]){"- expect_sent: {client: bob}\n"}, "nothing was sent to the client");
    assert_fails(run, (char[]){"- expect_nothing_sent: {client: ada}\n"}, "'one' was sent to the");
    assert_fails(run, (char[]){"- expect_broadcast: {endpoint: /ws}\n"}, "nothing was broadcast");
    assert_fails(run, (char[]){"- expect_publish: {topic: olds}\n"}, "nothing was published");
    assert_fails(run, (char[]){"- expect_emit: {name: went}\n"}, "nothing was emitted");
    assert_fails(run, (char[]){"- expect_metric: {name: things}\n"}, "has no metric 'things'");
    assert_fails(run, (char[]){"- expect_sent: {client: ada, code: 3}\n"}, "unknown key 'code'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_taken_in_their_order_each_once),
        cmocka_unit_test(log_lines_are_found_by_level_and_text),
        cmocka_unit_test(what_did_not_happen_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
