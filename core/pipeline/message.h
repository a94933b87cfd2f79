/*
 * A message on its way through a pipeline: what the plugins see of it and what they made of it.
 *
 * Only the client's loop, for the time of one chain.
 */
#ifndef SLUICE_PIPELINE_MESSAGE_H
#define SLUICE_PIPELINE_MESSAGE_H

#include "base/error.h"
#include "ws/frame.h"

#include <sluice/plugin.h>

struct client;

struct message {
    struct sl_message seen; /* first: what plugins are handed */
    struct client *client;
    char *replacement;   /* owned; NULL: the payload as it arrived */
    uint16_t close_code; /* for SL_CLOSE */
    char close_reason[CLOSE_REASON_MAX + 1];
};

/* A message that borrows its payload. */
void message_init(struct message *message, struct client *client, enum opcode opcode,
                  const uint8_t *data, size_t len);

/* Frees a replacement. */
void message_deinit(struct message *message);

/* Replaces type and payload with a copy. Returns 0, ERR_LIMIT (over the endpoint's max_size),
 * ERR_INVALID (text that is not UTF-8) or ERR_NO_MEMORY; the message is unchanged then. */
MUST_CHECK int message_replace(struct message *message, enum sl_message_type type, const char *data,
                               size_t len);

/* The opcode to route it with. */
static inline enum opcode message_opcode(const struct message *message)
{
    return message->seen.type == SL_BINARY ? OPCODE_BINARY : OPCODE_TEXT;
}

#endif
