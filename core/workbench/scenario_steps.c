/*
 * The steps of a scenario.
 */
#include "base/base64.h"
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

/* The message that a step sends. */
struct outgoing {
    enum sl_message_type type;
    const char *data;
    size_t len;
    char *owned; /* NULL, or what `data` is in */
};

static void read_outgoing(const struct yaml_node *arguments, struct outgoing *out)
{
    const char *binary = scenario_text(arguments, "binary");
    const char *text = scenario_text(arguments, "text");
    if (text == NULL)
        text = scenario_text(arguments, "json");
    if (text == NULL && binary == NULL)
        scenario_fail(arguments, "send needs text, json or binary");
    *out = (struct outgoing){.type = SL_TEXT, .data = text};
    if (binary == NULL) {
        out->len = strlen(text);
        return;
    }
    if (base64_decode(binary, &out->owned, &out->len) != OK)
        scenario_fail(yaml_node_get(arguments, "binary"), "binary: this is not base64");
    out->type = SL_BINARY;
    out->data = out->owned;
}

static void step_send(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "text",   "json", "binary",
                                       "repeat", "expect", NULL};
    struct fake_result result;
    struct outgoing message;
    scenario_check_keys(arguments, keys);
    struct sl_client *client = scenario_need_client(scenario, arguments);
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    const char *repeat = scenario_text(arguments, "repeat");
    read_outgoing(arguments, &message);
    long times = repeat != NULL ? strtol(repeat, NULL, 10) : 1;
    for (long i = 0; i < times; i++) {
        fake_message(scenario->instance, client, message.type, message.data, message.len, &result);
        if (expect != NULL)
            expect_message(expect, &result, message.data, message.len);
        fake_result_release(&result);
    }
    free(message.owned);
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
    if (!fake_await(client, AWAIT, &result))
        scenario_fail(arguments, "no verdict within %d s of real time (does it need 'advance'?)",
                      AWAIT / 1000);
    if (is_connecting)
        settle_connect(scenario, arguments, client, &result);
    else if (expect != NULL)
        expect_message(expect, &result, NULL, 0);
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

static void step_reload(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"options", "expect_error", NULL};
    scenario_check_keys(arguments, keys);
    const char *error = scenario_text(arguments, "expect_error");
    if (scenario->plugin->table.on_reload == NULL)
        scenario_fail(arguments, "the plugin has no on_reload");
    bool taken = fake_instance_reload(scenario->instance, yaml_node_get(arguments, "options"));
    if (!taken && error == NULL)
        scenario_fail(arguments, "on_reload refused: %s", fake_failure());
    if (taken && error != NULL)
        scenario_fail(arguments, "on_reload was expected to refuse");
    if (!taken && strstr(fake_failure(), error) == NULL)
        scenario_fail(arguments, "on_reload refused with '%s', which does not contain '%s'",
                      fake_failure(), error);
}

static const struct {
    const char *name;
    void (*run)(struct scenario *scenario, const struct yaml_node *arguments);
} steps[] = {
    {"connect", step_connect},
    {"send", step_send},
    {"await", step_await},
    {"disconnect", step_disconnect},
    {"advance", step_advance},
    {"run_offloaded", step_run_offloaded},
    {"fail_allocation", step_fail_allocation},
    {"reload", step_reload},
    {"expect_sent", step_expect_sent},
    {"expect_nothing_sent", step_expect_nothing_sent},
    {"expect_closed", step_expect_closed},
    {"expect_broadcast", step_expect_broadcast},
    {"expect_publish", step_expect_publish},
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
