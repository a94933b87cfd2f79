/*
 * Where in an upgrade request a token is looked for.
 *
 * Used in on_connect. Results are borrowed from the request until the hook returns.
 */
#ifndef AUTH_CREDENTIAL_H
#define AUTH_CREDENTIAL_H

#include <sluice/plugin.h>

enum credential_source {
    CREDENTIAL_HEADER,      /* Authorization: Bearer TOKEN, or Basic NAME:SECRET in base64 */
    CREDENTIAL_QUERY,       /* ?token=TOKEN */
    CREDENTIAL_COOKIE,      /* Cookie: token=TOKEN */
    CREDENTIAL_SUBPROTOCOL, /* Sec-WebSocket-Protocol: bearer, TOKEN */
    CREDENTIAL_SOURCES      /* how many there are */
};

/* The subprotocol that stands before a token, and that the server answers with. */
#define BEARER_SUBPROTOCOL "bearer"

/* Where to look, in this order. */
struct credential_places {
    enum credential_source sources[CREDENTIAL_SOURCES];
    size_t count;
    const char *query_parameter; /* zero-terminated, borrowed from the options */
    const char *cookie;          /* likewise */
    bool takes_basic;            /* whether Authorization: Basic is a token, as NAME:SECRET */
};

#define CREDENTIAL_MAX 8192       /* bytes of a token; no method takes longer ones */
#define CREDENTIAL_BASIC_MAX 1024 /* bytes of NAME:SECRET from Authorization: Basic */

/* Finds the first token that is not empty, and its source. False if there is none. Authorization:
 * Basic (RFC 7617) is decoded into `basic`, of CREDENTIAL_BASIC_MAX bytes. */
bool credential_find(const struct sl_host *host, const struct sl_request *request,
                     const struct credential_places *places, char *basic, struct sl_string *token,
                     enum credential_source *source);

#endif
