/*
 * What the end of a deferral asks of the chain that it interrupted.
 *
 * Only the client's loop.
 */
#ifndef SLUICE_PIPELINE_CHAIN_DEFERRED_H
#define SLUICE_PIPELINE_CHAIN_DEFERRED_H

struct client;
struct completion;
struct upgrade;
struct message;
struct stage;

/* Counts the verdict that a deferral has led to, or that it missed its deadline. */
void chain_count_deferred(const struct stage *stage, const struct client *client, int verdict);
void chain_count_timeout(const struct stage *stage, const struct client *client);

/* Lay what came with a completion over the message, or the request and its client. Return the
 * verdict, or SL_ERROR if it does not fit. */
int chain_apply_to_message(struct message *message, const struct completion *completion);
int chain_apply_to_upgrade(struct client *client, struct upgrade *upgrade,
                           const struct completion *completion);

#endif
