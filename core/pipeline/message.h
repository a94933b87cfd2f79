/*
 * A message on its way through a pipeline: what the plugins see of it and what they made of it.
 *
 * Only the client's loop, for the time of one chain, which a deferral may make longer. A message
 * lives on the heap, so that a plugin that defers can go on looking at it; the loop keeps one for
 * the next (message_take, message_release).
 */
#ifndef SLUICE_PIPELINE_MESSAGE_H
#define SLUICE_PIPELINE_MESSAGE_H

#include "base/error.h"
#include "ws/frame.h"

#include <sluice/plugin.h>

struct pipeline_loop;

/* How a plugin wants a client to be closed, within what a server may send. */
struct close_wish {
    uint16_t code;
    char reason[CLOSE_REASON_MAX + 1];
};

struct message {
    struct sl_message seen; /* first: what plugins are handed */
    size_t max_size;        /* of a replacement, bytes */
    size_t stage;           /* the next one of the chain's on_message to be asked */
    char *replacement;      /* owned; NULL: the payload as it arrived */
    char *topic;       /* owned, zero-terminated: where a plugin sends it; NULL: to all clients */
    bool is_published; /* on_publish is asked: the topic stays */
    struct close_wish close; /* for SL_CLOSE */
};

/* A message to be initialised: the one that the loop keeps, or a new one; NULL: no memory. */
struct message *message_take(struct pipeline_loop *loop);

/* Gives it back; message_put_back if it has not been initialised. */
void message_release(struct pipeline_loop *loop, struct message *message);
void message_put_back(struct pipeline_loop *loop, struct message *message);

/* A message that borrows its payload. `max_size` is the endpoint's, for what replaces it. */
void message_init(struct message *message, size_t max_size, enum opcode opcode, const uint8_t *data,
                  size_t len);

/* Frees what it owns. */
void message_deinit(struct message *message);

/* Makes the payload its own, so that it outlives the buffer that it was read into. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int message_keep(struct message *message);

/* The topic that it goes to instead of all clients; an empty one: to all clients. The caller has
 * checked the name. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int message_set_topic(struct message *message, const char *topic, size_t len);

/* A code that may not be sent becomes 1008; `reason` (NULL: none) is cut, or left out if it is not
 * UTF-8. */
void close_wish_set(struct close_wish *wish, int code, const char *reason, size_t len);

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
