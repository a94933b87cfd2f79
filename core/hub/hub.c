#include "hub/hub.h"

#include "base/clock.h"
#include "base/log.h"
#include "client/client.h"
#include "config/config.h"
#include "hub/hub_internal.h"
#include "pipeline/chain.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define LOOPS_MAX 256u /* an id has 8 bits for its loop */

/* -- life -- */

static unsigned loop_count_for(const struct config *config)
{
    cpu_set_t cpus;
    unsigned count = config->loops;
    if (count == 0 && sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        count = (unsigned)CPU_COUNT(&cpus);
    if (count == 0)
        count = 1;
    return count < LOOPS_MAX ? count : LOOPS_MAX;
}

static void init_endpoint(struct hub *hub, struct endpoint *endpoint, size_t index)
{
    const struct endpoint_config *config = &hub->config->endpoints[index];
    endpoint->config = config;
    endpoint->hub = hub;
    endpoint->index = (unsigned)index;
    endpoint->limits =
        (struct frame_limits){.message_max = config->message_max_size,
                              .text = (config->message_types & MESSAGE_TYPE_TEXT) != 0,
                              .binary = (config->message_types & MESSAGE_TYPE_BINARY) != 0};
}

static int create_endpoints(struct hub *hub)
{
    hub->endpoints = calloc(hub->config->endpoint_count, sizeof *hub->endpoints);
    if (hub->endpoints == NULL)
        return ERR_NO_MEMORY;
    hub->endpoint_count = hub->config->endpoint_count;
    for (size_t i = 0; i < hub->endpoint_count; i++)
        init_endpoint(hub, &hub->endpoints[i], i);
    return OK;
}

/* After endpoints and shards: an instance's create may already count, send and broadcast. */
static int create_chains(struct hub *hub, struct diagnostics *diagnostics)
{
    int first_error = OK;
    for (size_t i = 0; i < hub->endpoint_count; i++) {
        int error = chain_create(&hub->plugins, &hub->endpoints[i], hub->shard_count, diagnostics,
                                 &hub->endpoints[i].chain);
        if (first_error == OK)
            first_error = error;
    }
    return first_error;
}

static int create_shards(struct hub *hub)
{
    unsigned count = loop_count_for(hub->config);
    hub->shards = calloc(count, sizeof *hub->shards);
    if (hub->shards == NULL)
        return ERR_NO_MEMORY;
    for (; hub->shard_count < count; hub->shard_count++) {
        int error = shard_init(&hub->shards[hub->shard_count], hub, hub->shard_count);
        if (error != OK)
            return error;
    }
    return OK;
}

int hub_create(const struct config *config, struct diagnostics *diagnostics, struct hub **out)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL)
        return ERR_NO_MEMORY;
    hub->config = config;
    plugin_set_init(&hub->plugins, config->plugin_path, config->plugin_path_count);
    int error = address_counts_init(&hub->addresses);
    if (error != OK) {
        free(hub);
        return error;
    }
    error = create_endpoints(hub);
    if (error == OK)
        error = create_shards(hub);
    if (error == OK)
        error = create_chains(hub, diagnostics);
    if (error != OK) {
        hub_destroy(hub);
        return error;
    }
    *out = hub;
    return OK;
}

int hub_start(struct hub *hub)
{
    for (unsigned i = 0; i < hub->shard_count; i++) {
        if (loop_start(&hub->shards[i].loop) != OK) {
            while (i-- > 0)
                loop_stop(&hub->shards[i].loop);
            return ERR_SYSTEM;
        }
    }
    hub->is_started = true;
    return OK;
}

/* Mail that was posted to loops that do not run: by close hooks on other loops, by plugins in
 * create and destroy, by plugins' own threads. */
static void deliver_rest(struct hub *hub)
{
    for (unsigned i = 0; i < hub->shard_count; i++)
        loop_deliver_rest(&hub->shards[i].loop);
}

static void destroy_shards(struct hub *hub)
{
    deliver_rest(hub);
    for (unsigned i = 0; i < hub->shard_count; i++)
        shard_deinit(&hub->shards[i]);
    free(hub->shards);
}

void hub_destroy(struct hub *hub)
{
    if (hub == NULL)
        return;
    atomic_store(&hub->is_draining, true);
    for (unsigned i = 0; hub->is_started && i < hub->shard_count; i++)
        loop_stop(&hub->shards[i].loop);
    /* The loops' mailboxes outlive the instances, whose own threads may post until destroy. */
    for (size_t i = 0; i < hub->endpoint_count; i++)
        chain_destroy(hub->endpoints[i].chain);
    destroy_shards(hub);
    free(hub->endpoints);
    plugin_set_deinit(&hub->plugins);
    address_counts_deinit(&hub->addresses);
    free(hub);
}

/* -- coming and going -- */

struct endpoint *hub_find_endpoint(struct hub *hub, const char *path)
{
    for (size_t i = 0; i < hub->endpoint_count; i++)
        if (strcmp(hub->endpoints[i].config->path, path) == 0)
            return &hub->endpoints[i];
    return NULL;
}

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

static enum admission admit_address(struct hub *hub, struct endpoint *endpoint,
                                    const struct address *address)
{
    int error =
        address_counts_add(&hub->addresses, address, 0, hub->config->limit_clients_per_address);
    if (error != OK)
        return error == ERR_LIMIT ? ADMISSION_ADDRESS_FULL : ADMISSION_NO_MEMORY;
    error = address_counts_add(&hub->addresses, address, endpoint->index + 1,
                               endpoint->config->clients_per_address);
    if (error == OK)
        return ADMISSION_GRANTED;
    address_counts_remove(&hub->addresses, address, 0);
    return error == ERR_LIMIT ? ADMISSION_ADDRESS_FULL : ADMISSION_NO_MEMORY;
}

static enum admission admit(struct hub *hub, struct endpoint *endpoint,
                            const struct address *address)
{
    if (atomic_load_explicit(&hub->is_draining, memory_order_relaxed))
        return ADMISSION_DRAINING;
    if (!take_place(&hub->admitted, hub->config->limit_clients))
        return ADMISSION_TOTAL_FULL;
    if (!take_place(&endpoint->admitted, endpoint->config->clients_max)) {
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

enum admission hub_admit(struct hub *hub, struct endpoint *endpoint, const struct address *address)
{
    enum admission admission = admit(hub, endpoint, address);
    atomic_fetch_add_explicit(&hub->admissions[admission], 1, memory_order_relaxed);
    return admission;
}

void hub_leave(struct hub *hub, struct endpoint *endpoint, const struct address *address)
{
    address_counts_remove(&hub->addresses, address, endpoint->index + 1);
    address_counts_remove(&hub->addresses, address, 0);
    give_place(&endpoint->admitted);
    give_place(&hub->admitted);
}

void hub_accept(struct hub *hub, struct upgrade *upgrade)
{
    struct shard *best = &hub->shards[0];
    for (unsigned i = 1; i < hub->shard_count; i++)
        if (atomic_load_explicit(&hub->shards[i].load, memory_order_relaxed) <
            atomic_load_explicit(&best->load, memory_order_relaxed))
            best = &hub->shards[i];
    atomic_fetch_add_explicit(&best->load, 1, memory_order_relaxed);
    upgrade->mail.deliver = client_accept;
    loop_post(&best->loop, &upgrade->mail);
}

uint32_t hub_client_count(const struct hub *hub, const struct endpoint *endpoint)
{
    uint32_t count = 0;
    if (endpoint != NULL)
        return atomic_load_explicit(&endpoint->connected, memory_order_relaxed);
    for (size_t i = 0; i < hub->endpoint_count; i++)
        count += atomic_load_explicit(&hub->endpoints[i].connected, memory_order_relaxed);
    return count;
}

/* -- draining -- */

struct drain_mail {
    struct mail mail; /* first */
    int64_t until;
};

static void deliver_drain(struct loop *loop, struct mail *mail)
{
    shard_drain(shard_of(loop), ((struct drain_mail *)mail)->until);
    free(mail);
}

void hub_drain(struct hub *hub, int64_t grace)
{
    atomic_store(&hub->is_draining, true);
    for (unsigned i = 0; i < hub->shard_count; i++) {
        struct drain_mail *mail = malloc(sizeof *mail);
        if (mail == NULL)
            continue; /* This loop's clients will be cut off without a goodbye. */
        *mail = (struct drain_mail){.mail.deliver = deliver_drain,
                                    .until = clock_monotonic() + grace / 2};
        loop_post(&hub->shards[i].loop, &mail->mail);
    }
}
