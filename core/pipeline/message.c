#include "pipeline/message.h"

#include "client/client.h"
#include "hub/audience.h"
#include "hub/endpoint.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

void message_init(struct message *message, struct client *client, enum opcode opcode,
                  const uint8_t *data, size_t len)
{
    message->seen = (struct sl_message){.struct_size = sizeof message->seen,
                                        .type = opcode == OPCODE_BINARY ? SL_BINARY : SL_TEXT,
                                        .data = data != NULL ? (const char *)data : "",
                                        .len = len};
    message->client = client;
    message->replacement = NULL;
    message->close_code = CLOSE_POLICY;
    message->close_reason[0] = '\0';
}

void message_deinit(struct message *message)
{
    free(message->replacement);
    message->replacement = NULL;
}

int message_replace(struct message *message, enum sl_message_type type, const char *data,
                    size_t len)
{
    if (len > message->client->audience->endpoint->limits.message_max)
        return ERR_LIMIT;
    if (type != SL_TEXT && type != SL_BINARY)
        return ERR_INVALID;
    if (type == SL_TEXT && !utf8_is_valid(data, len))
        return ERR_INVALID;
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    if (len > 0)
        memcpy(copy, data, len); /* `data` may point into the old payload, freed below. */
    copy[len] = '\0';
    free(message->replacement);
    message->replacement = copy;
    message->seen.type = type;
    message->seen.data = copy;
    message->seen.len = len;
    return OK;
}
