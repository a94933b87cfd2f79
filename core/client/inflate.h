/*
 * A message that came compressed (RFC 7692), while it is inflated.
 *
 * One loop's thread. Each loop has one inflation, which serves one message after the other. A
 * message that takes long goes on in the client's next turns; the client then holds the inflation,
 * and is charged for it, until the message is complete.
 */
#ifndef SLUICE_CLIENT_INFLATE_H
#define SLUICE_CLIENT_INFLATE_H

#include "base/buffer.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct inflater;
struct message;

struct inflation {
    struct inflater *inflater; /* owned */
    struct buffer packed;      /* the payload, if it had to be kept for another turn */
    struct buffer out;         /* what it holds */
    uint8_t type;              /* enum opcode */
    uint8_t utf8;
};

/* NULL is fine. */
void inflation_destroy(struct inflation *inflation);

/* The bytes of memory that it takes. */
size_t inflation_cost(const struct inflation *inflation);

/* Inflates a message whose whole payload is `data`. True: `message` is complete and valid until the
 * loop inflates the next one. False: the client waits for its turn and has not done with it; or it
 * has broken a rule and is told so; or there is no memory and it is lost. */
bool client_inflate(struct client *client, enum opcode type, const uint8_t *data, size_t len,
                    struct message *message);

/* Goes on with the message that was not done with, if there is one: as client_inflate. */
bool client_inflate_rest(struct client *client, struct message *message);

/* Forgets what the client's message has come to. */
void client_forget_inflation(struct client *client);

/* Frees what the loop holds of the last message, if it is much. */
void client_forget_inflated(struct client *client);

#endif
