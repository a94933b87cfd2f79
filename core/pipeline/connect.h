/*
 * An upgrade on its way through the connect chain: what the plugins see of the request, and the
 * answer that they shape.
 *
 * Only the client's loop, for the time of one chain, which deferrals may make longer. It is
 * counted: the client that is connecting holds a reference, and so does each deferral that looks at
 * it.
 */
#ifndef SLUICE_PIPELINE_CONNECT_H
#define SLUICE_PIPELINE_CONNECT_H

#include "base/error.h"
#include "client/upgrade.h"
#include "ws/handshake.h"
#include "ws/request.h"

#include <sluice/plugin.h>

#define CONNECT_REASON_MAX 256
#define CONNECT_HEADERS_MAX 1024

struct connect {
    struct sl_request seen; /* first: what plugins are handed */
    unsigned references;
    struct upgrade *upgrade; /* owned: the request, and what came behind it */
    const struct request *request;
    X509 *peer;        /* one reference: the client's verified certificate, or NULL */
    char *certificate; /* owned: the certificate's field that was asked for last */
    size_t stage;      /* the next one of the chain to be asked */
    char subprotocol[HANDSHAKE_SUBPROTOCOL_MAX];        /* to answer with; empty: none */
    char shadow_subprotocol[HANDSHAKE_SUBPROTOCOL_MAX]; /* what a shadow stage would answer */
    int status;                                         /* of a refusal */
    char reason[CONNECT_REASON_MAX];
    char headers[CONNECT_HEADERS_MAX]; /* further lines of the refusal, each with its CRLF */
};

/* Makes one with one reference; takes the upgrade over if it succeeds. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int connect_create(struct upgrade *upgrade, const SSL *tls, const char *subprotocol,
                              struct connect **out);

/* One reference less. NULL is fine. */
void connect_unref(struct connect *connect);

/* `subprotocol` is what was negotiated from the endpoint's list, or NULL. */
void connect_init(struct connect *connect, const struct request *request, bool secure,
                  const char *subprotocol);

/* Answers with that subprotocol. Returns 0, or ERR_INVALID if the client has not offered it or it
 * has HANDSHAKE_SUBPROTOCOL_MAX bytes or more. */
MUST_CHECK int connect_select_subprotocol(struct connect *connect, const char *subprotocol);

/* Puts everything back as it was `before` a stage in shadow mode. Only its choice of a subprotocol
 * is kept for the case that nobody else makes one: a browser that offers some ends the connection
 * if none is named, and would do so because the stage is in shadow mode. */
void connect_restore(struct connect *connect, const struct connect *before);

/* The subprotocol that the upgrade is answered with, or NULL. Borrowed. */
const char *connect_subprotocol(const struct connect *connect);

/* Sets the refusal; a status that is not 400 to 599 becomes 403. */
void connect_refuse(struct connect *connect, int status, const char *reason);

/* Refuses since a plugin has failed or missed its deadline, which is no fault of the client's: 503
 * with Retry-After. */
void connect_refuse_unchecked(struct connect *connect);

/* Adds a header to the refusal. Returns 0, ERR_INVALID (not a header) or ERR_LIMIT. */
MUST_CHECK int connect_add_header(struct connect *connect, const char *name, const char *value);

/* Writes the whole refusal as an HTTP response into `out`. Returns its length. */
size_t connect_refusal(const struct connect *connect, char *out, size_t size);

#endif
