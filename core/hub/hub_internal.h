/*
 * What the parts of the hub, the clients and the metrics know of it beyond hub.h.
 */
#ifndef SLUICE_HUB_HUB_INTERNAL_H
#define SLUICE_HUB_HUB_INTERNAL_H

#include "base/descriptors.h"
#include "hub/address_counts.h"
#include "client/endpoint.h"
#include "hub/hub.h"
#include "client/shard.h"
#include "loop/mailbox.h"
#include "pipeline/plugin.h"
#include "pipeline/worker_pool.h"

#include <pthread.h>
#include <stdatomic.h>

#define HUB_LOOPS_MAX 256u     /* an id has 8 bits for its loop */
#define HUB_ENDPOINTS_MAX 1024 /* that a hub has ever had */
#define ADMISSION_COUNT (ADMISSION_DESCRIPTORS + 1)

/* What became of the reloads that were asked for. */
struct hub_reloads {
    _Atomic uint64_t done;
    _Atomic uint64_t failed;
    _Atomic bool last_failed; /* what the configuration file says is not what is in force */
};

struct hub {
    /* Endpoints are only added, and never freed before the end: any thread may walk them. */
    struct endpoint *endpoints[HUB_ENDPOINTS_MAX];
    _Atomic size_t endpoint_count;
    pthread_mutex_t setup_lock; /* of the endpoints' set-ups, for who is not on a loop */
    struct shard_set set;
    bool is_started;
    struct plugin_set plugins; /* of the configuration that runs; main thread */
    struct mailbox control;    /* for the main thread */
    _Atomic uint32_t limit_clients;
    _Atomic uint32_t limit_clients_per_address;
    _Atomic uint64_t generation; /* how many configurations have been in force */
    struct hub_reloads reloads;  /* written by the main thread */
    struct descriptors descriptors;
    struct address_counts addresses;
    _Atomic uint32_t admitted;
    _Atomic uint64_t admissions[ADMISSION_COUNT]; /* by enum admission: granted and refused */
};

/* How many endpoints there are, inactive ones included. */
static inline size_t hub_endpoint_count(const struct hub *hub)
{
    return atomic_load_explicit(&hub->endpoint_count, memory_order_acquire);
}

/* The shard whose loop the calling thread runs, or NULL. */
struct shard *hub_current_shard(const struct hub *hub);

/* Hands work to the main thread. Any thread. */
void hub_post_control(struct hub *hub, struct mail *mail);

#endif
