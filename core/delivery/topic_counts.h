/*
 * How many clients each topic and each identity has, over all loops.
 *
 * Any thread. One lock, taken when a client subscribes or leaves and when somebody asks.
 */
#ifndef SLUICE_DELIVERY_TOPIC_COUNTS_H
#define SLUICE_DELIVERY_TOPIC_COUNTS_H

#include "base/error.h"
#include "base/hash_table.h"
#include "base/siphash.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct fanout;
struct topic_count;

enum topic_kind {
    TOPIC_NAMED,
    TOPIC_IDENTITY, /* the clients of an identity */
    TOPIC_ALL       /* all clients of an endpoint; has no name, and no subscribers are counted */
};

/* What names a topic. */
struct topic_key {
    struct fanout *fanout;
    enum topic_kind kind;
    const char *name;
    size_t len;
};

struct topic_counts {
    pthread_mutex_t lock;
    struct hash_table table;
    struct siphash_key secret; /* so that nobody can choose names that collide */
};

/* Returns 0, or ERR_SYSTEM if there is no randomness to be had. */
MUST_CHECK int topic_counts_init(struct topic_counts *counts);
void topic_counts_deinit(struct topic_counts *counts);

/* A hash for tables of keys. */
uint64_t topic_key_hash(const struct topic_key *key, const struct siphash_key *secret);

/* One client more, in the totals of the fan-out too. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int topic_counts_add(struct topic_counts *counts, const struct topic_key *key);

/* One client less. */
void topic_counts_remove(struct topic_counts *counts, const struct topic_key *key);

uint32_t topic_counts_get(struct topic_counts *counts, const struct topic_key *key);

/* Takes a topic and how many clients it has; `key` is lent. Must be quick: the lock is held. */
typedef void topic_counts_visit(void *context, const struct topic_key *key, uint32_t clients);

/* Visits the next portion of all topics and identities, which is about `portion` of them, and goes
 * on with the walk. The lock is held as long as that takes, and clients that subscribe wait for
 * it. What is there all the time is visited once. */
void topic_counts_walk(struct topic_counts *counts, struct hash_walk *walk, size_t portion,
                       topic_counts_visit *visit, void *context);

#endif
