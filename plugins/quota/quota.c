/*
 * quota: how many clients one identity, or one value of an attribute, may have at once.
 *
 * on_connect only looks, since the upgrade may still fail after it. on_open counts the client and
 * looks again, since two clients may have passed on_connect side by side. on_close uncounts it. A
 * client that is closed for a newer one is uncounted at once: it may take seconds to leave, and
 * must not count against clients that connect meanwhile.
 */
#include "roster.h"

#include <sluice/plugin.h>

#include <pthread.h>
#include <string.h>

enum subject { BY_IDENTITY, BY_ATTRIBUTE, SUBJECTS };

struct limit {
    size_t most; /* 0: no limit */
    struct roster roster;
};

struct state {
    struct limit limits[SUBJECTS];
    pthread_mutex_t lock; /* of the rosters */
    char attribute[64];
    bool closes_oldest;
    bool allows_anonymous;
    int close_code;
    char retry_after[16]; /* seconds */
    struct sl_metric *refused;
    struct sl_metric *taken_over;
    struct sl_metric *anonymous;
    struct sl_metric *overflow;
    struct sl_metric *keys;
};

struct client_state {
    struct roster_entry entries[SUBJECTS];
};

static const char *const takeovers[] = {"refuse", "close-oldest", NULL};
static const char *const choices[] = {"deny", "allow", NULL};

static const struct sl_option options[] = {
    {.name = "per_identity",
     .type = SL_OPTION_INTEGER,
     .minimum = 1,
     .maximum = 1e6,
     .summary = "How many clients of one identity may be connected at once"},
    {.name = "attribute",
     .type = SL_OPTION_STRING,
     .minimum = 1,
     .maximum = 63,
     .summary = "An attribute that clients have, such as tenant; see per_attribute"},
    {.name = "per_attribute",
     .type = SL_OPTION_INTEGER,
     .minimum = 1,
     .maximum = 1e6,
     .summary = "How many clients with one value of the attribute may be connected at once"},
    {.name = "takeover",
     .type = SL_OPTION_CHOICE,
     .default_value = "refuse",
     .choices = takeovers,
     .summary = "Which client goes when there is one too many: the new one, or the one that "
                "connected first"},
    {.name = "close_code",
     .type = SL_OPTION_INTEGER,
     .default_value = "4409",
     .minimum = 4000,
     .maximum = 4999,
     .summary = "The close code of a client that has to go"},
    {.name = "anonymous",
     .type = SL_OPTION_CHOICE,
     .default_value = "deny",
     .choices = choices,
     .summary = "What happens to clients that have no identity, or not the attribute"},
    {.name = "retry_after",
     .type = SL_OPTION_DURATION,
     .default_value = "10s",
     .minimum = 1e9,
     .maximum = 86400e9,
     .summary = "What a client that is refused is told to wait"},
    {.name = "max_keys",
     .type = SL_OPTION_INTEGER,
     .default_value = "100000",
     .minimum = 1,
     .maximum = 1e7,
     .summary = "How many identities, and how many values, are counted at once"},
};

static bool option_is(const struct sl_instance *self, const char *name, const char *value)
{
    struct sl_string text = sl_option_string(self, name);
    return text.len == strlen(value) && memcmp(text.data, value, text.len) == 0;
}

static int read_limits(struct sl_instance *self, struct state *state)
{
    const struct sl_host *host = self->host;
    struct sl_string attribute = sl_option_string(self, "attribute");
    state->limits[BY_IDENTITY].most = (size_t)sl_option_integer(self, "per_identity");
    state->limits[BY_ATTRIBUTE].most = (size_t)sl_option_integer(self, "per_attribute");
    if ((host->option(self, "attribute") == NULL) != (host->option(self, "per_attribute") == NULL))
        return sl_fail(self, "attribute and per_attribute belong together: set both, or neither");
    if (state->limits[BY_IDENTITY].most == 0 && state->limits[BY_ATTRIBUTE].most == 0)
        return sl_fail(self, "nothing is limited: set per_identity, or attribute and "
                             "per_attribute");
    memcpy(state->attribute, attribute.data != NULL ? attribute.data : "", attribute.len);
    return 0;
}

static void read_metrics(struct sl_instance *self, struct state *state)
{
    const struct sl_host *host = self->host;
    state->refused =
        host->metric(self, SL_COUNTER, "refused_total", "Clients that were one too many", NULL, 0);
    state->taken_over = host->metric(self, SL_COUNTER, "taken_over_total",
                                     "Clients closed for one that came later", NULL, 0);
    state->anonymous = host->metric(self, SL_COUNTER, "refused_anonymous_total",
                                    "Clients refused for lack of a name", NULL, 0);
    state->overflow = host->metric(self, SL_COUNTER, "overflow_total",
                                   "Clients refused since max_keys are in use", NULL, 0);
    state->keys = host->metric(self, SL_GAUGE, "keys", "Names that are in use", NULL, 0);
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    for (int i = 0; i < SUBJECTS; i++)
        if (state->limits[i].roster.buckets != NULL)
            roster_deinit(&state->limits[i].roster);
    pthread_mutex_destroy(&state->lock);
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    size_t max_keys = (size_t)sl_option_integer(self, "max_keys");
    if (read_limits(self, state) != 0)
        return SL_ERROR;
    state->closes_oldest = option_is(self, "takeover", "close-oldest");
    state->allows_anonymous = option_is(self, "anonymous", "allow");
    state->close_code = (int)sl_option_integer(self, "close_code");
    snprintf(state->retry_after, sizeof state->retry_after, "%d",
             (int)(sl_option_integer(self, "retry_after") / 1000000000));
    read_metrics(self, state);
    pthread_mutex_init(&state->lock, NULL);
    for (int i = 0; i < SUBJECTS; i++)
        if (state->limits[i].most > 0 &&
            roster_init(&state->limits[i].roster, self->host, max_keys) != 0) {
            destroy(self);
            return sl_fail(self, "there is no memory for max_keys: %zu", max_keys);
        }
    return 0;
}

/* The text that a client is counted by; empty if it has none. */
static struct sl_string key_of(const struct sl_instance *self, const struct sl_client *client,
                               int subject)
{
    const struct state *state = self->state;
    struct sl_string key = {"", 0};
    if (subject == BY_IDENTITY)
        return self->host->client_identity(client);
    if (!self->host->attribute(client, state->attribute, &key))
        key.len = 0;
    return key;
}

static enum sl_verdict refuse_upgrade(const struct sl_instance *self, struct sl_request *request,
                                      int status, const char *reason, struct sl_metric *metric)
{
    const struct state *state = self->state;
    self->host->metric_add(metric, 1);
    if (status != 403)
        self->host->deny_header(request, "Retry-After", state->retry_after);
    return self->host->deny(request, status, reason);
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct state *state = self->state;
    for (int i = 0; i < SUBJECTS; i++) {
        struct limit *limit = &state->limits[i];
        struct sl_string key = key_of(self, client, i);
        uint64_t oldest;
        if (limit->most == 0)
            continue;
        if (key.len == 0 && !state->allows_anonymous)
            return refuse_upgrade(self, request, 403,
                                  "Clients without a name may not connect here.", state->anonymous);
        if (key.len == 0)
            continue;
        pthread_mutex_lock(&state->lock);
        size_t count = roster_count(&limit->roster, key, &oldest);
        bool has_room = count > 0 || roster_has_room(&limit->roster);
        pthread_mutex_unlock(&state->lock);
        if (!has_room)
            return refuse_upgrade(self, request, 503, "Too many are connected. Try again later.",
                                  state->overflow);
        if (count >= limit->most && !state->closes_oldest)
            return refuse_upgrade(self, request, 429, "You are connected too many times already.",
                                  state->refused);
    }
    return SL_CONTINUE;
}

/* Counts the client under one key. Returns whether it may stay; a client that was connected before
 * a reload always may. */
static bool count_client(struct sl_instance *self, struct sl_client *client, int subject,
                         struct roster_entry *entry)
{
    struct state *state = self->state;
    struct limit *limit = &state->limits[subject];
    struct sl_string key = key_of(self, client, subject);
    bool is_new = self->host->client_is_new(client);
    if (limit->most == 0 || key.len == 0)
        return true;
    pthread_mutex_lock(&state->lock);
    bool entered = roster_enter(&limit->roster, key, self->host->client_id(client), entry) == 0;
    bool is_one_too_many = roster_clients(entry) > limit->most;
    pthread_mutex_unlock(&state->lock);
    if (!entered)
        self->host->metric_add(state->overflow, 1);
    return !is_new || (entered && (state->closes_oldest || !is_one_too_many));
}

static void uncount_client(struct state *state, struct client_state *own)
{
    pthread_mutex_lock(&state->lock);
    for (int i = 0; i < SUBJECTS; i++)
        roster_leave(&state->limits[i].roster, &own->entries[i]);
    pthread_mutex_unlock(&state->lock);
}

/* Closes the oldest clients until the limit is kept: several, if a reload has lowered it. */
static void make_room(struct sl_instance *self, struct limit *limit,
                      const struct roster_entry *entry)
{
    struct state *state = self->state;
    for (;;) {
        pthread_mutex_lock(&state->lock);
        uint64_t oldest = roster_evict(&limit->roster, entry, limit->most);
        pthread_mutex_unlock(&state->lock);
        if (oldest == 0)
            return;
        self->host->metric_add(state->taken_over, 1);
        (void)self->host->close(self, oldest, state->close_code, "You have connected elsewhere.");
    }
}

static void show_key_count(struct sl_instance *self)
{
    struct state *state = self->state;
    pthread_mutex_lock(&state->lock);
    size_t keys =
        state->limits[BY_IDENTITY].roster.count + state->limits[BY_ATTRIBUTE].roster.count;
    self->host->metric_set(state->keys, (double)keys);
    pthread_mutex_unlock(&state->lock);
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct state *state = self->state;
    struct client_state *own = self->host->client_state(self, client);
    bool may_stay = true;
    for (int i = 0; i < SUBJECTS && may_stay; i++)
        may_stay = count_client(self, client, i, &own->entries[i]);
    if (!may_stay) {
        uncount_client(state, own);
        self->host->metric_add(state->refused, 1);
        (void)self->host->close(self, self->host->client_id(client), state->close_code,
                                "You are connected too many times already.");
    } else if (state->closes_oldest && self->host->client_is_new(client)) {
        for (int i = 0; i < SUBJECTS; i++)
            make_room(self, &state->limits[i], &own->entries[i]);
    }
    show_key_count(self);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)how;
    uncount_client(self->state, self->host->client_state(self, client));
    show_key_count(self);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "quota",
    .version = "1.0.0",
    .summary = "Limits how many clients an identity or an attribute's value may have",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .client_size = sizeof(struct client_state),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_close = on_close,
};
