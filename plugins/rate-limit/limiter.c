#include "limiter.h"

#include "table_list.h"

#include <stdio.h>
#include <stdlib.h>

void rate_limit_destroy(struct sl_instance *self)
{
    struct rate_limit *state = self->state;
    for (size_t i = 0; i < RULES_MAX; i++) {
        table_list_leave(state->tables[i]);
        common_leave(state->commons[i]);
    }
    table_list_leave(state->connections);
    settings_deinit(&state->settings, self->host);
}

/* Joins the table for one limit of this entry: `what` names the kind of key and `index` the limit.
 * After a reload the new instance finds the table of the previous one. Returns 0, or SL_ERROR after
 * host->fail. */
static int join_table(struct sl_instance *self, const char *what, size_t index, const char *name,
                      uint32_t max_keys, struct table **table)
{
    const struct rate_limit *state = self->state;
    char *id;
    if (asprintf(&id, "%s %s %s %zu /%u /%u %u %s", self->endpoint, self->name, what, index,
                 state->settings.ipv4_bits, state->settings.ipv6_bits, max_keys, name) < 0)
        return sl_fail(self, "there is no memory for a table");
    *table = table_list_join(self->host, id, max_keys);
    free(id);
    return *table != NULL ? 0
                          : sl_fail(self,
                                    "there is no memory for max_keys: %u, or the kernel gave no "
                                    "random bytes",
                                    max_keys);
}

static int prepare_rule(struct sl_instance *self, size_t index)
{
    struct rate_limit *state = self->state;
    const struct rule *rule = &state->settings.rules[index];
    bool differs;
    if (rule->scope == PER_CLIENT)
        return 0;
    if (rule->scope != PER_ALL)
        return join_table(self, settings_scope_name(rule->scope), index, rule->attribute,
                          rule->scope == PER_ENDPOINT ? 1 : state->settings.max_keys,
                          &state->tables[index]);
    struct common_place place = {.endpoint = self->endpoint, .instance = self->name, .rule = index};
    state->commons[index] = common_join(rule->name, &place, &rule->limits, &differs);
    if (state->commons[index] != NULL)
        return 0;
    return differs ? sl_fail(self,
                             "per: all: the name \"%s\" is in use with other limits; give "
                             "this one another name",
                             rule->name)
                   : sl_fail(self, "there is no memory for per: all");
}

static void read_metrics(struct sl_instance *self, struct rate_limit *state)
{
    const struct sl_host *host = self->host;
    state->dropped = host->metric(self, SL_COUNTER, "dropped_total",
                                  "Messages over a limit that were dropped", NULL, 0);
    state->delayed = host->metric(self, SL_COUNTER, "delayed_total",
                                  "Messages over a limit that had to wait", NULL, 0);
    state->closed = host->metric(self, SL_COUNTER, "closed_total",
                                 "Clients over a limit that were closed", NULL, 0);
    state->refused = host->metric(self, SL_COUNTER, "refused_connections_total",
                                  "Upgrades over the limit", NULL, 0);
    state->overflowed = host->metric(self, SL_COUNTER, "overflow_total",
                                     "Times that more keys were in use than max_keys", NULL, 0);
    state->keys = host->metric(self, SL_GAUGE, "keys", "Keys that are remembered", NULL, 0);
}

int rate_limit_create(struct sl_instance *self)
{
    struct rate_limit *state = self->state;
    int result = 0;
    if (settings_read(self, &state->settings) != 0)
        return SL_ERROR;
    read_metrics(self, state);
    for (size_t i = 0; result == 0 && i < state->settings.rule_count; i++)
        result = prepare_rule(self, i);
    if (result == 0 && state->settings.connections.count.per_hour > 0)
        result = join_table(self, "connections", 0, "",
                            state->settings.connections_of_all ? 1 : state->settings.max_keys,
                            &state->connections);
    if (result != 0)
        rate_limit_destroy(self);
    return result;
}
