/*
 * The clients of a scenario, by name, and their upgrade requests.
 */
#include "workbench/scenario.h"

#include <stdlib.h>
#include <string.h>

static void read_pairs(const struct yaml_node *mapping, struct fake_pair out[FAKE_PAIRS_MAX])
{
    for (size_t i = 0; mapping != NULL && i < mapping->count; i++) {
        const struct yaml_node *value = mapping->entries[i].value;
        if (mapping->kind != NODE_MAPPING || value->kind != NODE_SCALAR)
            scenario_fail(value, "expected names with a text each");
        if (!fake_pairs_add(out, mapping->entries[i].key, value->text))
            scenario_fail(value, "more than %d of these", FAKE_PAIRS_MAX);
    }
}

void scenario_read_upgrade(const struct yaml_node *step, struct fake_upgrade *out)
{
    const struct yaml_node *offers = yaml_node_get(step, "subprotocols");
    const char *secure = scenario_text(step, "secure");
    *out = (struct fake_upgrade){.address = scenario_text(step, "address"),
                                 .path = scenario_text(step, "path"),
                                 .secure = secure != NULL && strcmp(secure, "true") == 0};
    read_pairs(yaml_node_get(step, "headers"), out->headers);
    read_pairs(yaml_node_get(step, "query"), out->query);
    read_pairs(yaml_node_get(step, "cookies"), out->cookies);
    read_pairs(yaml_node_get(step, "certificate"), out->certificate);
    for (size_t i = 0; offers != NULL && i < offers->count && i < FAKE_SUBPROTOCOLS_MAX; i++)
        out->subprotocols[i] = offers->entries[i].value->text;
}

const char *scenario_client_name(const struct yaml_node *arguments)
{
    const char *name = scenario_text(arguments, "client");
    return name != NULL ? name : "client";
}

static struct scenario_client *find_entry(struct scenario *scenario,
                                          const struct yaml_node *arguments)
{
    const char *name = scenario_client_name(arguments);
    for (size_t i = 0; i < scenario->client_count; i++)
        if (strcmp(scenario->clients[i].name, name) == 0)
            return &scenario->clients[i];
    return NULL;
}

struct sl_client **scenario_find_client(struct scenario *scenario,
                                        const struct yaml_node *arguments)
{
    struct scenario_client *entry = find_entry(scenario, arguments);
    return entry != NULL ? &entry->client : NULL;
}

void scenario_keep_sent(struct scenario *scenario, const struct yaml_node *arguments,
                        const char *data, size_t len)
{
    struct scenario_client *entry = find_entry(scenario, arguments);
    free(entry->sent);
    entry->sent = malloc(len + 1);
    if (entry->sent == NULL)
        abort();
    if (len > 0)
        memcpy(entry->sent, data, len);
    entry->sent[len] = '\0';
    entry->sent_len = len;
}

const char *scenario_sent(struct scenario *scenario, const struct yaml_node *arguments, size_t *len)
{
    const struct scenario_client *entry = find_entry(scenario, arguments);
    *len = entry != NULL ? entry->sent_len : 0;
    return entry != NULL ? entry->sent : NULL;
}

struct sl_client *scenario_need_client(struct scenario *scenario, const struct yaml_node *arguments)
{
    struct sl_client **client = scenario_find_client(scenario, arguments);
    if (client == NULL || *client == NULL)
        scenario_fail(arguments, "there is no client '%s' here: connect it first",
                      scenario_client_name(arguments));
    return *client;
}

void scenario_put_client(struct scenario *scenario, const struct yaml_node *arguments,
                         struct sl_client *client)
{
    struct sl_client **known = scenario_find_client(scenario, arguments);
    if (known != NULL && *known != NULL)
        scenario_fail(arguments, "the client '%s' is connected already",
                      scenario_client_name(arguments));
    if (known != NULL) {
        *known = client;
        return;
    }
    if (scenario->client_count == SCENARIO_CLIENTS_MAX)
        scenario_fail(arguments, "more than %d clients", SCENARIO_CLIENTS_MAX);
    scenario->clients[scenario->client_count].name = scenario_client_name(arguments);
    scenario->clients[scenario->client_count++].client = client;
}
