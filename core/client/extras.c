/*
 * What only some clients have: names, attributes, and room for what is deferred.
 */
#include "client/client.h"

#include "base/utf8.h"
#include "client/certificate_watch.h"
#include "hub/hub_internal.h"

#include <stdlib.h>
#include <string.h>

#define IDENTITY_MAX 255

struct client_extras *client_need_extras(struct client *client)
{
    if (client->extras != NULL)
        return client->extras;
    client->extras = calloc(1, sizeof *client->extras);
    if (client->extras != NULL)
        buffer_init(&client->extras->paused, SIZE_MAX); /* Bounded by what one read gives. */
    return client->extras;
}

static void release_blocks(struct client *client)
{
    const char *inline_end = client->plugin_state + client->seen.inline_size;
    for (unsigned i = 0; i < client->extras->block_count; i++) {
        char *block = client->extras->blocks[i];
        if (block < client->plugin_state || block >= inline_end)
            free(block);
    }
    free(client->extras->blocks);
}

void client_release_extras(struct client *client)
{
    if (client->extras == NULL)
        return;
    client_forget_paused(client);
    certificate_watch_destroy(client->extras->certificate_watch);
    attributes_clear(&client->extras->attributes);
    release_blocks(client);
    free(client->extras);
    client->extras = NULL;
}

int client_identify(struct client *client, const char *identity, size_t len)
{
    if (len == 0 || len > IDENTITY_MAX || memchr(identity, '\0', len) != NULL ||
        !utf8_is_valid(identity, len))
        return ERR_INVALID;
    char *copy = strndup(identity, len);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    free(client->seen.identity);
    client->seen.identity = copy;
    return OK;
}

int client_set_attribute(struct client *client, const char *name, const char *value, size_t len)
{
    if (client_need_extras(client) == NULL)
        return ERR_NO_MEMORY;
    return attributes_set(&client->extras->attributes, name, value, len);
}
