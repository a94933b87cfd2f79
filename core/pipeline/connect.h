/*
 * An upgrade on its way through the connect chain: what the plugins see of the request, and the
 * answer that they shape.
 *
 * Only the client's loop, for the time of one chain.
 */
#ifndef SLUICE_PIPELINE_CONNECT_H
#define SLUICE_PIPELINE_CONNECT_H

#include "base/error.h"
#include "ws/request.h"

#include <sluice/plugin.h>

#define CONNECT_REASON_MAX 256
#define CONNECT_HEADERS_MAX 1024

struct connect {
    struct sl_request seen; /* first: what plugins are handed */
    const struct request *request;
    char subprotocol[128]; /* to answer with; empty: none */
    int status;            /* of a refusal */
    char reason[CONNECT_REASON_MAX];
    char headers[CONNECT_HEADERS_MAX]; /* further lines of the refusal, each with its CRLF */
};

/* `subprotocol` is what was negotiated from the endpoint's list, or NULL. */
void connect_init(struct connect *connect, const struct request *request, bool secure,
                  const char *subprotocol);

/* Answers with that subprotocol. Returns 0, or ERR_INVALID if the client has not offered it. */
MUST_CHECK int connect_select_subprotocol(struct connect *connect, const char *subprotocol);

/* Sets the refusal; a status that is not 400 to 599 becomes 403. */
void connect_refuse(struct connect *connect, int status, const char *reason);

/* Adds a header to the refusal. Returns 0, ERR_INVALID (not a header) or ERR_LIMIT. */
MUST_CHECK int connect_add_header(struct connect *connect, const char *name, const char *value);

/* Writes the whole refusal as an HTTP response into `out`. Returns its length. */
size_t connect_refusal(const struct connect *connect, char *out, size_t size);

#endif
