/*
 * What only some clients have.
 */
#include "client/client.h"

#include "client/certificate_watch.h"

#include <stdlib.h>

struct client_extras *client_need_extras(struct client *client)
{
    if (client->extras != NULL)
        return client->extras;
    client->extras = calloc(1, sizeof *client->extras);
    if (client->extras != NULL)
        buffer_init(&client->extras->paused, SIZE_MAX); /* Bounded by what one read gives. */
    return client->extras;
}

void client_release_extras(struct client *client)
{
    if (client->extras == NULL)
        return;
    client_forget_paused(client);
    certificate_watch_destroy(client->extras->certificate_watch);
    free(client->extras);
    client->extras = NULL;
}
