#include "client/endpoint.h"

#include "delivery/audience.h"
#include "hub/hub_internal.h"
#include "pipeline/chain.h"

#include <stdlib.h>
#include <string.h>

int endpoint_create(struct hub *hub, const char *path, unsigned index, struct endpoint **out)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (endpoint == NULL)
        return ERR_NO_MEMORY;
    endpoint->hub = hub;
    endpoint->index = index;
    endpoint->path = strdup(path);
    endpoint->audiences =
        aligned_alloc(_Alignof(struct audience), hub->shard_count * sizeof(struct audience));
    if (endpoint->path == NULL || endpoint->audiences == NULL) {
        free(endpoint->audiences);
        free(endpoint->path);
        free(endpoint);
        return ERR_NO_MEMORY;
    }
    for (unsigned i = 0; i < hub->shard_count; i++)
        audience_init(&endpoint->audiences[i], &hub->shards[i], endpoint);
    *out = endpoint;
    return OK;
}

void endpoint_retire(struct endpoint *endpoint)
{
    for (unsigned i = 0; i < endpoint->hub->shard_count; i++) {
        endpoint_setup_unref(endpoint->audiences[i].setup);
        endpoint->audiences[i].setup = NULL;
    }
    endpoint_setup_unref(endpoint->setup);
    endpoint->setup = NULL;
}

void endpoint_destroy(struct endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    for (unsigned i = 0; i < endpoint->hub->shard_count; i++)
        audience_deinit(&endpoint->audiences[i]);
    free(endpoint->audiences);
    free(endpoint->path);
    free(endpoint);
}

int endpoint_setup_create(struct endpoint *endpoint, struct config *owner,
                          const struct endpoint_config *config, struct endpoint_setup **out)
{
    struct endpoint_setup *setup = calloc(1, sizeof *setup);
    if (setup == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&setup->references, 1);
    setup->endpoint = endpoint;
    setup->owner = config_ref(owner);
    setup->config = config;
    setup->limits =
        (struct frame_limits){.message_max = config->message_max_size,
                              .fragments_max = config->message_max_fragments,
                              .text = (config->message_types & MESSAGE_TYPE_TEXT) != 0,
                              .binary = (config->message_types & MESSAGE_TYPE_BINARY) != 0};
    *out = setup;
    return OK;
}

struct endpoint_setup *endpoint_setup_ref(struct endpoint_setup *setup)
{
    atomic_fetch_add_explicit(&setup->references, 1, memory_order_relaxed);
    return setup;
}

void endpoint_setup_unref(struct endpoint_setup *setup)
{
    if (setup == NULL || atomic_fetch_sub_explicit(&setup->references, 1, memory_order_acq_rel) > 1)
        return;
    chain_destroy(setup->chain);
    config_destroy(setup->owner);
    free(setup);
}
