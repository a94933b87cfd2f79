#include "admin/readiness.h"

#include "hub/hub.h"
#include "hub/watchdog.h"
#include "pipeline/chain.h"

#include <stdarg.h>
#include <stdio.h>

/* What is looked at; each of these, or it is ready. */
struct readiness {
    bool is_draining;
    bool is_stuck;
    bool is_full;
    uint32_t clients;
    uint32_t clients_most;
    cJSON *reasons; /* owned: plugins that cannot work */
};

static void add_reason(const struct stage *stage, cJSON *reasons)
{
    char reason[INSTANCE_UNREADY_SIZE];
    if (stage->is_shadow || !instance_is_unready(stage->instance, reason))
        return;
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "endpoint", stage->instance->seen.endpoint);
    cJSON_AddStringToObject(entry, "instance", stage->instance->name);
    cJSON_AddStringToObject(entry, "reason", reason);
    cJSON_AddItemToArray(reasons, entry);
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

static struct readiness look_at(struct hub *hub, const struct watchdog_status *watched)
{
    struct readiness found = {.is_draining = hub_is_draining(hub),
                              .is_stuck = watched->is_unready,
                              .reasons = cJSON_CreateArray()};
    found.is_full = hub_is_full(hub, &found.clients, &found.clients_most);
    if (atomic_load_explicit(&hub->set.pipeline.unready_count, memory_order_relaxed) > 0)
        add_reasons(hub, found.reasons);
    return found;
}

static bool has_reasons(const struct readiness *found)
{
    return cJSON_GetArraySize(found->reasons) > 0;
}

static const char *status_of(const struct readiness *found)
{
    return found->is_draining   ? "draining"
           : found->is_stuck    ? "stuck"
           : found->is_full     ? "full"
           : has_reasons(found) ? "not ready"
                                : "ready";
}

static bool is_ready(const struct readiness *found)
{
    return !found->is_draining && !found->is_stuck && !found->is_full && !has_reasons(found);
}

bool readiness_describe(struct hub *hub, const struct watchdog_status *watched, cJSON *body)
{
    struct readiness found = look_at(hub, watched);
    char text[64];
    cJSON_AddStringToObject(body, "status", status_of(&found));
    if (found.is_stuck)
        cJSON_AddStringToObject(body, "detail", watched->what);
    else if (found.is_full && !found.is_draining) {
        snprintf(text, sizeof text, "%u of %u clients", found.clients, found.clients_most);
        cJSON_AddStringToObject(body, "detail", text);
    }
    if (has_reasons(&found) && !found.is_draining && !found.is_stuck && !found.is_full)
        cJSON_AddItemToObject(body, "reasons", found.reasons);
    else
        cJSON_Delete(found.reasons);
    return is_ready(&found);
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

bool readiness_list(struct hub *hub, const struct watchdog_status *watched, struct buffer *out)
{
    struct readiness found = look_at(hub, watched);
    write_check(out, found.is_draining, "draining: %s", found.is_draining ? "yes" : "no");
    if (found.is_stuck)
        write_check(out, true, "threads: %s", watched->what);
    else
        write_check(out, false, "threads");
    write_check(out, found.is_full, "clients: %u of %u", found.clients, found.clients_most);
    write_plugins(out, &found);
    write_check(out, !is_ready(&found), "readyz: %s", status_of(&found));
    cJSON_Delete(found.reasons);
    return is_ready(&found);
}
