/*
 * What the plugins of an endpoint are asked about its topics: whether a client may be subscribed,
 * and whether, and as what, a message may be published.
 *
 * These hooks run inside of whatever subscribes or publishes, so perhaps inside of another hook. An
 * instance is not asked about what it does itself, and neither hook runs inside of itself.
 */
#ifndef SLUICE_PIPELINE_CHAIN_TOPICS_H
#define SLUICE_PIPELINE_CHAIN_TOPICS_H

#include <sluice/plugin.h>

#include <stdbool.h>

struct chain;
struct instance;
struct message;
struct pipeline_loop;

/* Runs the on_subscribe hooks of an open client's chain, but of `by` (NULL: of all). Returns
 * whether nobody objects; the client may not be open any more. The client's loop. */
bool chain_lets_subscribe(struct sl_client *client, const struct instance *by, const char *topic,
                          size_t len);

/* A message on its way to a topic. */
struct publication {
    const struct chain *chain;  /* of the endpoint, for as long as it is asked */
    struct pipeline_loop *loop; /* whose thread this is; NULL: no loop's */
    const struct instance *by;  /* NULL: a client's message, from the pipeline */
    struct sl_client *origin;   /* of the chain, or NULL */
    const char *topic;
    size_t len;
    struct message *message; /* the hooks may replace its payload, and not its topic */
};

/* Runs the on_publish hooks, likewise. Any thread. */
bool chain_lets_publish(const struct publication *publication);

#endif
