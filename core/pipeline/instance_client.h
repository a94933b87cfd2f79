/*
 * Where the end of work that a plugin has given away is told: the loop of the client that it is
 * about, and the client itself if it is still there.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_CLIENT_H
#define SLUICE_PIPELINE_INSTANCE_CLIENT_H

#include "loop/loop.h"
#include "pipeline/chain.h"
#include "pipeline/pipeline.h"

/* The loop of a client, or, for id 0, the instance's own. Any thread. */
static inline struct loop *instance_loop_of(const struct instance *instance, uint64_t client_id)
{
    const struct pipeline *pipeline = instance->pipeline;
    unsigned index = client_id_loop(client_id);
    return client_id != 0 && index < pipeline->loop_count ? pipeline->loops[index]->loop
                                                          : instance->home;
}

/* The client, or NULL: there is none, it is gone, or a reload has taken it away from the instance,
 * whose state block it has no more then. On its loop. */
static inline struct sl_client *instance_client(const struct loop *loop,
                                                const struct instance *instance, uint64_t client_id)
{
    const struct pipeline *pipeline = instance->pipeline;
    if (client_id == 0)
        return NULL;
    struct sl_client *client = pipeline->calls->find(pipeline->loops[loop->index], client_id);
    if (client == NULL || client->chain == NULL)
        return NULL; /* Without a chain it is refused while its endpoint changes. */
    return chain_has(client->chain, instance) ? client : NULL;
}

#endif
