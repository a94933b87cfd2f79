#include "pipeline/sl_client.h"

#include "base/utf8.h"
#include "pipeline/chain.h"

#include <stdlib.h>
#include <string.h>

#define IDENTITY_MAX 255

void sl_client_init(struct sl_client *client, const struct chain *chain, size_t inline_offset)
{
    *client = (struct sl_client){.chain = chain,
                                 .inline_size = chain != NULL ? (uint32_t)chain->client_size : 0,
                                 .inline_offset = (uint16_t)inline_offset,
                                 .is_connecting = true};
}

bool sl_client_block_is_inline(const struct sl_client *client, const void *block)
{
    const char *first = (const char *)client + client->inline_offset;
    const char *at = block;
    return at >= first && at < first + client->inline_size;
}

static void free_blocks(struct sl_client *client)
{
    struct sl_client_extras *more = client->more;
    for (unsigned i = 0; i < more->block_count; i++)
        if (!sl_client_block_is_inline(client, more->blocks[i]))
            free(more->blocks[i]);
    free(more->blocks);
}

void sl_client_deinit(struct sl_client *client)
{
    if (client->more == NULL)
        return;
    attributes_clear(&client->more->attributes);
    free_blocks(client);
    free(client->more->identity);
    free(client->more->opening);
    free(client->more);
    client->more = NULL;
    client->has_moved_state = false;
}

struct sl_client_extras *sl_client_need_extras(struct sl_client *client)
{
    if (client->more == NULL)
        client->more = calloc(1, sizeof *client->more);
    return client->more;
}

bool sl_client_is_identity(const char *identity, size_t len)
{
    return len > 0 && len <= IDENTITY_MAX && memchr(identity, '\0', len) == NULL &&
           utf8_is_valid(identity, len);
}

int sl_client_identify(struct sl_client *client, const char *identity, size_t len)
{
    if (!sl_client_is_identity(identity, len))
        return ERR_INVALID;
    return sl_client_describe(client, (struct sl_string){.data = identity, .len = len}, NULL, 0);
}

int sl_client_describe(struct sl_client *client, struct sl_string identity,
                       const struct sl_pair *attributes, size_t count)
{
    if (identity.len == 0 && count == 0)
        return OK;
    if (identity.len > 0 && !sl_client_is_identity(identity.data, identity.len))
        return ERR_INVALID;
    struct sl_client_extras *more = sl_client_need_extras(client);
    if (more == NULL)
        return ERR_NO_MEMORY;
    char *copy = identity.len > 0 ? strndup(identity.data, identity.len) : NULL;
    int error = identity.len > 0 && copy == NULL
                    ? ERR_NO_MEMORY
                    : attributes_set_all(&more->attributes, attributes, count);
    if (error != OK || copy == NULL) {
        free(copy);
        return error;
    }
    free(more->identity);
    more->identity = copy;
    return OK;
}

int sl_client_set_attribute(struct sl_client *client, const char *name, const char *value,
                            size_t len)
{
    if (sl_client_need_extras(client) == NULL)
        return ERR_NO_MEMORY;
    return attributes_set(&client->more->attributes, name, value, len);
}

const char *sl_client_attribute(const struct sl_client *client, const char *name, size_t *len)
{
    return client->more != NULL ? attributes_get(&client->more->attributes, name, len) : NULL;
}
