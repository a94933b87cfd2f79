#include "hub/drain.h"

#include "base/clock.h"
#include "base/event.h"
#include "hub/hub.h"

#include <inttypes.h>
#include <stdio.h>

#define STOP_AT_LEAST                                                                              \
    16u /* clients that each loop closes a tick: a small server need not take its time */

static const char *scope_name(const struct endpoint *endpoint)
{
    return endpoint != NULL ? endpoint->path : "all endpoints";
}

static struct event_values values_of(const struct endpoint *endpoint, const char *who)
{
    return (struct event_values){
        .texts = {[EVENT_FIELD_ASKED_BY] = who,
                  [EVENT_FIELD_ENDPOINT] = endpoint != NULL ? endpoint->path : NULL}};
}

/* -- the server stops -- */

void hub_announce_stop(struct hub *hub)
{
    pthread_mutex_lock(&hub->drain_lock);
    atomic_store(&hub->is_ending, true);
    pthread_mutex_unlock(&hub->drain_lock);
}

void hub_drain(struct hub *hub, int64_t grace)
{
    hub_announce_stop(hub);
    atomic_store(&hub->set.is_draining, true);
    int64_t now = clock_monotonic();
    const struct drain_plan plan = {.scope = &hub->set.drain,
                                    .from = now,
                                    .until = now + grace / 2,
                                    .at_least = STOP_AT_LEAST,
                                    .reason = "server is shutting down; reconnect"};
    if (drain_begin(&hub->set, &plan) != OK)
        log_error("drain", "no memory to close the clients with: they will be cut off");
}

/* -- the administrator asks -- */

/* One that is drained already is not opened for newcomers again. */
static int64_t beginning(const struct hub *hub, const struct drain_scope *scope,
                         const struct endpoint *endpoint, int64_t now)
{
    if (drain_is_on(scope))
        return atomic_load_explicit(&scope->from, memory_order_relaxed);
    return endpoint == NULL ? now + atomic_load_explicit(&hub->drain_delay, memory_order_relaxed)
                            : now;
}

static void log_begun(const struct hub *hub, const struct drain_plan *plan, int64_t now,
                      const char *who)
{
    char message[512];
    struct event_values values = values_of(plan->endpoint, who);
    uint32_t clients = hub_client_count(hub, plan->endpoint);
    int64_t left = (plan->until - now) / NS_PER_MS;
    int64_t delay = plan->from > now ? (plan->from - now) / NS_PER_MS : 0;
    snprintf(message, sizeof message,
             "%s: %" PRIu32 " clients, to be closed in %" PRId64 " ms, from %" PRId64
             " ms on, asked by %s",
             scope_name(plan->endpoint), clients, left, delay, who);
    event_set_number(&values, EVENT_FIELD_CLIENTS, clients);
    event_set_number(&values, EVENT_FIELD_DELAY_MS, (uint64_t)delay);
    event_set_number(&values, EVENT_FIELD_LEFT_MS, (uint64_t)left);
    values.message = message;
    event_log(EVENT_DRAIN_BEGUN, "drain", &values);
}

static void log_stopped(const struct endpoint *endpoint, uint64_t closed, const char *who)
{
    char message[512];
    struct event_values values = values_of(endpoint, who);
    snprintf(message, sizeof message, "%s: stopped; %" PRIu64 " clients were closed, asked by %s",
             scope_name(endpoint), closed, who);
    event_set_number(&values, EVENT_FIELD_CLOSED, closed);
    values.message = message;
    event_log(EVENT_DRAIN_STOPPED, "drain", &values);
}

static int put_in_force(struct hub *hub, struct endpoint *endpoint, int64_t over, const char *who)
{
    struct drain_scope *scope = endpoint != NULL ? &endpoint->drain : &hub->set.drain;
    int64_t now = clock_monotonic();
    int64_t from = beginning(hub, scope, endpoint, now);
    struct drain_plan plan = {.scope = scope,
                              .endpoint = endpoint,
                              .from = from,
                              .until = (from > now ? from : now) + over,
                              .reason = "server is draining; reconnect",
                              .reports = true};
    int error = drain_begin(&hub->set, &plan);
    if (error == OK)
        log_begun(hub, &plan, now, who);
    return error;
}

int hub_drain_begin(struct hub *hub, struct endpoint *endpoint, int64_t over, const char *who)
{
    if (over < 0)
        over = atomic_load_explicit(&hub->drain_over, memory_order_relaxed);
    pthread_mutex_lock(&hub->drain_lock);
    int error = atomic_load(&hub->is_ending) ? ERR_CLOSED : put_in_force(hub, endpoint, over, who);
    pthread_mutex_unlock(&hub->drain_lock);
    return error;
}

/* Returns how many drains that were: 0 or 1. */
static size_t stop_scope(struct drain_scope *scope, const struct endpoint *endpoint,
                         const char *who)
{
    if (!drain_is_on(scope))
        return 0;
    drain_stop(scope);
    log_stopped(endpoint, atomic_load_explicit(&scope->closed, memory_order_relaxed), who);
    return 1;
}

static size_t stop_all_scopes(struct hub *hub, const char *who)
{
    size_t stopped = stop_scope(&hub->set.drain, NULL, who);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        stopped += stop_scope(&hub->endpoints[i]->drain, hub->endpoints[i], who);
    return stopped;
}

int hub_drain_stop(struct hub *hub, struct endpoint *endpoint, const char *who, size_t *stopped)
{
    size_t count = 0;
    pthread_mutex_lock(&hub->drain_lock);
    int error = atomic_load(&hub->is_ending) ? ERR_CLOSED : OK;
    if (error == OK && endpoint == NULL)
        count = stop_all_scopes(hub, who);
    else if (error == OK)
        count = stop_scope(&endpoint->drain, endpoint, who);
    if (stopped != NULL)
        *stopped = count;
    pthread_mutex_unlock(&hub->drain_lock);
    return error;
}

/* -- what there is to see -- */

void hub_drain_read(struct hub *hub, const struct endpoint *endpoint, struct drain_status *out)
{
    const struct drain_scope *scope = endpoint != NULL ? &endpoint->drain : &hub->set.drain;
    pthread_mutex_lock(&hub->drain_lock);
    int64_t now = clock_monotonic();
    int64_t left = atomic_load_explicit(&scope->until, memory_order_relaxed) - now;
    *out =
        (struct drain_status){.left = left > 0 ? left : 0,
                              .closed = atomic_load_explicit(&scope->closed, memory_order_relaxed),
                              .clients = hub_client_count(hub, endpoint)};
    if (!drain_is_on(scope))
        out->state = DRAIN_NONE;
    else if (now < atomic_load_explicit(&scope->from, memory_order_relaxed))
        out->state = DRAIN_WAITING;
    else
        out->state = out->clients > 0 ? DRAIN_CLOSING : DRAIN_DONE;
    pthread_mutex_unlock(&hub->drain_lock);
}

bool hub_is_draining(const struct hub *hub)
{
    return atomic_load_explicit(&hub->is_ending, memory_order_relaxed) ||
           drain_is_on(&hub->set.drain);
}

bool hub_drain_refuses(const struct hub *hub, const struct endpoint *endpoint)
{
    return atomic_load_explicit(&hub->set.is_draining, memory_order_relaxed) ||
           drain_refuses(&hub->set.drain) || drain_refuses(&endpoint->drain);
}

const char *drain_state_text(enum drain_state state)
{
    static const char *const texts[] = {[DRAIN_NONE] = "none",
                                        [DRAIN_WAITING] = "waiting",
                                        [DRAIN_CLOSING] = "closing",
                                        [DRAIN_DONE] = "drained"};
    return texts[state];
}
