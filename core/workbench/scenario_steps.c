/*
 * The steps of a scenario.
 */
#include "workbench/scenario.h"

#include "config/values.h"
#include "workbench/situation.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AWAIT 5000 /* ms of real time */

static const char *const verdict_names[] = {"error", "continue", "drop", "handled",
                                            "close", "deny",     "defer"};

static const char *verdict_name(enum sl_verdict verdict)
{
    return verdict_names[verdict + 1];
}

/* -- clients -- */

static void read_pairs(const struct yaml_node *mapping, struct fake_pairs *out)
{
    for (size_t i = 0; mapping != NULL && i < mapping->count; i++) {
        const struct yaml_node *value = mapping->entries[i].value;
        if (mapping->kind != NODE_MAPPING || value->kind != NODE_SCALAR)
            scenario_fail(value, "expected names with a text each");
        if (out->count == FAKE_PAIRS_MAX)
            scenario_fail(value, "more than %d of these", FAKE_PAIRS_MAX);
        out->names[out->count] = mapping->entries[i].key;
        out->values[out->count++] = value->text;
    }
}

void scenario_read_arrival(const struct yaml_node *step, struct fake_arrival *out)
{
    const struct yaml_node *offers = yaml_node_get(step, "subprotocols");
    const char *secure = scenario_text(step, "secure");
    *out = (struct fake_arrival){.address = scenario_text(step, "address"),
                                 .path = scenario_text(step, "path"),
                                 .secure = secure != NULL && strcmp(secure, "true") == 0};
    read_pairs(yaml_node_get(step, "headers"), &out->headers);
    read_pairs(yaml_node_get(step, "query"), &out->query);
    read_pairs(yaml_node_get(step, "cookies"), &out->cookies);
    read_pairs(yaml_node_get(step, "certificate"), &out->certificate);
    for (size_t i = 0; offers != NULL && i < offers->count && i < 8; i++)
        out->subprotocols[out->subprotocol_count++] = offers->entries[i].value->text;
}

static const char *client_name(const struct yaml_node *arguments)
{
    const char *name = scenario_text(arguments, "client");
    return name != NULL ? name : "client";
}

static struct sl_client **find_client(struct scenario *scenario, const struct yaml_node *arguments)
{
    const char *name = client_name(arguments);
    for (size_t i = 0; i < scenario->client_count; i++)
        if (strcmp(scenario->clients[i].name, name) == 0)
            return &scenario->clients[i].client;
    return NULL;
}

static struct sl_client *need_client(struct scenario *scenario, const struct yaml_node *arguments)
{
    struct sl_client **client = find_client(scenario, arguments);
    if (client == NULL || *client == NULL)
        scenario_fail(arguments, "there is no client '%s' here: connect it first",
                      client_name(arguments));
    return *client;
}

static void put_client(struct scenario *scenario, const struct yaml_node *arguments,
                       struct sl_client *client)
{
    struct sl_client **known = find_client(scenario, arguments);
    if (known != NULL && *known != NULL)
        scenario_fail(arguments, "the client '%s' is connected already", client_name(arguments));
    if (known != NULL) {
        *known = client;
        return;
    }
    if (scenario->client_count == SCENARIO_CLIENTS_MAX)
        scenario_fail(arguments, "more than %d clients", SCENARIO_CLIENTS_MAX);
    scenario->clients[scenario->client_count].name = client_name(arguments);
    scenario->clients[scenario->client_count++].client = client;
}

/* -- expectations -- */

static void expect_text(const struct yaml_node *expect, const char *key, const char *found)
{
    const char *wanted = scenario_text(expect, key);
    if (wanted != NULL && strcmp(wanted, found != NULL ? found : "") != 0)
        scenario_fail(yaml_node_get(expect, key), "%s: expected '%s', found '%s'", key, wanted,
                      found != NULL ? found : "nothing");
}

static void expect_number(const struct yaml_node *expect, const char *key, double found)
{
    const char *wanted = scenario_text(expect, key);
    if (wanted != NULL && strtod(wanted, NULL) != found)
        scenario_fail(yaml_node_get(expect, key), "%s: expected %s, found %g", key, wanted, found);
}

static void expect_json(const struct yaml_node *expect, const char *found)
{
    const char *wanted = scenario_text(expect, "json");
    if (wanted == NULL)
        return;
    cJSON *left = cJSON_Parse(wanted);
    cJSON *right = cJSON_Parse(found != NULL ? found : "");
    if (left == NULL)
        scenario_fail(yaml_node_get(expect, "json"), "this is not JSON itself");
    if (right == NULL || !cJSON_Compare(left, right, true))
        scenario_fail(yaml_node_get(expect, "json"), "json: expected %s, found %s", wanted,
                      found != NULL ? found : "nothing");
    cJSON_Delete(left);
    cJSON_Delete(right);
}

static void expect_contains(const struct yaml_node *expect, const char *key, const char *found)
{
    const char *wanted = scenario_text(expect, key);
    if (wanted != NULL && strstr(found != NULL ? found : "", wanted) == NULL)
        scenario_fail(yaml_node_get(expect, key), "expected something with '%s', found '%s'",
                      wanted, found != NULL ? found : "nothing");
}

static void expect_verdict(const struct yaml_node *expect, const struct fake_result *result)
{
    const char *wanted =
        expect->kind == NODE_SCALAR ? expect->text : scenario_text(expect, "verdict");
    bool is_known = wanted == NULL;
    for (size_t i = 0; i < 7 && !is_known; i++)
        is_known = strcmp(wanted, verdict_names[i]) == 0;
    if (!is_known)
        scenario_fail(expect,
                      "'%s' is no verdict: continue, drop, handled, close, deny, defer or "
                      "error",
                      wanted);
    if (wanted != NULL && strcmp(wanted, verdict_name(result->verdict)) != 0)
        scenario_fail(expect, "verdict: expected '%s', found '%s'%s%s", wanted,
                      verdict_name(result->verdict), result->reason[0] != '\0' ? ": " : "",
                      result->reason);
}

static void expect_headers(const struct yaml_node *expect, const struct fake_result *result)
{
    const struct yaml_node *headers = yaml_node_get(expect, "headers");
    char line[512];
    for (size_t i = 0; headers != NULL && i < headers->count; i++) {
        snprintf(line, sizeof line, "%s: %s\n", headers->entries[i].key,
                 headers->entries[i].value->text);
        if (strstr(result->headers, line) == NULL)
            scenario_fail(headers->entries[i].value, "no header '%.*s' among: %s",
                          (int)strlen(line) - 1, line, result->headers);
    }
}

static void expect_connect(const struct yaml_node *expect, const struct sl_client *client,
                           const struct fake_result *result)
{
    static const char *const keys[] = {"verdict",  "status",      "reason",     "headers",
                                       "identity", "subprotocol", "attributes", NULL};
    expect_verdict(expect, result);
    if (expect->kind == NODE_SCALAR)
        return;
    scenario_check_keys(expect, keys);
    expect_number(expect, "status", result->code);
    expect_text(expect, "reason", result->reason);
    expect_headers(expect, result);
    expect_text(expect, "identity", fake_client_name(client));
    expect_text(expect, "subprotocol", result->subprotocol);
    const struct yaml_node *attributes = yaml_node_get(expect, "attributes");
    for (size_t i = 0; attributes != NULL && i < attributes->count; i++)
        expect_text(attributes, attributes->entries[i].key,
                    fake_client_attribute(client, attributes->entries[i].key));
}

static void expect_message(const struct yaml_node *expect, const struct fake_result *result,
                           const char *sent, size_t sent_len)
{
    static const char *const keys[] = {"verdict", "text",       "json",   "contains", "unchanged",
                                       "type",    "close_code", "reason", "topic",    NULL};
    expect_verdict(expect, result);
    if (expect->kind == NODE_SCALAR)
        return;
    scenario_check_keys(expect, keys);
    expect_text(expect, "text", result->data);
    expect_json(expect, result->data);
    expect_contains(expect, "contains", result->data);
    expect_text(expect, "type", result->type == SL_BINARY ? "binary" : "text");
    expect_number(expect, "close_code", result->code);
    expect_text(expect, "reason", result->reason);
    expect_text(expect, "topic", result->topic);
    const char *unchanged = scenario_text(expect, "unchanged");
    bool is_same = sent != NULL && result->data != NULL && result->len == sent_len &&
                   memcmp(result->data, sent, sent_len) == 0;
    if (unchanged != NULL && (strcmp(unchanged, "true") == 0) != is_same)
        scenario_fail(yaml_node_get(expect, "unchanged"), "the message is '%s' now",
                      result->data != NULL ? result->data : "");
}

/* -- steps -- */

/* A client that is let in, is open. */
static void settle_connect(struct scenario *scenario, const struct yaml_node *arguments,
                           struct sl_client *client, const struct fake_result *result)
{
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    if (expect != NULL)
        expect_connect(expect, client, result);
    else if (result->verdict != SL_CONTINUE && result->verdict != SL_DEFER)
        scenario_fail(arguments, "the client is not let in: %s %d %s",
                      verdict_name(result->verdict), result->code, result->reason);
    if (result->verdict == SL_CONTINUE) {
        fake_open(scenario->instance, client);
    } else if (result->verdict != SL_DEFER) {
        *find_client(scenario, arguments) = NULL;
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
    struct fake_arrival arrival;
    struct fake_result result;
    scenario_check_keys(arguments, keys);
    scenario_read_arrival(arguments, &arrival);
    struct sl_client *client = fake_client_create(&arrival);
    put_client(scenario, arguments, client);
    prepare_client(client, arguments);
    fake_connect(scenario->instance, client, &result);
    settle_connect(scenario, arguments, client, &result);
    fake_result_release(&result);
}

static size_t decode(const struct yaml_node *node, char **out)
{
    size_t len = strlen(node->text);
    *out = malloc(len + 4);
    if (*out == NULL)
        abort();
    int decoded =
        EVP_DecodeBlock((unsigned char *)*out, (const unsigned char *)node->text, (int)len);
    if (decoded < 0)
        scenario_fail(node, "binary: this is not base64");
    for (size_t i = len; i > 0 && node->text[i - 1] == '='; i--)
        decoded--;
    return (size_t)decoded;
}

static void step_send(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "text",   "json", "binary",
                                       "repeat", "expect", NULL};
    struct fake_result result;
    scenario_check_keys(arguments, keys);
    struct sl_client *client = need_client(scenario, arguments);
    const struct yaml_node *binary = yaml_node_get(arguments, "binary");
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    const char *text = scenario_text(arguments, "text");
    const char *repeat = scenario_text(arguments, "repeat");
    char *data = NULL;
    if (text == NULL)
        text = scenario_text(arguments, "json");
    if (text == NULL && binary == NULL)
        scenario_fail(arguments, "send needs text, json or binary");
    size_t len = binary != NULL ? decode(binary, &data) : strlen(text);
    long times = repeat != NULL ? strtol(repeat, NULL, 10) : 1;
    for (long i = 0; i < times; i++) {
        fake_message(scenario->instance, client, binary != NULL ? SL_BINARY : SL_TEXT,
                     binary != NULL ? data : text, len, &result);
        if (expect != NULL)
            expect_message(expect, &result, binary != NULL ? data : text, len);
        fake_result_release(&result);
    }
    free(data);
}

static void step_await(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "expect", NULL};
    struct fake_result result;
    scenario_check_keys(arguments, keys);
    struct sl_client *client = need_client(scenario, arguments);
    const struct yaml_node *expect = yaml_node_get(arguments, "expect");
    if (!fake_is_deferred(client))
        scenario_fail(arguments, "nothing of '%s' is deferred", client_name(arguments));
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
    struct sl_client *client = need_client(scenario, arguments);
    const char *code = scenario_text(arguments, "code");
    bool is_open = fake_client_is_open(client);
    *find_client(scenario, arguments) = NULL;
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

/* -- what the plugin did -- */

/* The first event of that kind that no step has asked for yet. */
static struct fake_event *find_event(enum fake_event_kind kind, uint64_t client_id,
                                     const char *target, const char *contains)
{
    for (struct fake_event *event = fake_events(); event != NULL; event = event->next) {
        bool fits = event->kind == kind && !event->is_taken &&
                    (client_id == 0 || event->client_id == client_id) &&
                    (target == NULL || strcmp(event->target, target) == 0) &&
                    (contains == NULL || strstr(event->data, contains) != NULL);
        if (fits)
            return event;
    }
    return NULL;
}

static void expect_event(const struct yaml_node *arguments, enum fake_event_kind kind,
                         uint64_t client_id, const char *target, const char *what)
{
    const char *contains = kind == FAKE_LOGGED ? scenario_text(arguments, "contains") : NULL;
    struct fake_event *event = find_event(kind, client_id, target, contains);
    if (event == NULL)
        scenario_fail(arguments, "nothing %s%s%s", what, contains != NULL ? " with " : "",
                      contains != NULL ? contains : "");
    event->is_taken = true;
    expect_text(arguments, "text", event->data);
    expect_json(arguments, event->data);
    expect_contains(arguments, "contains", event->data);
    expect_number(arguments, "code", event->code);
}

static void step_expect_sent(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "text", "json", "contains", NULL};
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_SENT, fake_client_number(need_client(scenario, arguments)), NULL,
                 "was sent to the client");
}

static void step_expect_closed(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", "text", "code", NULL};
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_CLOSED, fake_client_number(need_client(scenario, arguments)), NULL,
                 "has closed the client (host->close)");
}

static void step_expect_nothing_sent(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"client", NULL};
    scenario_check_keys(arguments, keys);
    struct fake_event *event =
        find_event(FAKE_SENT, fake_client_number(need_client(scenario, arguments)), NULL, NULL);
    if (event != NULL)
        scenario_fail(arguments, "'%s' was sent to the client", event->data);
}

static void step_expect_broadcast(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"endpoint", "text", "json", "contains", NULL};
    (void)scenario;
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_BROADCAST, 0, scenario_text(arguments, "endpoint"),
                 "was broadcast");
}

static void step_expect_publish(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"topic", "text", "json", "contains", NULL};
    (void)scenario;
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_PUBLISHED, 0, scenario_text(arguments, "topic"),
                 "was published to the topic");
}

static void step_expect_log(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"level", "contains", "text", NULL};
    (void)scenario;
    scenario_check_keys(arguments, keys);
    expect_event(arguments, FAKE_LOGGED, 0, scenario_text(arguments, "level"), "was logged");
}

static void step_expect_metric(struct scenario *scenario, const struct yaml_node *arguments)
{
    static const char *const keys[] = {"name", "value", NULL};
    bool found = false;
    (void)scenario;
    scenario_check_keys(arguments, keys);
    const char *name = scenario_text(arguments, "name");
    double value = name != NULL ? fake_metric(name, &found) : 0;
    if (!found)
        scenario_fail(arguments, "the plugin has no metric '%s'", name != NULL ? name : "");
    expect_number(arguments, "value", value);
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
