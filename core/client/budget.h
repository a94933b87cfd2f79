/*
 * Budgets: memory that all clients of the server share, and who holds most of it.
 *
 * Each client's holding is in a size class, four to each power of two; each loop counts its clients
 * by class, and any loop may read the others' counts. When a budget is full, those who hold most
 * go, on whichever loop they are, and not the client that comes next.
 *
 * The loop's thread, except budget_is_full.
 */
#ifndef SLUICE_CLIENT_BUDGET_H
#define SLUICE_CLIENT_BUDGET_H

#include <stdbool.h>
#include <stddef.h>

struct client;
struct hub;
struct loop;
struct mail;
struct shard;

enum budget {
    BUDGET_QUEUE, /* limits.queue_bytes: what waits to be sent */
    BUDGET_INPUT, /* limits.input_bytes: what was received and is not done with */
    BUDGET_COUNT
};

#define BUDGET_CLASSES 192

/* The class of a holding; 0: nothing is held. Any thread. */
unsigned budget_class(size_t bytes);

/* Notes what a client holds now. */
void budget_note(struct client *client, enum budget budget, size_t bytes);

/* Whether more is held than the budget allows. Any thread. */
bool budget_is_full(struct hub *hub, enum budget budget);

/* If a budget is full, ends this loop's largest holders until an eighth of it is free; if larger
 * ones are on other loops, asks those. Only between events, with all batches empty. */
void budget_relieve(struct shard *shard, enum budget budget);

/* The mail by which other loops ask. */
void budget_deliver_request(struct loop *loop, struct mail *mail);

#endif
