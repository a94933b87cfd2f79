/*
 * Lookups of names: libcurl does each on a thread of its own, which ends when the system's resolver
 * gives up, however long that takes. What nobody waits for any more, since its exchange is late or
 * cancelled, is kept and counted until it is over, and beyond a number of them no more are begun.
 *
 * The client's thread.
 */
#ifndef SLUICE_HTTP_HTTP_LOOKUPS_H
#define SLUICE_HTTP_HTTP_LOOKUPS_H

#include "http/http_exchange.h"

/* Lookups of one server's name that hang, from which on requests to it fail at once. A younger one
 * may only be slow, and its peer quick to leave: it counts for its owner and in all, but not here.
 */
#define HTTP_LOOKUPS_OF_SERVER 8
#define HTTP_LOOKUP_HANGS_AFTER NS_PER_S

/* How long one is taken to last whose end cannot be seen: glibc asks three name servers twice for
 * five seconds. */
#define HTTP_LOOKUP_TIME (30 * NS_PER_S)

struct http_lookups {
    struct http_lookup *first; /* of those that hang: nobody waits for them */
    unsigned count;            /* of those */
    unsigned most;
    unsigned most_of_owner;
};

/* The lookups of one libcurl handle. */
struct http_lookup {
    struct http_lookup *next;
    struct http_lookups *all;
    const struct http_library *curl;
    struct http_exchange *exchange; /* borrowed; NULL: nobody waits for it */
    CURL *handle;                   /* owned if nobody waits; NULL: `over_at` counts */
    struct curl_slist *headers;     /* the same */
    int64_t begun;                  /* monotonic, ns */
    int64_t over_at;                /* the same */
    uint64_t server;                /* see http_server */
    uint64_t owner;                 /* its number */
    bool is_under_way;
};

/* Up to `under_way` requests are sent at once, of one owner up to `per_owner`: from twice as many
 * lookups that hang on no more are begun. Those that are under way then may come on top. */
void http_lookups_init(struct http_lookups *lookups, unsigned under_way, unsigned per_owner);

/* Why a lookup may not begin: a sentence in static storage; NULL: it may. `now`: monotonic, ns. */
const char *http_lookups_error(struct http_lookups *lookups, uint64_t server, uint64_t owner,
                               int64_t now);

/* Has the lookups of an exchange's handle watched, before it is sent. Returns 0, or ERR_NO_MEMORY,
 * ERR_INVALID (this libcurl cannot). Then, too, http_lookup_destroy frees. */
MUST_CHECK int http_lookup_watch(struct http_lookups *lookups, struct http_exchange *exchange);

/* Frees what an exchange has of it. Its handle is gone. */
void http_lookup_destroy(struct http_exchange *exchange);

/* Takes the handle from an exchange whose lookup is under way: it stays libcurl's until the lookup
 * is over, and then libcurl ends it. */
void http_lookups_keep(struct http_lookups *lookups, struct http_exchange *exchange);

/* The same for an exchange whose handle libcurl has ended, so that nothing says when the lookup is
 * over. */
void http_lookups_keep_for_a_time(struct http_lookups *lookups, struct http_exchange *exchange,
                                  int64_t now);

/* Ends those that were kept for a time when that is over. `now`: monotonic, ns. */
void http_lookups_expire(struct http_lookups *lookups, int64_t now);

/* One that was kept is over; libcurl's multi handle has its handle no more. */
void http_lookups_end(struct http_lookups *lookups, struct http_lookup *lookup);

#endif
