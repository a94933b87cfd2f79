#include "client/endpoint.h"

#include "delivery/delivery.h"
#include "pipeline/chain.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int endpoint_create(struct hub *hub, struct delivery *delivery, const char *path, unsigned index,
                    struct endpoint **out)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (endpoint == NULL)
        return ERR_NO_MEMORY;
    endpoint->hub = hub;
    endpoint->index = index;
    close_counts_init(&endpoint->closes);
    endpoint->path = strdup(path);
    endpoint->loop_setups = calloc(delivery->loop_count, sizeof(struct endpoint_setup *));
    int error = fanout_init(&endpoint->fanout, delivery);
    if (error != OK || endpoint->path == NULL || endpoint->loop_setups == NULL) {
        endpoint_destroy(endpoint);
        return ERR_NO_MEMORY;
    }
    *out = endpoint;
    return OK;
}

void endpoint_switch_loop(struct endpoint *endpoint, unsigned loop, struct endpoint_setup *setup)
{
    struct endpoint_setup *before = endpoint->loop_setups[loop];
    endpoint->loop_setups[loop] = setup != NULL ? endpoint_setup_ref(setup) : NULL;
    endpoint_setup_unref(before);
}

void endpoint_retire(struct endpoint *endpoint)
{
    for (unsigned i = 0; i < endpoint->fanout.delivery->loop_count; i++)
        endpoint_switch_loop(endpoint, i, NULL);
    endpoint_setup_unref(endpoint->setup);
    endpoint->setup = NULL;
}

void endpoint_destroy(struct endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    fanout_deinit(&endpoint->fanout);
    free(endpoint->loop_setups);
    free(endpoint->path);
    free(endpoint);
}

/* What its messages are told apart by; NULL: nothing asks. */
static const char *conflation_key_of(const struct endpoint_config *config)
{
    if (config->queue_overflow != QUEUE_CONFLATE)
        return NULL;
    return config->queue_key != NULL ? config->queue_key : CONFIG_CONFLATE_TOPIC;
}

static const char *gap_text_of(const struct endpoint_config *config)
{
    if (!config->gap_marker)
        return NULL;
    return config->gap_text != NULL ? config->gap_text : CONFIG_GAP_TEXT;
}

static void set_limits(struct endpoint_setup *setup)
{
    static const enum overflow_policy policies[] = {
        [QUEUE_CLOSE] = OVERFLOW_CLOSE,
        [QUEUE_DROP_OLDEST] = OVERFLOW_DROP_OLDEST,
        [QUEUE_DROP_NEWEST] = OVERFLOW_DROP_NEWEST,
        [QUEUE_CONFLATE] = OVERFLOW_CONFLATE,
    };
    const struct endpoint_config *config = setup->config;
    assert(config->message_max_size <= FRAME_MESSAGE_MOST);
    setup->limits =
        (struct frame_limits){.message_max = (uint32_t)config->message_max_size,
                              .fragments_max = config->message_max_fragments,
                              .text = (config->message_types & MESSAGE_TYPE_TEXT) != 0,
                              .binary = (config->message_types & MESSAGE_TYPE_BINARY) != 0};
    setup->receiver_limits =
        (struct receiver_limits){.queue_bytes = config->queue_bytes,
                                 .queue_messages = config->queue_messages,
                                 .overflow = policies[config->queue_overflow],
                                 .gap_text = gap_text_of(config),
                                 .topics = config->topics_per_client,
                                 .compression = {.min_size = config->compression_min_size,
                                                 .max_size = config->compression_max_size,
                                                 .level = (int)config->compression_level,
                                                 .memory = (int)config->compression_memory}};
}

void endpoint_use_key(struct endpoint *endpoint, const struct endpoint_config *config)
{
    fanout_use_key(&endpoint->fanout, conflation_key_of(config));
}

int endpoint_setup_create(struct endpoint *endpoint, struct config *owner,
                          const struct endpoint_config *config, struct endpoint_setup **out)
{
    const char *key = conflation_key_of(config);
    if (key != NULL && fanout_add_key(&endpoint->fanout, key) != OK)
        return ERR_NO_MEMORY;
    struct endpoint_setup *setup = calloc(1, sizeof *setup);
    if (setup == NULL)
        return ERR_NO_MEMORY;
    atomic_init(&setup->references, 1);
    setup->endpoint = endpoint;
    setup->owner = config_ref(owner);
    setup->config = config;
    set_limits(setup);
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
