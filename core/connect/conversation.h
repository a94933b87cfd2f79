/*
 * A WebSocket connection as a client has it: bytes that have been received in, messages out, and
 * the bytes to send.
 *
 * No sockets; one thread at a time. What a server sends is bounded: its answer to the upgrade, each
 * message, and what is kept to be sent to it.
 */
#ifndef SLUICE_CONNECT_CONVERSATION_H
#define SLUICE_CONNECT_CONVERSATION_H

#include "base/buffer.h"
#include "ws/client_side.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>

#define CONVERSATION_BODY_MAX 4096 /* bytes of a refusal's body; the rest is left out */
#define CONVERSATION_OUTPUT_HIGH ((size_t)256 * 1024) /* with more to send, wait with messages */

enum conversation_state {
    CONVERSATION_ASKING,  /* the upgrade has not been answered */
    CONVERSATION_REFUSED, /* the body of a refusal is coming */
    CONVERSATION_OPEN,
    CONVERSATION_CLOSING, /* our close frame is on its way, the server's is awaited */
    CONVERSATION_OVER     /* see `outcome` */
};

enum conversation_outcome {
    OUTCOME_NONE,      /* not over */
    OUTCOME_CLOSED,    /* the server has closed: `code`, `reason` */
    OUTCOME_ENDED,     /* we have, and the server has answered */
    OUTCOME_REFUSED,   /* `response`, and `input` has the body */
    OUTCOME_LOST,      /* the connection ended without a close frame */
    OUTCOME_NO_ANSWER, /* the same before the upgrade was answered */
    OUTCOME_BROKEN,    /* the server broke the protocol: `wrong`, `code` */
    OUTCOME_NO_MEMORY
};

/* A message. It is borrowed until the call returns. */
typedef void conversation_message(void *context, enum opcode type, const uint8_t *data, size_t len);

struct conversation {
    enum conversation_state state;
    enum conversation_outcome outcome;
    struct client_request request;
    struct client_response response;
    size_t interim; /* bytes of the heads before it */
    struct frame_decoder decoder;
    struct frame_limits limits;
    struct buffer input;   /* received and not yet taken; the body of a refusal */
    struct buffer message; /* what has come of one */
    struct buffer output;  /* to be sent from `sent` on */
    size_t sent;
    uint16_t code; /* of the server's close frame, or of ours that says what it did wrong */
    char reason[CLOSE_REASON_MAX + 1];
    const char *wrong; /* static storage; of a connection that was lost: why, or NULL */
    conversation_message *on_message;
    void *context;
};

/* Begins with the request, whose key this chooses; what the request points to is borrowed until the
 * end. Returns 0, ERR_LIMIT (the request is too long) or ERR_NO_MEMORY; conversation_deinit follows
 * in any case. */
MUST_CHECK int conversation_init(struct conversation *conversation,
                                 const struct client_request *request, size_t message_max);

void conversation_deinit(struct conversation *conversation);

/* Takes bytes that the server has sent. */
void conversation_receive(struct conversation *conversation, const uint8_t *data, size_t len);

/* The connection has ended; `why` is static storage, or NULL: in the usual way. */
void conversation_end(struct conversation *conversation, const char *why);

/* Sends a text message of at most the size that messages may have. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int conversation_send(struct conversation *conversation, const void *text, size_t len);

/* Begins the closing handshake, if the conversation is open. */
void conversation_close(struct conversation *conversation);

/* What there is to send. */
size_t conversation_output(const struct conversation *conversation, const uint8_t **data);

/* So many bytes of it have been sent. */
void conversation_sent(struct conversation *conversation, size_t len);

#endif
