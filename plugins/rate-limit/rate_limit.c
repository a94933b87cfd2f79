/*
 * rate-limit: token buckets for messages, bytes and upgrades.
 *
 * With `per: client` a client's buckets are its state block: no lock and no look-up. Otherwise the
 * state block holds the client's key, worked out once, and the buckets are in a shared table.
 */
#include "bucket.h"
#include "key.h"
#include "settings.h"
#include "table.h"

#include <sluice/plugin.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#define SECOND INT64_C(1000000000)
#define WARN_INTERVAL (10 * SECOND)
#define CLOSE_RATE_LIMITED 4429

struct rate_limit {
    struct settings settings;
    struct key_secret secret;
    struct table *messages;    /* NULL: buckets are in the clients' state, or nothing is limited */
    struct table *connections; /* NULL: upgrades are not limited */
    _Atomic int64_t next_warning;
};

union client_state {
    struct bucket bucket; /* per: client */
    struct key key;       /* per: address or identity; set by on_open */
};

static bool limits_anything(const struct limits *limits)
{
    return limits->count.per_hour > 0 || limits->bytes.per_hour > 0;
}

static void destroy(struct sl_instance *self)
{
    struct rate_limit *state = self->state;
    table_destroy(state->messages);
    table_destroy(state->connections);
}

static int create_tables(struct rate_limit *state, const struct sl_host *host)
{
    const struct settings *settings = &state->settings;
    if (settings->scope != PER_CLIENT && limits_anything(&settings->messages)) {
        state->messages = table_create(host, &settings->messages, settings->max_keys);
        if (state->messages == NULL)
            return -1;
    }
    if (limits_anything(&settings->connections)) {
        state->connections = table_create(host, &settings->connections, settings->max_keys);
        if (state->connections == NULL)
            return -1;
    }
    return 0;
}

static int create(struct sl_instance *self)
{
    struct rate_limit *state = self->state;
    if (settings_read(self, &state->settings) != 0)
        return SL_ERROR;
    if (key_secret_init(&state->secret) != 0)
        return sl_fail(self, "the kernel gave no random bytes: %s", strerror(errno));
    if (create_tables(state, self->host) != 0) {
        destroy(self);
        return sl_fail(self, "there is no memory for max_keys: %u", state->settings.max_keys);
    }
    return 0;
}

/* Says that a table is full, at most every ten seconds whatever the clients do. */
static void warn_overflow(struct sl_instance *self, const char *what, int64_t now)
{
    struct rate_limit *state = self->state;
    int64_t next = atomic_load(&state->next_warning);
    if (now < next ||
        !atomic_compare_exchange_strong(&state->next_warning, &next, now + WARN_INTERVAL))
        return;
    sl_log(self, SL_LOG_WARN,
           "too many keys are limiting %s at once; new ones share an allowance until others are "
           "idle (max_keys is %u)",
           what, state->settings.max_keys);
}

/* Takes from a shared bucket; as bucket_take. */
static bool take_shared(struct sl_instance *self, struct table *table, const char *what,
                        const struct key *key, uint64_t bytes, int64_t *wait)
{
    int64_t now = self->host->time_monotonic();
    bool overflowed;
    bool taken = table_take(table, key, bytes, now, wait, &overflowed);
    if (overflowed)
        warn_overflow(self, what, now);
    return taken;
}

static struct key address_key(const struct sl_instance *self, const struct sl_client *client)
{
    const struct rate_limit *state = self->state;
    uint8_t address[16];
    self->host->client_address_bytes(client, address);
    return key_of_address(&state->secret, address);
}

static enum sl_verdict deny(const struct sl_host *host, struct sl_request *request, int64_t wait)
{
    char seconds[32];
    int64_t rounded_up = (wait + SECOND - 1) / SECOND;
    snprintf(seconds, sizeof seconds, "%lld", (long long)rounded_up);
    host->deny_header(request, "Retry-After", seconds);
    return host->deny(request, 429, "Too many connections from this address. Try again later.");
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct rate_limit *state = self->state;
    if (state->connections == NULL)
        return SL_CONTINUE;
    struct key key = address_key(self, client);
    int64_t wait;
    if (take_shared(self, state->connections, "connections", &key, 0, &wait))
        return SL_CONTINUE;
    return deny(self->host, request, wait);
}

/* Works out the key here and not in on_connect, since a later plugin may identify the client. */
static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct rate_limit *state = self->state;
    if (state->messages == NULL)
        return;
    union client_state *own = self->host->client_state(self, client);
    struct sl_string identity = {NULL, 0};
    if (state->settings.scope == PER_IDENTITY)
        identity = self->host->client_identity(client);
    own->key = identity.len > 0 ? key_of_identity(&state->secret, identity.data, identity.len)
                                : address_key(self, client);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct rate_limit *state = self->state;
    const struct settings *settings = &state->settings;
    union client_state *own = self->host->client_state(self, client);
    int64_t wait;
    bool taken =
        state->messages != NULL
            ? take_shared(self, state->messages, "messages", &own->key, message->len, &wait)
            : bucket_take(&own->bucket, &settings->messages, message->len,
                          self->host->time_monotonic(), &wait);
    if (taken)
        return SL_CONTINUE;
    if (!settings->close)
        return SL_DROP;
    return self->host->close_with(client, CLOSE_RATE_LIMITED, "Too many messages");
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "rate-limit",
    .version = "1.0.0",
    .summary = "Limits messages, bytes and connections with token buckets",
    .license = "MIT",
    SL_OPTIONS(settings_options),
    .instance_size = sizeof(struct rate_limit),
    .client_size = sizeof(union client_state),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_message = on_message,
};
