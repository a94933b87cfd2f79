/*
 * Whose HTTP request is sent next: owners, how many of their requests are under way and wait, their
 * circuit breakers, and what their requests have come to.
 *
 * Not for several threads at once: the client (http_client.h) has a lock around it.
 */
#ifndef SLUICE_HTTP_HTTP_QUEUE_H
#define SLUICE_HTTP_HTTP_QUEUE_H

#include "base/clock.h"
#include "base/error.h"
#include "base/histogram.h"
#include "http/http_exchange.h"

#define HTTP_OUTCOMES (SL_HTTP_CANCELLED + 1)

struct http_limits {
    unsigned under_way; /* requests, and connections that are kept */
    unsigned per_owner; /* requests of one owner */
    uint32_t queue;     /* requests of one owner that wait for their turn */
    uint32_t failures;  /* in a row that open a circuit breaker; 0: none opens */
    int64_t pause;      /* ns that it stays open */
};

struct http_owner {
    uint64_t number;               /* none has had it before */
    struct http_owner *next_owner; /* of all */
    struct http_owner *next_turn;  /* of those that have something to send and may */
    bool has_turn;
    struct http_exchange *first; /* of those that wait */
    struct http_exchange **last;
    uint32_t waiting;
    uint32_t under_way;
    struct http_exchange *tied;       /* those of its exchanges that end with it */
    uint64_t outcomes[HTTP_OUTCOMES]; /* by enum sl_http_outcome */
    uint64_t rejected;                /* as many waited as may */
    struct histogram took;            /* ns from submission to end, of what was sent */
    struct http_breakers breakers;
};

struct http_queue {
    struct http_limits limits;
    struct http_owner *owners;
    uint64_t owners_made;
    struct http_owner *first; /* whose turn it is; the others follow */
    struct http_owner **last;
    uint32_t waiting;
    uint32_t under_way;
    int64_t next_expiry; /* nothing that waits has a deadline before this; INT64_MAX: none */
};

void http_queue_init(struct http_queue *queue, const struct http_limits *limits);

/* An owner, which is zeroed, comes and goes; it has no exchange then. */
void http_queue_add_owner(struct http_queue *queue, struct http_owner *owner);
void http_queue_remove_owner(struct http_queue *queue, struct http_owner *owner);

/* An exchange waits for its turn. Returns 0, or ERR_LIMIT, which is counted. */
MUST_CHECK int http_queue_add(struct http_queue *queue, struct http_exchange *exchange);

/* What is left of a request's time when it is not sent any more. */
#define HTTP_LEFT_MIN (2 * NS_PER_MS)

/* The exchange whose turn it is, with its `pass`; NULL: none may be sent now. It is under way,
 * unless its pass is HTTP_PASS_NONE, or `is_late` says that its time is over. `now`: monotonic, ns.
 */
struct http_exchange *http_queue_take(struct http_queue *queue, int64_t now);

/* Takes one that waits out, or all whose deadline has passed, as a list. */
void http_queue_withdraw(struct http_queue *queue, struct http_exchange *exchange);
struct http_exchange *http_queue_take_expired(struct http_queue *queue, int64_t now);

/* Counts an exchange that has an outcome and waits no more. */
void http_queue_settle(struct http_queue *queue, struct http_exchange *exchange, int64_t now);

#endif
