/*
 * A sweep does something with every client of a shard in portions, one at the end of each
 * iteration, so that the loop is not held for long however many clients it has.
 *
 * Only the loop's thread.
 */
#ifndef SLUICE_CLIENT_SWEEP_H
#define SLUICE_CLIENT_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

struct client;
struct shard;

#define SWEEP_VISITS 256u /* in a portion: what they queue is written in the same iteration */
#define SWEEP_TIME (2 * INT64_C(1000000)) /* ns that a portion may take */
#define SWEEP_WITHOUT_QUOTA UINT32_MAX

/* Embedded in a struct that `end` knows. The caller sets the first three. */
struct sweep {
    /* Returns whether the visit counts towards the quota. May end clients. */
    bool (*visit)(struct sweep *sweep, struct client *client);
    /* All clients that were there at the beginning, and have not gone, were visited, or the loop
     * ends. The sweep may be freed. */
    void (*end)(struct sweep *sweep, struct shard *shard);
    uint32_t quota;    /* visits that are still to be made now; the owner may raise it */
    uint32_t position; /* slot of the shard: those before it are done */
    uint32_t slots;    /* how many there were at the beginning */
    struct sweep *next;
};

/* Begins, and does the first portion: a small shard is done at once. A loop that is about to end
 * has its clients ended anyway: there the sweep only ends. */
void sweep_begin(struct shard *shard, struct sweep *sweep);

/* Does a portion of each sweep under way. Returns whether there is more to do at once. */
bool sweep_go_on(struct shard *shard);

/* Ends all sweeps under way, wherever they are. */
void sweep_end_all(struct shard *shard);

#endif
