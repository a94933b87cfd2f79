/*
 * The HTTP client that plugins share: one thread, started by the first request, on which libcurl
 * sends all of them at once over connections that are kept and used again.
 *
 * Any thread submits and cancels. Each owner (a plugin's instance) may have so many requests under
 * way; more wait for their turn, and owners take turns. Deadlines count from the submission on.
 */
#ifndef SLUICE_HTTP_HTTP_CLIENT_H
#define SLUICE_HTTP_HTTP_CLIENT_H

#include "base/error.h"
#include "http/http_queue.h"

struct http_client;

struct http_client_stats {
    struct http_limits limits;
    uint32_t waiting;
    uint32_t under_way;
    uint32_t tied;            /* of both: they end with their owners */
    uint32_t hanging_lookups; /* of names, that no request waits for */
};

/* What an owner's requests have come to; see the members of struct http_owner. */
struct http_owner_stats {
    uint64_t outcomes[HTTP_OUTCOMES];
    uint64_t rejected;
    uint32_t waiting;
    uint32_t under_way;
    unsigned open_breakers;
    struct histogram_snapshot took;
};

/* Makes a client; no thread is started. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int http_client_create(const struct http_limits *limits, struct http_client **out);

/* Takes no more requests, ends all that are left as cancelled, and waits for its thread. NULL is
 * fine. */
void http_client_stop(struct http_client *client);

/* Stops and frees. NULL is fine. */
void http_client_destroy(struct http_client *client);

/* An owner of requests, which outlives them and is destroyed before the client. NULL is fine for
 * destroy. create returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int http_owner_create(struct http_client *client, struct http_owner **out);
void http_owner_destroy(struct http_client *client, struct http_owner *owner);

/* Sends an exchange, whose `on_done` and `key` are set. Returns 0, and then `on_done` is called
 * once, perhaps before this returns; or ERR_LIMIT (too many of the owner's wait), ERR_CLOSED (the
 * client has been stopped), ERR_NO_MEMORY or ERR_SYSTEM (no thread could be started). */
MUST_CHECK int http_client_submit(struct http_client *client, struct http_owner *owner,
                                  struct http_exchange *exchange);

/* Ends the exchanges of an owner (NULL: of any) with that key, which is not 0, as cancelled: those
 * that wait before this returns, the others soon. One load if there are none at all. */
void http_client_cancel(struct http_client *client, const struct http_owner *owner, uint64_t key);

/* The same for the exchanges of an owner that have SL_HTTP_ENDS_WITH_INSTANCE. */
void http_client_cancel_tied(struct http_client *client, struct http_owner *owner);

void http_client_read(struct http_client *client, struct http_client_stats *out);
void http_owner_read(struct http_client *client, struct http_owner *owner,
                     struct http_owner_stats *out);

#endif
