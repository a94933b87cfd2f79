/*
 * One HTTP exchange: a copy of a plugin's request, libcurl's handle while it is under way, and what
 * has come back.
 *
 * Made on any thread, sent and ended on the client's thread (http_client.h), read by whoever it is
 * handed to. One owner at a time.
 */
#ifndef SLUICE_HTTP_HTTP_EXCHANGE_H
#define SLUICE_HTTP_HTTP_EXCHANGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/hash_table.h"
#include "http/http_breaker.h"
#include "http/http_check.h"
#include "http/http_library.h"

#include <sluice/plugin.h>

struct http_lookup;
struct http_owner;

/* What stopped libcurl from within one of its callbacks. */
enum http_stop {
    HTTP_STOP_NONE,
    HTTP_STOP_HEAD,
    HTTP_STOP_BODY,
    HTTP_STOP_MEMORY,
    HTTP_STOP_REDIRECT, /* to where none may lead */
    HTTP_STOP_LOOKUP    /* of a name, of which too many hang; `error` says so */
};

/* The first member of a larger struct, which `on_done` knows. */
struct http_exchange {
    struct hash_link by_key; /* first: the client's */
    /* Called once, on any thread; it owns the exchange from then on. */
    void (*on_done)(struct http_exchange *exchange);
    uint64_t key; /* whom http_client_cancel means; 0: nobody */

    /* The client's, see http_client.c. */
    struct http_exchange *next;
    struct http_exchange *previous; /* of those under way */
    struct http_exchange **link;    /* while it waits: the pointer to it */
    struct http_owner *owner;
    uint64_t owner_number;
    struct http_exchange *next_tied;  /* of its owner's that end with it */
    struct http_exchange **tied_link; /* NULL: it is none of them */
    uint64_t server;
    enum http_pass pass;
    bool is_waiting;   /* for its turn */
    bool is_under_way; /* sent, or about to be */
    bool is_cancelled;
    bool is_late;     /* its turn came when its time was over */
    int64_t begun;    /* monotonic, ns */
    int64_t deadline; /* monotonic, ns */

    /* The request: everything that it points to is in `copies`. */
    struct sl_http_request request;
    char *copies; /* owned */

    /* Under way. */
    CURL *handle;
    const struct http_library *curl;
    struct curl_slist *headers;
    struct http_lookup *lookup; /* owned */
    size_t head_bytes;          /* that have come, of redirects and interim responses too */
    int64_t time_left;          /* ns, of its timeout when it was first sent */
    bool has_head;              /* what looks like headers from now on is trailers */
    bool is_repeated;
    bool is_secure; /* it has been sent over https, and is not to be over http any more */
    enum http_stop stop;
    char curl_error[CURL_ERROR_SIZE];

    /* What has come of it. */
    enum sl_http_outcome outcome;
    int status;
    const char *error; /* in static storage, or in `curl_error`; NULL: none */
    struct buffer head;
    struct buffer body;
    struct sl_pair *response_headers; /* owned */
    size_t response_header_count;
    int64_t ended; /* monotonic, ns */
    enum http_breaker_change change;
};

/* Copies a request that http_check has let through. The rest is zero. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int http_exchange_init(struct http_exchange *exchange,
                                  const struct sl_http_request *request);

/* Frees what it holds. */
void http_exchange_deinit(struct http_exchange *exchange);

/* Makes libcurl's handle, whose own timeout is `left` ns. Returns 0, or ERR_NO_MEMORY, ERR_INVALID
 * (this libcurl cannot do what it has to); there is no handle then. */
MUST_CHECK int http_exchange_prepare(struct http_exchange *exchange,
                                     const struct http_library *curl, int64_t left);

/* Whether the connection was lost before any of the answer came, so that a request that may be
 * repeated is to be made once more. */
bool http_exchange_is_to_be_repeated(const struct http_exchange *exchange,
                                     const struct http_library *curl, CURLcode result);

/* Reads what libcurl says has come of it. */
void http_exchange_finish(struct http_exchange *exchange, const struct http_library *curl,
                          CURLcode result);

/* Frees libcurl's handle, which no multi handle has any more. */
void http_exchange_release(struct http_exchange *exchange, const struct http_library *curl);

/* Ends it without an answer: its outcome and a sentence in static storage. */
void http_exchange_end(struct http_exchange *exchange, enum sl_http_outcome outcome,
                       const char *error);

/* What it says about its server. */
enum http_health http_exchange_health(const struct http_exchange *exchange);

/* As plugins see it; borrows from the exchange. */
struct sl_http_response http_exchange_response(const struct http_exchange *exchange);

#endif
