/*
 * address-filter: lets clients in by their address, from lists of prefixes.
 *
 * The lists are one immutable set, reference-counted; on_connect takes a reference, so that a
 * worker thread can read the files again while clients connect.
 */
#include "prefix_file.h"
#include "prefix_set.h"

#include <sluice/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

enum list { ALLOW, DENY, LISTS };

struct rules {
    atomic_uint references;
    struct prefix_set set;
    bool allows_others; /* the verdict for addresses that no prefix holds */
};

struct state {
    pthread_mutex_t lock;     /* of `rules`; held while a reference is taken */
    struct rules *rules;      /* owned reference */
    const char *files[LISTS]; /* options' texts; NULL if not set */
    struct stat seen[LISTS];  /* of the files when they were last read; the worker's */
    atomic_bool is_rereading;
    struct sl_metric *allowed;
    struct sl_metric *denied;
    struct sl_metric *prefixes;
    struct sl_metric *reread_errors;
};

static const char *const choices[] = {"allow", "deny", NULL};

static const struct sl_option options[] = {
    {.name = "allow",
     .type = SL_OPTION_STRINGS,
     .summary = "Prefixes whose clients may connect, such as 192.0.2.0/24 or 2001:db8::/32"},
    {.name = "deny",
     .type = SL_OPTION_STRINGS,
     .summary = "Prefixes whose clients may not; the longest prefix that holds an address decides"},
    {.name = "allow_file",
     .type = SL_OPTION_PATH,
     .summary = "A file of prefixes whose clients may connect, one a line"},
    {.name = "deny_file",
     .type = SL_OPTION_PATH,
     .summary = "A file of prefixes whose clients may not, one a line"},
    {.name = "default",
     .type = SL_OPTION_CHOICE,
     .choices = choices,
     .summary = "What happens to all others; if left out they may connect only if nothing is "
                "listed to be allowed"},
    {.name = "reread",
     .type = SL_OPTION_DURATION,
     .default_value = "10s",
     .maximum = 86400e9,
     .summary = "How often the files are looked at for changes; 0s: only when the server reloads"},
    {.name = "max_prefixes",
     .type = SL_OPTION_INTEGER,
     .default_value = "1000000",
     .minimum = 1,
     .maximum = 1e7,
     .summary = "How many prefixes there may be"},
};

/* -- rules -- */

static void rules_unref(struct rules *rules)
{
    const struct sl_host *host = rules->set.host;
    if (atomic_fetch_sub(&rules->references, 1) != 1)
        return;
    prefix_set_deinit(&rules->set);
    host->release(rules);
}

static struct rules *take_rules(struct state *state)
{
    pthread_mutex_lock(&state->lock);
    struct rules *rules = state->rules;
    atomic_fetch_add(&rules->references, 1);
    pthread_mutex_unlock(&state->lock);
    return rules;
}

static bool add_list(struct sl_instance *self, struct prefix_set *set, const char *option,
                     enum prefix_verdict verdict, char error[PREFIX_FILE_ERROR_SIZE])
{
    const struct sl_host *host = self->host;
    const struct sl_value *list = host->option(self, option);
    char detail[PREFIX_ERROR_SIZE];
    for (size_t i = 0; i < host->value_count(list); i++) {
        struct sl_string text = host->value_string(host->value_at(list, i));
        const char *wrong = prefix_set_add(set, text.data, text.len, verdict, detail);
        if (wrong != NULL) {
            snprintf(error, PREFIX_FILE_ERROR_SIZE, "%s: \"%.*s\" %s", option,
                     (int)(text.len < 100 ? text.len : 100), text.data, wrong);
            return false;
        }
    }
    return true;
}

static bool fill_set(struct sl_instance *self, struct prefix_set *set,
                     char error[PREFIX_FILE_ERROR_SIZE])
{
    const struct state *state = self->state;
    if (!add_list(self, set, "allow", PREFIX_ALLOW, error) ||
        !add_list(self, set, "deny", PREFIX_DENY, error) ||
        (state->files[ALLOW] != NULL &&
         !prefix_file_read(set, state->files[ALLOW], PREFIX_ALLOW, error)) ||
        (state->files[DENY] != NULL &&
         !prefix_file_read(set, state->files[DENY], PREFIX_DENY, error)))
        return false;
    if (prefix_set_seal(set) == 0)
        return true;
    snprintf(error, PREFIX_FILE_ERROR_SIZE, "there is no memory for the prefixes");
    return false;
}

/* Without a `default`, a list of allowed addresses means that all others are denied. */
static bool allows_others(const struct sl_instance *self)
{
    const struct state *state = self->state;
    struct sl_string choice = sl_option_string(self, "default");
    if (choice.len > 0)
        return choice.len == 5;
    return self->host->option(self, "allow") == NULL && state->files[ALLOW] == NULL;
}

static struct rules *read_rules(struct sl_instance *self, char error[PREFIX_FILE_ERROR_SIZE])
{
    const struct sl_host *host = self->host;
    struct rules *rules = host->allocate(sizeof *rules);
    if (rules == NULL) {
        snprintf(error, PREFIX_FILE_ERROR_SIZE, "there is no memory for the prefixes");
        return NULL;
    }
    atomic_init(&rules->references, 1);
    rules->allows_others = allows_others(self);
    prefix_set_init(&rules->set, host, (size_t)sl_option_integer(self, "max_prefixes"));
    if (!fill_set(self, &rules->set, error)) {
        rules_unref(rules);
        return NULL;
    }
    return rules;
}

/* -- files that change -- */

static bool has_changed(struct state *state)
{
    bool changed = false;
    for (int i = 0; i < LISTS; i++) {
        struct stat now;
        if (state->files[i] == NULL)
            continue;
        if (stat(state->files[i], &now) != 0)
            memset(&now, 0, sizeof now);
        const struct stat *seen = &state->seen[i];
        changed |= now.st_ino != seen->st_ino || now.st_size != seen->st_size ||
                   now.st_mode != seen->st_mode || now.st_mtim.tv_sec != seen->st_mtim.tv_sec ||
                   now.st_mtim.tv_nsec != seen->st_mtim.tv_nsec;
        state->seen[i] = now;
    }
    return changed;
}

static void reread_files(struct sl_instance *self, void *context)
{
    struct state *state = self->state;
    char error[PREFIX_FILE_ERROR_SIZE];
    (void)context;
    if (has_changed(state)) {
        struct rules *rules = read_rules(self, error);
        if (rules == NULL) {
            self->host->metric_add(state->reread_errors, 1);
            sl_log(self, SL_LOG_ERROR, "%s; the prefixes of before stay in force", error);
        } else {
            size_t count = rules->set.count;
            pthread_mutex_lock(&state->lock);
            struct rules *before = state->rules;
            state->rules = rules;
            pthread_mutex_unlock(&state->lock);
            rules_unref(before);
            /* The metric is set last, so that whoever sees it can rely on the new prefixes. */
            self->host->metric_set(state->prefixes, (double)count);
            sl_log(self, SL_LOG_INFO, "the files have changed: %zu prefixes", count);
        }
    }
    atomic_store(&state->is_rereading, false);
}

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    struct state *state = self->state;
    (void)timer;
    (void)tag;
    if (!atomic_exchange(&state->is_rereading, true) &&
        self->host->offload(self, 0, reread_files, NULL, NULL) != 0)
        atomic_store(&state->is_rereading, false);
}

/* -- hook and instance -- */

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct state *state = self->state;
    uint8_t address[16];
    self->host->client_address_bytes(client, address);
    struct rules *rules = take_rules(state);
    enum prefix_verdict verdict = prefix_set_find(&rules->set, address);
    bool allowed = verdict == PREFIX_NONE ? rules->allows_others : verdict == PREFIX_ALLOW;
    rules_unref(rules);
    self->host->metric_add(allowed ? state->allowed : state->denied, 1);
    return allowed ? SL_CONTINUE
                   : self->host->deny(request, 403, "This address may not connect here.");
}

static void read_metrics(struct sl_instance *self, struct state *state)
{
    const struct sl_host *host = self->host;
    state->allowed = host->metric(self, SL_COUNTER, "allowed_total", "Clients let in", NULL, 0);
    state->denied = host->metric(self, SL_COUNTER, "denied_total", "Clients refused", NULL, 0);
    state->prefixes = host->metric(self, SL_GAUGE, "prefixes", "Prefixes in force", NULL, 0);
    state->reread_errors = host->metric(self, SL_COUNTER, "reread_errors_total",
                                        "Files that had changed and could not be read", NULL, 0);
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    rules_unref(state->rules);
    pthread_mutex_destroy(&state->lock);
}

/* A list that is never read again would be worse than a server that does not start. */
static int watch_files(struct sl_instance *self)
{
    const struct state *state = self->state;
    int64_t interval = sl_option_integer(self, "reread");
    bool has_files = state->files[ALLOW] != NULL || state->files[DENY] != NULL;
    if (interval == 0 || !has_files || self->host->timer_start(self, interval, interval, 0) != 0)
        return 0;
    destroy(self);
    return sl_fail(self, "there is no memory for a timer");
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    static const char *const names[LISTS] = {"allow_file", "deny_file"};
    char error[PREFIX_FILE_ERROR_SIZE];
    for (int i = 0; i < LISTS; i++)
        if (self->host->option(self, names[i]) != NULL)
            state->files[i] = sl_option_string(self, names[i]).data;
    read_metrics(self, state);
    (void)has_changed(state);
    state->rules = read_rules(self, error);
    if (state->rules == NULL)
        return sl_fail(self, "%s", error);
    if (state->rules->set.count == 0 && !state->rules->allows_others) {
        rules_unref(state->rules);
        return sl_fail(self, "nobody could connect: list prefixes in allow or allow_file, or set "
                             "default: allow");
    }
    self->host->metric_set(state->prefixes, (double)state->rules->set.count);
    pthread_mutex_init(&state->lock, NULL);
    return watch_files(self);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "address-filter",
    .version = "1.0.0",
    .summary = "Lets in clients by their address, from lists of prefixes",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_timer = on_timer,
};
