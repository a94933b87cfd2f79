/*
 * What a scenario expects, compared with what came.
 */
#include "workbench/scenario_expect.h"

#include "config/yaml_json.h"
#include "workbench/verdict_text.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

void expect_text(const struct yaml_node *expect, const char *key, const char *found)
{
    const char *wanted = scenario_text(expect, key);
    if (wanted != NULL && strcmp(wanted, found != NULL ? found : "") != 0)
        scenario_fail(yaml_node_get(expect, key), "%s: expected '%s', found '%s'", key, wanted,
                      found != NULL ? found : "nothing");
}

void expect_number(const struct yaml_node *expect, const char *key, double found)
{
    const char *wanted = scenario_text(expect, key);
    if (wanted != NULL && strtod(wanted, NULL) != found)
        scenario_fail(yaml_node_get(expect, key), "%s: expected %s, found %g", key, wanted, found);
}

static cJSON *json_of(const struct yaml_node *node)
{
    cJSON *json = node->kind == NODE_SCALAR ? cJSON_Parse(node->text) : yaml_json_value(node);
    if (json == NULL)
        scenario_fail(node, "this is not JSON itself");
    return json;
}

char *scenario_json(const struct yaml_node *node)
{
    cJSON *json = json_of(node);
    char *text = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    if (text == NULL)
        abort();
    return text;
}

void expect_json(const struct yaml_node *expect, const char *found)
{
    const struct yaml_node *node = yaml_node_get(expect, "json");
    if (node == NULL)
        return;
    cJSON *left = json_of(node);
    cJSON *right = cJSON_Parse(found != NULL ? found : "");
    if (right == NULL || !cJSON_Compare(left, right, true))
        scenario_fail(node, "json: expected %s, found %s", scenario_json(node),
                      found != NULL ? found : "nothing");
    cJSON_Delete(left);
    cJSON_Delete(right);
}

void expect_contains(const struct yaml_node *expect, const char *key, const char *found)
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
    if (wanted == NULL)
        return;
    bool is_known = false;
    for (int i = SL_ERROR; i <= SL_DEFER && !is_known; i++)
        is_known = strcmp(wanted, verdict_text((enum sl_verdict)i)) == 0;
    if (!is_known)
        scenario_fail(expect,
                      "'%s' is no verdict: continue, drop, handled, close, deny, defer or "
                      "error",
                      wanted);
    if (strcmp(wanted, verdict_text(result->verdict)) != 0)
        scenario_fail(expect, "verdict: expected '%s', found '%s'%s%s", wanted,
                      verdict_text(result->verdict), result->reason[0] != '\0' ? ": " : "",
                      result->reason);
}

static void expect_headers(const struct yaml_node *expect, const struct fake_result *result)
{
    const struct yaml_node *headers = yaml_node_get(expect, "headers");
    for (size_t i = 0; headers != NULL && i < headers->count; i++) {
        const char *name = headers->entries[i].key, *value = headers->entries[i].value->text;
        if (!fake_result_has_header(result, name, value))
            scenario_fail(headers->entries[i].value, "no header '%s: %s' among: %s", name, value,
                          result->headers);
    }
}

void expect_connect(const struct yaml_node *expect, const struct sl_client *client,
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

void expect_message(const struct yaml_node *expect, const struct fake_result *result,
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
