/*
 * The steps of a scenario.
 */
#include "config/values.h"
#include "workbench/scenario_expect.h"
#include "workbench/situation.h"
#include "workbench/verdict_text.h"

#include <stdlib.h>
#include <string.h>

#define AWAIT 5000 /* ms of real time */

/* A client that is let in, is open. */
static void settle_connect(struct scenario *scenario, const struct yaml_node *arguments,
                           struct sl_client *client, const struct fake_result *result)
{
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    if (expect != NULL)
        expect_connect(expect, client, result);
    else if (result->verdict != SL_CONTINUE && result->verdict != SL_DEFER)
        scenario_fail(arguments, "the client is not let in: %s %d %s",
                      verdict_text(result->verdict), result->code, result->reason);
    if (result->verdict == SL_CONTINUE) {
        fake_open(scenario->instance, client);
    } else if (result->verdict != SL_DEFER) {
        *scenario_find_client(scenario, arguments) = NULL;
        fake_client_destroy(client);
    }
}

/* What plugins before this one have made known about a client. */
static void prepare_client(struct sl_client *client, const struct yaml_node *arguments)
{
    const struct yaml_node *attributes = yaml_node_get(arguments, "attributes");
    const char *identity = scenario_text(arguments, "identity");
    if (identity != NULL)
        fake_client_identify(client, identity);
    for (size_t i = 0; attributes != NULL && i < attributes->count; i++)
        fake_client_describe(client, attributes->entries[i].key,
                             attributes->entries[i].value->text);
}

static void step_connect(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {
        "client",       "address", "path",        "secure",   "headers",    "query", "cookies",
        "subprotocols", "expect",  "certificate", "identity", "attributes", NULL};
    struct fake_upgrade upgrade;
    struct fake_result result;
    scenario_check_keys(arguments, keys);
    scenario_read_upgrade(arguments, &upgrade);
    struct sl_client *client = fake_client_create(&upgrade);
    scenario_put_client(scenario, arguments, client);
    prepare_client(client, arguments);
    fake_connect(scenario->instance, client, &result);
    settle_connect(scenario, arguments, client, &result);
    fake_result_release(&result);
}

/* One whose messages do not wait. */
static struct sl_client *need_open_client(struct scenario *scenario,
                                          const struct yaml_node *arguments)
{
    struct sl_client *client = scenario_need_client(scenario, arguments);
    if (fake_is_opening(client))
        scenario_fail(arguments,
                      "'%s' waits for what on_open has deferred, and its messages wait with it: "
                      "await it first",
                      scenario_client_name(arguments));
    return client;
}

static void step_send(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "text",   "json", "binary",
                                       "repeat", "expect", NULL};
    struct fake_result result;
    struct scenario_message message;
    scenario_check_keys(arguments, keys);
    struct sl_client *client = need_open_client(scenario, arguments);
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    const char *repeat = scenario_text(arguments, "repeat");
    scenario_read_message(arguments, &message);
    long times = repeat != NULL ? strtol(repeat, NULL, 10) : 1;
    for (long i = 0; i < times; i++) {
        fake_message(scenario->instance, client, message.type, message.data, message.len, &result);
        if (expect != NULL)
            expect_message(expect, &result, message.data, message.len);
        if (result.verdict == SL_DEFER)
            scenario_keep_sent(scenario, arguments, message.data, message.len);
        fake_result_release(&result);
    }
    free(message.data);
}

/* As the message was when it was sent. */
static void expect_deferred(struct scenario *scenario, const struct yaml_node *arguments,
                            const struct fake_result *result)
{
    size_t len;
    const char *sent = scenario_sent(scenario, arguments, &len);
    expect_message(yaml_node_get(arguments, "expect"), result, sent, len);
}

/* Another plugin subscribes the client: on_subscribe is asked. */
static void step_subscribe(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "topic", "expect", NULL};
    scenario_check_keys(arguments, keys);
    struct sl_client *client = scenario_need_client(scenario, arguments);
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    const char *topic = scenario_text(arguments, "topic");
    struct fake_result result = {.verdict = fake_subscribe(client, topic != NULL ? topic : "")};
    if (result.verdict == SL_ERROR)
        scenario_fail(arguments, "subscribe needs a topic: 1 to 255 bytes of UTF-8");
    if (expect != NULL)
        expect_message(expect, &result, NULL, 0);
}

/* NULL for `client: null`. */
static struct sl_client *client_or_none(struct scenario *scenario,
                                        const struct yaml_node *arguments)
{
    const struct yaml_node *name = yaml_node_get(arguments, "client");
    return name != NULL && yaml_node_is_null(name) ? NULL
                                                   : scenario_need_client(scenario, arguments);
}

/* Another plugin publishes in a hook of the client, or (client: null) where there is none:
 * on_publish is asked. */
static void step_publish(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "topic", "text", "json", "binary", "expect", NULL};
    struct fake_result result;
    struct scenario_message message;
    scenario_check_keys(arguments, keys);
    struct sl_client *client = client_or_none(scenario, arguments);
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    const char *topic = scenario_text(arguments, "topic");
    scenario_read_message(arguments, &message);
    fake_publish(scenario->instance, client, topic != NULL ? topic : "", message.type, message.data,
                 message.len, &result);
    if (result.data == NULL)
        scenario_fail(arguments, "publish needs a topic, 1 to 255 bytes of UTF-8, and UTF-8 as "
                                 "its text");
    if (expect != NULL)
        expect_message(expect, &result, message.data, message.len);
    fake_result_release(&result);
    free(message.data);
}

/* Another plugin emits an event, in a hook of the client, or (client: null) about none. */
static void step_emit(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "name",   "emitter", "text",
                                       "json",   "binary", "expect",  NULL};
    struct scenario_message payload;
    scenario_check_keys(arguments, keys);
    struct sl_client *client = client_or_none(scenario, arguments);
    const char *name = scenario_text(arguments, "name");
    const char *emitter = scenario_text(arguments, "emitter");
    const char *expect = scenario_text(arguments, "expect");
    scenario_read_message(arguments, &payload);
    int found = fake_emit(scenario->instance, emitter != NULL ? emitter : "another#1", client,
                          sl_string_of(name != NULL ? name : ""),
                          (struct sl_string){payload.data, payload.len});
    free(payload.data);
    if (found < 0)
        scenario_fail(arguments, "emit needs a name, 1 to 255 bytes of UTF-8, and a payload of at "
                                 "most 64 KiB");
    if (expect != NULL && strcmp(expect, "heard") != 0 && strcmp(expect, "ignored") != 0)
        scenario_fail(arguments, "expect of an event: heard or ignored");
    if ((expect == NULL || strcmp(expect, "heard") == 0) != (found > 0))
        scenario_fail(arguments, "the plugin %s to events '%s'",
                      found > 0 ? "listens" : "does not listen", name);
}

static void step_await(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "expect", NULL};
    struct fake_result result;
    scenario_check_keys(arguments, keys);
    struct sl_client *client = scenario_need_client(scenario, arguments);
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    if (!fake_is_deferred(client))
        scenario_fail(arguments, "nothing of '%s' is deferred", scenario_client_name(arguments));
    bool is_connecting = !fake_client_is_open(client);
    if (!fake_await(client, AWAIT, &result)) {
        fake_check_forgotten(client);
        scenario_fail(arguments,
                      "nobody has given the verdict (does it need 'advance'? Threads of the plugin "
                      "have %d s of real time)",
                      AWAIT / 1000);
    }
    if (is_connecting)
        settle_connect(scenario, arguments, client, &result);
    else if (expect != NULL)
        expect_deferred(scenario, arguments, &result);
    fake_result_release(&result);
}

static void step_disconnect(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "code", NULL};
    scenario_check_keys(arguments, keys);
    struct sl_client *client = scenario_need_client(scenario, arguments);
    const char *code = scenario_text(arguments, "code");
    bool is_open = fake_client_is_open(client);
    *scenario_find_client(scenario, arguments) = NULL;
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    if (is_open)
        fake_close(scenario->instance, client, code != NULL ? atoi(code) : 1000, true);
    fake_client_destroy(client);
}

static void step_advance(struct scenario *scenario, const struct yaml_node *arguments)
{
    int64_t by = 0;
    (void)scenario;
    if (arguments->kind != NODE_SCALAR || duration_parse(arguments->text, &by) != 0)
        scenario_fail(arguments, "advance needs a duration, like 250ms or 5s");
    fake_advance(by);
}

/* A watched descriptor gets ready. */
static void step_poll(struct scenario *scenario, const struct yaml_node *arguments)
{
    int64_t most = 0;
    (void)scenario;
    if (arguments->kind != NODE_SCALAR || duration_parse(arguments->text, &most) != 0 ||
        most > 60 * INT64_C(1000000000))
        scenario_fail(arguments, "poll needs a duration of real time, like 2s, up to 60s");
    if (!fake_poll((int)(most / 1000000)))
        scenario_fail(arguments, "no descriptor that the plugin has watched is ready");
}

static void step_run_offloaded(struct scenario *scenario, const struct yaml_node *arguments)
{
    (void)scenario;
    (void)arguments;
    fake_run_offloaded();
}

static void step_fail_allocation(struct scenario *scenario, const struct yaml_node *arguments)
{
    (void)scenario;
    if (arguments->kind != NODE_SCALAR)
        scenario_fail(arguments, "fail_allocation needs a number: 1 is the next one");
    fake_fail_allocation(strtoul(arguments->text, NULL, 10));
}

/* What the plugin says, or has said in vain, is as it was expected. */
static void check_refusal(const struct yaml_node *arguments, const char *hook, bool is_refused)
{
    const char *error = scenario_text(arguments, "expect_error");
    if (is_refused && error == NULL)
        scenario_fail(arguments, "%s refused: %s", hook, fake_failure());
    if (!is_refused && error != NULL)
        scenario_fail(arguments, "%s was expected to refuse", hook);
    if (is_refused && strstr(fake_failure(), error) == NULL)
        scenario_fail(arguments, "%s refused with '%s', which does not contain '%s'", hook,
                      fake_failure(), error);
}

/* A new instance takes the place of the one that is there, as in the server. */
static void replace_instance(struct scenario *scenario, const struct yaml_node *arguments,
                             const struct yaml_node *options)
{
    const char *endpoint = fake_instance_seen(scenario->instance)->endpoint;
    for (size_t i = 0; i < scenario->client_count; i++)
        if (scenario->clients[i].client != NULL && fake_is_deferred(scenario->clients[i].client))
            scenario_fail(arguments,
                          "'%s' waits for a verdict, and the server carries it over when that "
                          "has come: await it first",
                          scenario->clients[i].name);
    struct fake_instance *instance = fake_instance_create(scenario->plugin, options, endpoint);
    check_refusal(arguments, "create", instance == NULL);
    if (instance == NULL)
        return;
    fake_instance_replace(scenario->instance, instance);
    scenario->instance = instance;
    scenario->options = options;
}

static void expect_reload(const struct yaml_node *arguments, enum fake_reload found)
{
    const char *expected = scenario_text(arguments, "expect");
    const char *text = found == FAKE_RELOAD_TAKEN ? "taken" : "replaced";
    if (expected != NULL && strcmp(expected, "taken") != 0 && strcmp(expected, "replaced") != 0)
        scenario_fail(arguments, "expect of a reload: taken or replaced");
    if (expected != NULL && strcmp(expected, text) != 0)
        scenario_fail(arguments, "expected '%s', found '%s': on_reload %s", expected, text,
                      found == FAKE_RELOAD_TAKEN ? "took the options" : "asked for a new instance");
}

static void step_reload(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"options", "expect", "expect_error", NULL};
    const struct yaml_node *options = yaml_node_get(arguments, "options");
    scenario_check_keys(arguments, keys);
    if (scenario->plugin->table.on_reload == NULL)
        scenario_fail(arguments, "the plugin has no on_reload: it gets a new instance, see the "
                                 "step 'replace'");
    enum fake_reload found = fake_instance_reload(scenario->instance, options);
    if (found == FAKE_RELOAD_WANTS_NEW)
        replace_instance(scenario, arguments, options);
    else
        check_refusal(arguments, "on_reload", found == FAKE_RELOAD_REFUSED);
    if (found != FAKE_RELOAD_REFUSED)
        expect_reload(arguments, found);
    if (found == FAKE_RELOAD_TAKEN)
        scenario->options = options;
}

static void step_replace(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"options", "expect_error", NULL};
    const struct yaml_node *options = yaml_node_get(arguments, "options");
    scenario_check_keys(arguments, keys);
    replace_instance(scenario, arguments, options != NULL ? options : scenario->options);
}

static const struct {
    const char *name;
    void (*run)(struct scenario *scenario, const struct yaml_node *arguments);
} steps[] = {
    {"connect", step_connect},
    {"send", step_send},
    {"subscribe", step_subscribe},
    {"publish", step_publish},
    {"emit", step_emit},
    {"await", step_await},
    {"disconnect", step_disconnect},
    {"advance", step_advance},
    {"poll", step_poll},
    {"run_offloaded", step_run_offloaded},
    {"fail_allocation", step_fail_allocation},
    {"reload", step_reload},
    {"replace", step_replace},
    {"expect_sent", step_expect_sent},
    {"expect_nothing_sent", step_expect_nothing_sent},
    {"expect_closed", step_expect_closed},
    {"expect_broadcast", step_expect_broadcast},
    {"expect_publish", step_expect_publish},
    {"expect_emit", step_expect_emit},
    {"expect_subscribed", step_expect_subscribed},
    {"expect_not_subscribed", step_expect_not_subscribed},
    {"expect_log", step_expect_log},
    {"expect_metric", step_expect_metric},
};
#define STEP_COUNT (sizeof steps / sizeof *steps)

void scenario_step(struct scenario *scenario, const struct yaml_node *step)
{
    const char *names[STEP_COUNT + 1] = {NULL};
    for (size_t i = 0; i < STEP_COUNT; i++)
        names[i] = steps[i].name;
    scenario_check_keys(step, names);
    if (step->count != 1)
        scenario_fail(step, "a step has exactly one key, such as 'connect' or 'send'");
    situation_doing("%s:%u: %s", step->position.file, step->position.line, step->entries[0].key);
    for (size_t i = 0; i < STEP_COUNT; i++)
        if (strcmp(steps[i].name, step->entries[0].key) == 0)
            steps[i].run(scenario, step->entries[0].value);
}
