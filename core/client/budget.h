/*
 * Budgets: memory that all clients of the server share. When one is full, those who hold most go,
 * on whichever loop they are, and not the client that comes next.
 *
 * There are two: what waits to be sent (limits.queue_bytes), and what was received and is not done
 * with (limits.input_bytes). Each loop counts its clients by the size of what they hold
 * (base/holders.h), and any loop may read the others' counts. The loop's thread.
 */
#ifndef SLUICE_CLIENT_BUDGET_H
#define SLUICE_CLIENT_BUDGET_H

struct loop;
struct mail;
struct shard;

/* If the budget is full, ends this loop's largest holders until an eighth of it is free; if larger
 * ones are on other loops, asks those. Only between events, with all batches empty. */
void budget_relieve_queue(struct shard *shard);
void budget_relieve_input(struct shard *shard);

/* The mail by which other loops ask. */
void budget_deliver_request(struct loop *loop, struct mail *mail);

#endif
