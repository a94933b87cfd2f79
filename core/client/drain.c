#include "client/drain.h"

#include "base/clock.h"
#include "base/event.h"
#include "client/client.h"
#include "client/shard.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One loop's part. */
struct drain {
    struct mail mail; /* first */
    struct drain_order *order;
    struct drain *next; /* of the shard */
    struct shard *shard;
    struct sweep sweep;
    struct timer timer;
    uint32_t count;    /* clients that were there when it began to close them */
    uint32_t released; /* how many of them may have been closed by now */
    int64_t reported;  /* when the log was told how far it is; monotonic ns */
    bool has_begun;    /* its sweep is under way */
};

/* What all loops are told; the last one to end frees it. */
struct drain_order {
    struct drain_plan plan;
    uint64_t number;
    _Atomic unsigned loops_to_go;
    struct drain drains[]; /* by loop */
};

bool drain_refuses(const struct drain_scope *scope)
{
    return drain_is_on(scope) &&
           clock_monotonic() >= atomic_load_explicit(&scope->from, memory_order_relaxed);
}

static bool is_in_force(const struct drain_order *order)
{
    return atomic_load_explicit(&order->plan.scope->number, memory_order_relaxed) == order->number;
}

/* -- one loop -- */

static struct drain *drain_of(struct sweep *sweep)
{
    return (struct drain *)((char *)sweep - offsetof(struct drain, sweep));
}

static struct event_values values_of(const struct drain_plan *plan)
{
    struct event_values values = {.message = NULL};
    values.texts[EVENT_FIELD_ENDPOINT] = plan->endpoint != NULL ? plan->endpoint->path : NULL;
    event_set_number(&values, EVENT_FIELD_CLOSED,
                     atomic_load_explicit(&plan->scope->closed, memory_order_relaxed));
    return values;
}

static const char *scope_of(const struct drain_plan *plan)
{
    return plan->endpoint != NULL ? plan->endpoint->path : "all endpoints";
}

static void log_end_of_drain(const struct drain_plan *plan)
{
    char message[512];
    struct event_values values = values_of(plan);
    snprintf(message, sizeof message, "%s: all clients have been told to go (%" PRIu64 " closed)",
             scope_of(plan), values.numbers[EVENT_FIELD_CLOSED]);
    values.message = message;
    event_log(EVENT_DRAIN_ENDED, "drain", &values);
}

static uint32_t clients_left(const struct shard_set *set, const struct endpoint *endpoint)
{
    uint32_t sum = 0;
    if (endpoint != NULL)
        return atomic_load_explicit(&endpoint->connected, memory_order_relaxed);
    for (unsigned i = 0; i < set->count; i++)
        sum += atomic_load_explicit(&set->shards[i].load, memory_order_relaxed);
    return sum;
}

/* The first loop speaks for all of them. */
static void report_progress(struct drain *drain)
{
    char message[512];
    const struct drain_plan *plan = &drain->order->plan;
    int64_t now = drain->shard->loop.now;
    int64_t tenth = (plan->until - plan->from) / 10;
    int64_t interval = tenth > NS_PER_S ? tenth : NS_PER_S;
    if (!plan->reports || drain != &drain->order->drains[0] || now - drain->reported < interval)
        return;
    struct event_values values = values_of(plan);
    uint32_t clients = clients_left(drain->shard->set, plan->endpoint);
    int64_t left = plan->until > now ? (plan->until - now) / NS_PER_MS : 0;
    drain->reported = now;
    snprintf(message, sizeof message,
             "%s: %" PRIu32 " clients are left, the last is to be closed in %" PRId64 " ms",
             scope_of(plan), clients, left);
    event_set_number(&values, EVENT_FIELD_CLIENTS, clients);
    event_set_number(&values, EVENT_FIELD_LEFT_MS, (uint64_t)left);
    values.message = message;
    event_log(EVENT_DRAIN_PROGRESS, "drain", &values);
}

static void end_drain(struct drain *drain)
{
    struct drain_order *order = drain->order;
    struct drain **link = &drain->shard->drains;
    while (*link != drain)
        link = &(*link)->next;
    *link = drain->next;
    timer_stop(&drain->timer);
    if (atomic_fetch_sub_explicit(&order->loops_to_go, 1, memory_order_acq_rel) > 1)
        return;
    if (is_in_force(order))
        log_end_of_drain(&order->plan);
    free(order);
}

static void end_drain_of_sweep(struct sweep *sweep, struct shard *shard)
{
    (void)shard;
    end_drain(drain_of(sweep));
}

static bool is_drained(const struct drain_plan *plan, const struct client *client)
{
    return client->state == CLIENT_OPEN &&
           (plan->endpoint == NULL || client_endpoint(client) == plan->endpoint);
}

static bool close_for_drain(struct sweep *sweep, struct client *client)
{
    const struct drain_order *order = drain_of(sweep)->order;
    const struct drain_plan *plan = &order->plan;
    if (!is_in_force(order)) {
        sweep->position = sweep->slots; /* That ends it. */
        return false;
    }
    if (!is_drained(plan, client))
        return false;
    atomic_fetch_add_explicit(&plan->scope->closed, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&client_endpoint(client)->drained, 1, memory_order_relaxed);
    client_close(client, CLOSE_SERVICE_RESTART, plan->reason, strlen(plan->reason));
    return true;
}

/* How many of `count` clients are to be closed by the end of this tick. */
static uint32_t due_clients(const struct drain *drain)
{
    const struct drain_plan *plan = &drain->order->plan;
    int64_t passed = drain->shard->loop.now - plan->from + DRAIN_TICK;
    double part = (double)passed / (double)(plan->until - plan->from);
    return (uint32_t)((double)drain->count * part);
}

static void release_clients(struct drain *drain)
{
    const struct drain_plan *plan = &drain->order->plan;
    if (drain->shard->loop.now + DRAIN_TICK > plan->until) {
        drain->sweep.quota = SWEEP_WITHOUT_QUOTA;
        return;
    }
    uint32_t due = due_clients(drain);
    uint32_t share = due > drain->released ? due - drain->released : 0;
    if (share < plan->at_least)
        share = plan->at_least;
    drain->released += share;
    drain->sweep.quota += share;
}

static uint32_t clients_to_drain(const struct drain *drain)
{
    const struct endpoint *endpoint = drain->order->plan.endpoint;
    if (endpoint != NULL)
        return endpoint->fanout.audiences[drain->shard->loop.index].count;
    return atomic_load_explicit(&drain->shard->load, memory_order_relaxed);
}

static void wait_for_tick(struct drain *drain, int64_t deadline)
{
    timer_start(&drain->shard->loop.timers, &drain->timer, deadline);
}

/* The end of the iteration goes on with what is not done at once. */
static void begin_to_close(struct drain *drain)
{
    drain->has_begun = true;
    drain->reported = drain->shard->loop.now;
    drain->count = clients_to_drain(drain);
    drain->sweep = (struct sweep){.visit = close_for_drain, .end = end_drain_of_sweep};
    release_clients(drain);
    wait_for_tick(drain, drain->shard->loop.now + DRAIN_TICK);
    sweep_begin(drain->shard, &drain->sweep);
}

/* It looks again each tick, so that one that is stopped is not kept. */
static void begin_in_time(struct drain *drain)
{
    struct loop *loop = &drain->shard->loop;
    int64_t from = drain->order->plan.from;
    if (!is_in_force(drain->order))
        end_drain(drain);
    else if (loop->now >= from)
        begin_to_close(drain);
    else
        wait_for_tick(drain, from < loop->now + DRAIN_TICK ? from : loop->now + DRAIN_TICK);
}

static void on_drain_timer(struct loop *loop, struct timer *timer)
{
    struct drain *drain = (struct drain *)((char *)timer - offsetof(struct drain, timer));
    if (!drain->has_begun) {
        begin_in_time(drain);
    } else if (!is_in_force(drain->order)) {
        drain->sweep.position = drain->sweep.slots; /* The end of the iteration ends it. */
    } else if (drain->sweep.quota != SWEEP_WITHOUT_QUOTA) {
        report_progress(drain);
        release_clients(drain);
        wait_for_tick(drain, loop->now + DRAIN_TICK);
    }
}

static void deliver_drain(struct loop *loop, struct mail *mail)
{
    struct drain *drain = (struct drain *)mail;
    drain->shard = shard_of(loop);
    drain->next = drain->shard->drains;
    drain->shard->drains = drain;
    drain->timer.fire = on_drain_timer;
    if (loop_current() == loop)
        begin_in_time(drain);
    else
        end_drain(drain); /* The loop has ended, and with it the server. */
}

void drain_end_all(struct shard *shard)
{
    struct drain *next;
    for (struct drain *drain = shard->drains; drain != NULL; drain = next) {
        next = drain->next;
        if (!drain->has_begun)
            end_drain(drain); /* The others end with their sweeps. */
    }
}

/* -- all loops -- */

int drain_begin(struct shard_set *set, const struct drain_plan *plan)
{
    struct drain_order *order = calloc(1, sizeof *order + set->count * sizeof(struct drain));
    if (order == NULL)
        return ERR_NO_MEMORY;
    order->plan = *plan;
    order->number = atomic_fetch_add_explicit(&set->drains, 1, memory_order_relaxed) + 1;
    atomic_init(&order->loops_to_go, set->count);
    atomic_store_explicit(&plan->scope->closed, 0, memory_order_relaxed);
    atomic_store_explicit(&plan->scope->from, plan->from, memory_order_relaxed);
    atomic_store_explicit(&plan->scope->until, plan->until, memory_order_relaxed);
    atomic_store_explicit(&plan->scope->number, order->number, memory_order_release);
    for (unsigned i = 0; i < set->count; i++) {
        order->drains[i] = (struct drain){.mail.deliver = deliver_drain, .order = order};
        loop_post(&set->shards[i].loop, &order->drains[i].mail);
    }
    return OK;
}

void drain_stop(struct drain_scope *scope)
{
    atomic_store_explicit(&scope->number, 0, memory_order_release);
}
