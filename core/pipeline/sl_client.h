/*
 * A client as the pipeline sees it: what stands behind the pointer that plugins are handed.
 *
 * Embedded in whatever a client is, with room for its plugins' state somewhere behind it. Only the
 * client's loop.
 */
#ifndef SLUICE_PIPELINE_SL_CLIENT_H
#define SLUICE_PIPELINE_SL_CLIENT_H

#include "base/error.h"
#include "pipeline/attributes.h"

#include <sluice/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct chain;
struct deferral;
struct opening;

/* What few clients have: a name, attributes, deferred verdicts, open hooks that wait for one, or
 * state that a reload has moved. */
struct sl_client_extras {
    char *identity;             /* owned, zero-terminated; NULL: not identified */
    struct deferral *deferrals; /* owned */
    struct opening *opening;    /* owned; NULL: all of its chain's open hooks have run */
    size_t deferred_bytes;      /* memory of the deferrals and of what they keep */
    unsigned deferral_count;
    unsigned block_count;
    void **blocks; /* owned; has_moved_state: the state blocks by instance slot */
    struct attributes attributes;
};

struct sl_client {
    uint64_t id;                   /* generation << 32 | slot << 8 | loop */
    const struct chain *chain;     /* what is asked about it; NULL: its endpoint comes or goes */
    struct sl_client_extras *more; /* owned; NULL: none */
    uint32_t inline_size;          /* of the state blocks that were made with the client, bytes */
    uint16_t inline_offset;        /* from here to those, bytes */
    bool is_connecting : 1;        /* its connect chain is running */
    bool is_open : 1;              /* messages flow */
    bool has_moved_state : 1;      /* its plugins' state is in blocks of its own */
    bool is_carried_over : 1;      /* a reload is bringing it to new instances */
    bool is_leaving : 1;           /* a reload is taking it from old ones */
    uint8_t refused_in_shadow;     /* bits: by stages that only watch, see stage->shadow_bit */
};

/* The index of the loop that a client's id, or a deferral's ticket, belongs to. */
static inline unsigned client_id_loop(uint64_t id)
{
    return (unsigned)(id & 0xFF);
}

/* A client that is connecting. Its state blocks, chain->client_size zeroed bytes, lie
 * `inline_offset` bytes behind it. `chain` may be NULL. The id is for the caller to set. */
void sl_client_init(struct sl_client *client, const struct chain *chain, size_t inline_offset);

/* Frees what it owns. No deferral is left. */
void sl_client_deinit(struct sl_client *client);

/* Makes the extras when they are first needed. NULL: no memory. */
struct sl_client_extras *sl_client_need_extras(struct sl_client *client);

/* Whether these bytes may name a client: 1 to 255 bytes of UTF-8, none of them zero. */
bool sl_client_is_identity(const char *identity, size_t len);

/* Names the client: 1 to 255 bytes of UTF-8. Returns 0, ERR_INVALID or ERR_NO_MEMORY. */
MUST_CHECK int sl_client_identify(struct sl_client *client, const char *identity, size_t len);

/* Names the client, unless the identity is empty, and sets attributes, whose names and values are
 * zero-terminated: both, or, with an error of sl_client_identify or attributes_set, nothing. */
MUST_CHECK int sl_client_describe(struct sl_client *client, struct sl_string identity,
                                  const struct sl_pair *attributes, size_t count);

/* Its name, zero-terminated, or NULL. */
static inline const char *sl_client_identity(const struct sl_client *client)
{
    return client->more != NULL ? client->more->identity : NULL;
}

/* Sets, replaces or (NULL) removes an attribute. Returns 0, ERR_INVALID, ERR_LIMIT or
 * ERR_NO_MEMORY. */
MUST_CHECK int sl_client_set_attribute(struct sl_client *client, const char *name,
                                       const char *value, size_t len);

/* An attribute's value, zero-terminated too, or NULL. */
const char *sl_client_attribute(const struct sl_client *client, const char *name, size_t *len);

/* Memory that its deferrals and what they keep take, bytes. */
static inline size_t sl_client_deferred_bytes(const struct sl_client *client)
{
    return client->more != NULL ? client->more->deferred_bytes : 0;
}

/* The state block of an instance with that slot and offset. */
static inline void *sl_client_block(const struct sl_client *client, unsigned slot, size_t offset)
{
    if (client->has_moved_state)
        return client->more->blocks[slot];
    return (char *)(uintptr_t)client + client->inline_offset + offset;
}

/* Whether a state block is one of those that were made with the client. */
bool sl_client_block_is_inline(const struct sl_client *client, const void *block);

#endif
