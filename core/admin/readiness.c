#include "admin/readiness.h"

#include "base/event.h"
#include "hub/hub.h"
#include "hub/watchdog.h"
#include "pipeline/chain.h"

#include <stdarg.h>
#include <stdio.h>

/* What is looked at; each of these, or it is ready. */
struct readiness {
    bool is_draining;
    bool is_starting;
    bool is_stuck;
    bool is_full;
    uint32_t clients;
    uint32_t clients_most;
    cJSON *reasons; /* owned: plugins that cannot work */
};

static void add_entry(cJSON *reasons, const struct instance *instance, const char *reason)
{
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "endpoint", instance->seen.endpoint);
    cJSON_AddStringToObject(entry, "instance", instance->name);
    cJSON_AddStringToObject(entry, "reason", reason);
    cJSON_AddItemToArray(reasons, entry);
}

static void add_reason(const struct stage *stage, cJSON *reasons)
{
    char reason[INSTANCE_UNREADY_SIZE];
    if (!stage->is_shadow && instance_is_unready(stage->instance, reason))
        add_entry(reasons, stage->instance, reason);
}

static void add_awaited(void *context, const struct instance *instance)
{
    add_entry(context, instance, "its create has not finished yet");
}

static void add_reasons(struct hub *hub, cJSON *reasons)
{
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++)
            add_reason(&setup->chain->stages[j], reasons);
    }
    pthread_mutex_unlock(&hub->setup_lock);
}

static struct readiness look_at(const struct readiness_question *asked)
{
    struct hub *hub = asked->hub;
    struct readiness found = {.is_draining = hub_is_draining(hub),
                              .is_starting = hub_is_starting(hub),
                              .is_stuck = asked->watched->is_unready,
                              .reasons = cJSON_CreateArray()};
    found.is_full = hub_is_full(hub, &found.clients, &found.clients_most);
    if (atomic_load_explicit(&hub->set.pipeline.unready_count, memory_order_relaxed) > 0)
        add_reasons(hub, found.reasons);
    if (found.is_starting)
        creation_each(&hub->set.pipeline, add_awaited, found.reasons);
    return found;
}

static bool has_reasons(const struct readiness *found)
{
    return cJSON_GetArraySize(found->reasons) > 0;
}

/* What is said about it, and answered with: the first of these that is true. */
enum status {
    STATUS_READY,
    STATUS_DRAINING,
    STATUS_STUCK,
    STATUS_STARTING,
    STATUS_FULL,
    STATUS_NOT_READY
};

static enum status status_of(const struct readiness *found)
{
    return found->is_draining   ? STATUS_DRAINING
           : found->is_stuck    ? STATUS_STUCK
           : found->is_starting ? STATUS_STARTING
           : found->is_full     ? STATUS_FULL
           : has_reasons(found) ? STATUS_NOT_READY
                                : STATUS_READY;
}

static const char *status_text(enum status status)
{
    static const char *const texts[] = {[STATUS_DRAINING] = "draining",   [STATUS_STUCK] = "stuck",
                                        [STATUS_STARTING] = "starting",   [STATUS_FULL] = "full",
                                        [STATUS_NOT_READY] = "not ready", [STATUS_READY] = "ready"};
    return texts[status];
}

/* -- the log -- */

#define REASON_MAX 1024

/* Empty if the status says it all. */
static void describe_reason(const struct readiness *found, enum status status,
                            const struct watchdog_status *watched, char text[REASON_MAX])
{
    const cJSON *first = cJSON_GetArrayItem(found->reasons, 0);
    text[0] = '\0';
    if (status == STATUS_STUCK)
        snprintf(text, REASON_MAX, "%s", watched->what);
    else if (status == STATUS_FULL)
        snprintf(text, REASON_MAX, "%u of %u clients", found->clients, found->clients_most);
    else if ((status == STATUS_NOT_READY || status == STATUS_STARTING) && first != NULL)
        snprintf(text, REASON_MAX, "%s %s: %s",
                 cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(first, "endpoint")),
                 cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(first, "instance")),
                 cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(first, "reason")));
}

static void log_if_changed(const struct readiness_question *asked, const struct readiness *found,
                           enum status status)
{
    char reason[REASON_MAX], message[REASON_MAX + 64];
    struct event_values values = {.message = message};
    if (atomic_exchange_explicit(asked->before, (int)status, memory_order_relaxed) == (int)status)
        return;
    describe_reason(found, status, asked->watched, reason);
    snprintf(message, sizeof message, "/readyz answers %d from now on: %s%s%s",
             status == STATUS_READY ? 200 : 503, status_text(status), reason[0] != '\0' ? "; " : "",
             reason);
    values.texts[EVENT_FIELD_READINESS] = status_text(status);
    values.texts[EVENT_FIELD_REASON] = reason[0] != '\0' ? reason : NULL;
    event_log(EVENT_READINESS_CHANGED, "admin", &values);
}

/* -- the answer in JSON -- */

bool readiness_describe(const struct readiness_question *asked, cJSON *body)
{
    struct readiness found = look_at(asked);
    enum status status = status_of(&found);
    char text[64];
    log_if_changed(asked, &found, status);
    cJSON_AddStringToObject(body, "status", status_text(status));
    if (found.is_stuck)
        cJSON_AddStringToObject(body, "detail", asked->watched->what);
    else if (status == STATUS_FULL) {
        snprintf(text, sizeof text, "%u of %u clients", found.clients, found.clients_most);
        cJSON_AddStringToObject(body, "detail", text);
    }
    if (status == STATUS_NOT_READY || status == STATUS_STARTING)
        cJSON_AddItemToObject(body, "reasons", found.reasons);
    else
        cJSON_Delete(found.reasons);
    return status == STATUS_READY;
}

/* -- each check on a line -- */

static void write_check(struct buffer *out, bool has_failed, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What does not fit into memory is left out. */
static void write_check(struct buffer *out, bool has_failed, const char *format, ...)
{
    char line[512];
    va_list arguments;
    int len = snprintf(line, sizeof line, "%s ", has_failed ? "failed" : "ok    ");
    va_start(arguments, format);
    len += vsnprintf(line + len, sizeof line - (size_t)len - 1, format, arguments);
    va_end(arguments);
    size_t used = (size_t)len < sizeof line - 2 ? (size_t)len : sizeof line - 2;
    line[used] = '\n';
    int error = buffer_append(out, line, used + 1);
    (void)error;
}

static void write_plugins(struct buffer *out, const struct readiness *found)
{
    const cJSON *entry;
    if (!has_reasons(found))
        write_check(out, false, "plugins");
    cJSON_ArrayForEach(entry, found->reasons)
        write_check(out, true, "plugins: %s %s: %s",
                    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "endpoint")),
                    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "instance")),
                    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(entry, "reason")));
}

/* A new configuration, while the one before serves. */
static void write_awaited(void *out, const struct instance *instance)
{
    write_check(out, false, "reload: waits for %s of %s, whose create has not finished yet",
                instance->name, instance->seen.endpoint);
}

bool readiness_list(const struct readiness_question *asked, struct buffer *out)
{
    struct readiness found = look_at(asked);
    write_check(out, found.is_draining, "draining: %s", found.is_draining ? "yes" : "no");
    if (found.is_starting)
        write_check(out, true, "configuration: not in force yet");
    else
        creation_each(&asked->hub->set.pipeline, write_awaited, out);
    if (found.is_stuck)
        write_check(out, true, "threads: %s", asked->watched->what);
    else
        write_check(out, false, "threads");
    write_check(out, found.is_full, "clients: %u of %u", found.clients, found.clients_most);
    write_plugins(out, &found);
    enum status status = status_of(&found);
    log_if_changed(asked, &found, status);
    write_check(out, status != STATUS_READY, "readyz: %s", status_text(status));
    cJSON_Delete(found.reasons);
    return status == STATUS_READY;
}
