/*
 * One accepted upgrade on its way from the front to a loop: the socket, its TLS state, the bytes
 * that came after the request head, and the request itself.
 *
 * Made by the front on a CivetWeb worker, owned by one thread at a time: first the front, then the
 * mailbox, then the loop.
 */
#ifndef SLUICE_CLIENT_HANDOFF_H
#define SLUICE_CLIENT_HANDOFF_H

#include "base/address.h"
#include "loop/mailbox.h"
#include "ws/request.h"

#include <openssl/types.h>

struct endpoint;

struct handoff {
    struct mail mail;     /* first: the mailbox links upgrades through it */
    int socket;           /* non-blocking; owned; -1 once the client has it */
    SSL *tls;             /* owned; NULL for plain; handshake complete */
    unsigned char *early; /* bytes read past the request head; owned, malloc; may be NULL */
    size_t early_len;
    struct endpoint *endpoint; /* borrowed from the hub; admission is held, see hub_admit */
    struct address address;
    struct request *request; /* owned */
};

/* Frees everything that is still there: TLS state, socket (closed), early bytes, request, itself.
 * Does not give the admission back. NULL is fine. */
void handoff_destroy(struct handoff *handoff);

#endif
