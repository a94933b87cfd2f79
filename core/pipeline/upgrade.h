/*
 * An upgrade on its way through the connect chain: what the plugins see of the request, and the
 * answer that they shape.
 *
 * Only the client's loop, for the time of one chain, which deferrals may make longer. It is
 * counted: the client that is connecting holds a reference, and so does each deferral that looks at
 * it.
 */
#ifndef SLUICE_PIPELINE_UPGRADE_H
#define SLUICE_PIPELINE_UPGRADE_H

#include "base/error.h"
#include "ws/handshake.h"
#include "ws/request.h"

#include <openssl/types.h>
#include <sluice/plugin.h>

#define UPGRADE_REASON_MAX 256
#define UPGRADE_HEADERS_MAX 1024

struct upgrade {
    struct sl_request seen; /* first: what plugins are handed */
    unsigned references;
    struct request *request; /* owned */
    unsigned char *early;    /* owned; bytes that came behind the request; may be NULL */
    size_t early_len;
    X509 *peer;        /* one reference: the client's verified certificate, or NULL */
    char *certificate; /* owned: the certificate's field that was asked for last */
    size_t stage;      /* the next one of the chain to be asked */
    char subprotocol[HANDSHAKE_SUBPROTOCOL_MAX];        /* to answer with; empty: none */
    char shadow_subprotocol[HANDSHAKE_SUBPROTOCOL_MAX]; /* what a shadow stage would answer */
    int status;                                         /* of a refusal */
    char reason[UPGRADE_REASON_MAX];
    char headers[UPGRADE_HEADERS_MAX]; /* further lines of the refusal, each with its CRLF */
};

/* Makes one with one reference, which owns the request if that succeeds; early bytes and the
 * certificate are for the caller to set. `secure`: the connection has TLS. `subprotocol` is what
 * was negotiated from the endpoint's list, or NULL. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int upgrade_create(struct request *request, bool secure, const char *subprotocol,
                              struct upgrade **out);

/* One reference less. NULL is fine. */
void upgrade_unref(struct upgrade *upgrade);

/* The same in the caller's storage, with no reference. */
void upgrade_init(struct upgrade *upgrade, struct request *request, bool secure,
                  const char *subprotocol);

/* Answers with that subprotocol. Returns 0, or ERR_INVALID if the client has not offered it or it
 * has HANDSHAKE_SUBPROTOCOL_MAX bytes or more. */
MUST_CHECK int upgrade_select_subprotocol(struct upgrade *upgrade, const char *subprotocol);

/* Puts everything back as it was `before` a stage in shadow mode. Only its choice of a subprotocol
 * is kept for the case that nobody else makes one: a browser that offers some ends the connection
 * if none is named, and would do so because the stage is in shadow mode. */
void upgrade_restore(struct upgrade *upgrade, const struct upgrade *before);

/* The subprotocol that the upgrade is answered with, or NULL. Borrowed. */
const char *upgrade_subprotocol(const struct upgrade *upgrade);

/* Sets the refusal; a status that is not 400 to 599 becomes 403. */
void upgrade_refuse(struct upgrade *upgrade, int status, const char *reason);

/* Refuses since a plugin has failed or missed its deadline, which is no fault of the client's: 503
 * with Retry-After. */
void upgrade_refuse_unchecked(struct upgrade *upgrade);

/* Whether it may be a header of the refusal: a name and a value of HTTP, zero-terminated. */
bool upgrade_is_header(const char *name, const char *value);

/* Adds a header to the refusal. Returns 0, ERR_INVALID (not a header) or ERR_LIMIT. */
MUST_CHECK int upgrade_add_header(struct upgrade *upgrade, const char *name, const char *value);

/* Writes the whole refusal as an HTTP response into `out`. Returns its length. */
size_t upgrade_refusal(const struct upgrade *upgrade, char *out, size_t size);

#endif
