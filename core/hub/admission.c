#include "hub/admission.h"

#include "base/clock.h"
#include "client/client.h"
#include "client/handoff.h"
#include "hub/hub.h"

/* Adds one unless that would pass `limit`; several threads may ask at once. */
static bool take_place(_Atomic uint32_t *count, uint32_t limit)
{
    if (atomic_fetch_add_explicit(count, 1, memory_order_relaxed) < limit)
        return true;
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
    return false;
}

static void give_place(_Atomic uint32_t *count)
{
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
}

/* A limit, which a reload may change. */
static uint32_t current(const _Atomic uint32_t *limit)
{
    return atomic_load_explicit(limit, memory_order_relaxed);
}

static enum admission admit_address(struct hub *hub, struct endpoint *endpoint,
                                    const struct address *address)
{
    int error =
        address_counts_add(&hub->addresses, address, 0, current(&hub->limit_clients_per_address));
    if (error != OK)
        return error == ERR_LIMIT ? ADMISSION_ADDRESS_FULL : ADMISSION_NO_MEMORY;
    error = address_counts_add(&hub->addresses, address, endpoint->index + 1,
                               current(&endpoint->clients_per_address));
    if (error == OK)
        return ADMISSION_GRANTED;
    address_counts_remove(&hub->addresses, address, 0);
    return error == ERR_LIMIT ? ADMISSION_ADDRESS_FULL : ADMISSION_NO_MEMORY;
}

static bool is_stuck(const struct shard *shard)
{
    return atomic_load_explicit(&shard->is_stuck, memory_order_relaxed);
}

static bool all_loops_stuck(const struct hub *hub)
{
    for (unsigned i = 0; i < hub->set.count; i++)
        if (!is_stuck(&hub->set.shards[i]))
            return false;
    return true;
}

static enum admission admit(struct hub *hub, struct endpoint *endpoint,
                            const struct address *address)
{
    if (ban_list_has_address(&hub->bans.list, address->bytes, clock_wall()))
        return ADMISSION_BANNED;
    if (hub_drain_refuses(hub, endpoint))
        return ADMISSION_DRAINING;
    if (all_loops_stuck(hub))
        return ADMISSION_STUCK;
    uint32_t limit = current(&hub->limit_clients);
    bool descriptors_limit = hub->descriptors.for_clients < limit;
    if (!take_place(&hub->admitted, descriptors_limit ? hub->descriptors.for_clients : limit))
        return descriptors_limit ? ADMISSION_DESCRIPTORS : ADMISSION_TOTAL_FULL;
    if (!take_place(&endpoint->admitted, current(&endpoint->clients_max))) {
        give_place(&hub->admitted);
        return ADMISSION_ENDPOINT_FULL;
    }
    enum admission admission = admit_address(hub, endpoint, address);
    if (admission != ADMISSION_GRANTED) {
        give_place(&endpoint->admitted);
        give_place(&hub->admitted);
    }
    return admission;
}

static void count_admission(struct hub *hub, enum admission admission)
{
    atomic_fetch_add_explicit(&hub->admissions[admission], 1, memory_order_relaxed);
}

void hub_count_refusal(struct hub *hub, enum admission reason)
{
    count_admission(hub, reason);
}

enum admission hub_admit(struct hub *hub, struct endpoint *endpoint, const struct address *address)
{
    enum admission admission = admit(hub, endpoint, address);
    count_admission(hub, admission);
    if (admission == ADMISSION_DESCRIPTORS)
        descriptors_tell(&hub->descriptors);
    return admission;
}

bool hub_is_full(const struct hub *hub, uint32_t *clients, uint32_t *most)
{
    uint32_t limit = current(&hub->limit_clients);
    *clients = current(&hub->admitted);
    *most = hub->descriptors.for_clients < limit ? hub->descriptors.for_clients : limit;
    return *clients >= *most;
}

void hub_leave(struct hub *hub, struct endpoint *endpoint, const struct address *address)
{
    address_counts_remove(&hub->addresses, address, endpoint->index + 1);
    address_counts_remove(&hub->addresses, address, 0);
    give_place(&endpoint->admitted);
    give_place(&hub->admitted);
}

/* Whether newcomers had better go to `a`. */
static bool is_better(const struct shard *a, const struct shard *b)
{
    if (is_stuck(a) != is_stuck(b))
        return is_stuck(b);
    return atomic_load_explicit(&a->load, memory_order_relaxed) <
           atomic_load_explicit(&b->load, memory_order_relaxed);
}

void hub_accept(struct hub *hub, struct handoff *handoff)
{
    struct shard *best = &hub->set.shards[0];
    for (unsigned i = 1; i < hub->set.count; i++)
        if (is_better(&hub->set.shards[i], best))
            best = &hub->set.shards[i];
    atomic_fetch_add_explicit(&best->load, 1, memory_order_relaxed);
    handoff->mail.deliver = client_accept;
    loop_post(&best->loop, &handoff->mail);
}
