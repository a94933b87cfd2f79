/*
 * rate-limit: token buckets for messages, bytes and upgrades.
 *
 * With `per: client` a client's buckets are in its state block: no lock and no look-up. Otherwise
 * the state block holds the client's key, computed once, and the buckets are in a shared table. A
 * message has to fit all limits; if one refuses it, what the limits before that one took is given
 * back.
 */
#include "bucket.h"
#include "limiter.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define WARN_INTERVAL (10 * SECOND)
#define NOTICE_INTERVAL SECOND
#define CLOSE_RATE_LIMITED 4429

/* -- taking -- */

/* Says that a table is full, at most every ten seconds whatever the clients do. */
static void warn_overflow(struct sl_instance *self, const char *what, int64_t now)
{
    struct rate_limit *state = self->state;
    int64_t next = atomic_load(&state->next_warning);
    self->host->metric_add(state->overflowed, 1);
    if (now < next ||
        !atomic_compare_exchange_strong(&state->next_warning, &next, now + WARN_INTERVAL))
        return;
    sl_log(self, SL_LOG_WARN,
           "too many keys are limiting %s at once; new ones share an allowance until others are "
           "idle (max_keys is %u)",
           what, state->settings.max_keys);
}

static struct key address_key(const struct rate_limit *state, const struct table *table,
                              const uint8_t address[16])
{
    return key_of_address(table_secret(table), address, state->settings.ipv4_bits,
                          state->settings.ipv6_bits);
}

static bool is_exempt_address(const struct settings *settings, const uint8_t address[16])
{
    for (size_t i = 0; i < settings->exempt_count; i++)
        if (sl_prefix_holds(&settings->exempt[i], address))
            return true;
    return false;
}

static bool is_exempt_identity(const struct sl_instance *self, const struct sl_client *client)
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, "exempt_identities");
    struct sl_string identity = host->client_identity(client);
    for (size_t i = 0; identity.len > 0 && i < host->value_count(list); i++) {
        struct sl_string name = host->value_string(host->value_at(list, i));
        if (name.len == identity.len && memcmp(name.data, identity.data, name.len) == 0)
            return true;
    }
    return false;
}

static bool is_exempt(const struct sl_instance *self, const struct sl_client *client,
                      const uint8_t address[16])
{
    const struct rate_limit *state = self->state;
    return is_exempt_address(&state->settings, address) || is_exempt_identity(self, client);
}

static void show_key_count(struct sl_instance *self)
{
    struct rate_limit *state = self->state;
    size_t keys = state->connections != NULL ? table_count(state->connections) : 0;
    for (size_t i = 0; i < state->settings.rule_count; i++)
        keys += state->tables[i] != NULL ? table_count(state->tables[i]) : 0;
    self->host->metric_set(state->keys, (double)keys);
}

/* -- upgrades -- */

static enum sl_verdict deny_upgrade(const struct sl_instance *self, struct sl_request *request,
                                    int64_t wait)
{
    const struct rate_limit *state = self->state;
    char seconds[32];
    int64_t rounded_up = (wait + SECOND - 1) / SECOND;
    snprintf(seconds, sizeof seconds, "%lld", (long long)rounded_up);
    self->host->metric_add(state->refused, 1);
    self->host->deny_header(request, "Retry-After", seconds);
    return self->host->deny(request, 429,
                            state->settings.connections_of_all
                                ? "Too many connections. Try again later."
                                : "Too many connections from this address. Try again later.");
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct rate_limit *state = self->state;
    int64_t wait, now;
    bool overflowed;
    uint8_t address[16];
    struct key key = {0, 0};
    if (state->connections == NULL)
        return SL_CONTINUE;
    self->host->client_address_bytes(client, address);
    if (is_exempt(self, client, address))
        return SL_CONTINUE;
    if (!state->settings.connections_of_all)
        key = address_key(state, state->connections, address);
    now = self->host->time_monotonic();
    bool taken = table_take(state->connections, &state->settings.connections, &key, 0, now, 0,
                            &wait, &overflowed);
    if (overflowed)
        warn_overflow(self, "connections", now);
    return taken ? SL_CONTINUE : deny_upgrade(self, request, wait);
}

/* The key under which a client uses a rule's table. */
static struct key key_for_rule(struct sl_instance *self, struct sl_client *client, size_t index,
                               const uint8_t address[16])
{
    const struct rate_limit *state = self->state;
    const struct rule *rule = &state->settings.rules[index];
    const struct key_secret *secret = table_secret(state->tables[index]);
    struct sl_string text = {NULL, 0};
    if (rule->scope == PER_ENDPOINT)
        return (struct key){0, 0};
    if (rule->scope == PER_IDENTITY) {
        text = self->host->client_identity(client);
        if (text.len > 0)
            return key_of_identity(secret, text.data, text.len);
    } else if (rule->scope == PER_ATTRIBUTE &&
               self->host->attribute(client, rule->attribute, &text)) {
        return key_of_attribute(secret, text.data, text.len);
    }
    return address_key(state, state->tables[index], address);
}

/* Computes the keys here and not in on_connect, since a later plugin may identify the client. */
static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct rate_limit *state = self->state;
    struct client_state *own = self->host->client_state(self, client);
    uint8_t address[16];
    self->host->client_address_bytes(client, address);
    own->is_exempt = is_exempt(self, client, address);
    for (size_t i = 0; i < state->settings.rule_count; i++)
        if (state->tables[i] != NULL)
            own->shares[i].key = key_for_rule(self, client, i, address);
    show_key_count(self);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)client;
    (void)how;
    show_key_count(self);
}

/* -- messages -- */

/* What one message has taken so far, so that it can be given back. */
struct taking {
    size_t count; /* rules */
    bool overflowed[RULES_MAX];
    int64_t delay; /* ns that it has to wait */
};

static bool take_from_rule(struct sl_instance *self, struct client_state *own, size_t index,
                           uint64_t bytes, int64_t now, struct taking *taking, int64_t *wait)
{
    struct rate_limit *state = self->state;
    const struct rule *rule = &state->settings.rules[index];
    int64_t patience = rule->action == ACTION_DELAY ? state->settings.max_delay : 0;
    bool taken;
    taking->overflowed[index] = false;
    if (state->commons[index] != NULL)
        return common_use(state->commons[index], bytes, now, patience, wait);
    if (state->tables[index] == NULL)
        return bucket_take(&own->shares[index].bucket, &rule->limits, bytes, now, patience, wait);
    taken = table_take(state->tables[index], &rule->limits, &own->shares[index].key, bytes, now,
                       patience, wait, &taking->overflowed[index]);
    if (taking->overflowed[index])
        warn_overflow(self, "messages", now);
    return taken;
}

static void give_back_taken(struct rate_limit *state, struct client_state *own,
                            const struct taking *taking, uint64_t bytes)
{
    for (size_t i = 0; i < taking->count; i++) {
        if (state->commons[i] != NULL)
            common_give(state->commons[i], bytes);
        else if (state->tables[i] != NULL)
            table_give(state->tables[i], &state->settings.rules[i].limits, &own->shares[i].key,
                       bytes, taking->overflowed[i]);
        else
            bucket_give(&own->shares[i].bucket, &state->settings.rules[i].limits, bytes);
    }
}

static void send_notice(struct sl_instance *self, struct sl_client *client,
                        struct client_state *own, int64_t now, int64_t wait)
{
    const struct rate_limit *state = self->state;
    char text[96];
    if (!state->settings.notify || now < own->next_notice)
        return;
    own->next_notice = now + NOTICE_INTERVAL;
    int len = wait == INT64_MAX ? snprintf(text, sizeof text, "{\"error\":\"rate_limited\"}")
                                : snprintf(text, sizeof text,
                                           "{\"error\":\"rate_limited\",\"retry_after_ms\":%lld}",
                                           (long long)((wait + 999999) / 1000000));
    (void)self->host->client_send(client, SL_TEXT, text, (size_t)len);
}

static enum sl_verdict refuse_message(struct sl_instance *self, struct sl_client *client,
                                      struct client_state *own, enum action action, int64_t now,
                                      int64_t wait)
{
    const struct rate_limit *state = self->state;
    if (action == ACTION_CLOSE) {
        self->host->metric_add(state->closed, 1);
        return self->host->close_with(client, CLOSE_RATE_LIMITED, "Too many messages");
    }
    self->host->metric_add(state->dropped, 1);
    send_notice(self, client, own, now, wait);
    return SL_DROP;
}

/* Delays the message and everything that the client sends after it: nothing more is read from its
 * socket, so TCP slows the client down. */
static enum sl_verdict delay_message(struct sl_instance *self, struct sl_client *client,
                                     int64_t wait)
{
    const struct rate_limit *state = self->state;
    struct sl_ticket ticket;
    struct sl_deferral how = {.struct_size = sizeof how, .is_delay = true, .timeout = wait};
    enum sl_verdict verdict = self->host->defer(self, client, &how, &ticket);
    if (verdict == SL_DEFER)
        self->host->metric_add(state->delayed, 1);
    return verdict;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct rate_limit *state = self->state;
    struct client_state *own = self->host->client_state(self, client);
    struct taking taking = {.count = 0};
    if (own->is_exempt)
        return SL_CONTINUE;
    int64_t now = self->host->time_monotonic();
    for (size_t i = 0; i < state->settings.rule_count; i++) {
        int64_t wait;
        if (!take_from_rule(self, own, i, message->len, now, &taking, &wait)) {
            give_back_taken(state, own, &taking, message->len);
            return refuse_message(self, client, own, state->settings.rules[i].action, now, wait);
        }
        taking.count++;
        taking.delay = wait > taking.delay ? wait : taking.delay;
    }
    if (taking.delay == 0)
        return SL_CONTINUE;
    enum sl_verdict verdict = delay_message(self, client, taking.delay);
    if (verdict != SL_DEFER) /* The message cannot wait, so it has taken nothing. */
        give_back_taken(state, own, &taking, message->len);
    return verdict;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "rate-limit",
    .version = "2.0.0",
    .summary = "Limits messages, bytes and connections with token buckets",
    .license = "MIT",
    SL_OPTIONS(settings_options),
    .instance_size = sizeof(struct rate_limit),
    .client_size = sizeof(struct client_state),
    .create = rate_limit_create,
    .destroy = rate_limit_destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
};
