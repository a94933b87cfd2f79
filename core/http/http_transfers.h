/*
 * What libcurl is sending and receiving: the exchanges that are under way.
 *
 * One thread; http_transfers_wake may be called on any.
 */
#ifndef SLUICE_HTTP_HTTP_TRANSFERS_H
#define SLUICE_HTTP_HTTP_TRANSFERS_H

#include "http/http_lookups.h"

struct http_transfers {
    const struct http_library *curl;
    CURLM *multi;
    struct http_exchange *first; /* by `next` and `previous` */
    struct http_exchange *late;  /* by `next`: taken from libcurl, and with their outcome */
    int64_t next_deadline;       /* none has one before this; INT64_MAX: there is none */
    struct http_lookups lookups;
};

/* Loads libcurl, if it has to. Up to `under_way` are sent at once, of one owner up to `per_owner`,
 * and as many connections are kept. Returns NULL, or why nothing can be sent; then there is nothing
 * to deinit. */
const char *http_transfers_init(struct http_transfers *transfers, unsigned under_way,
                                unsigned per_owner);

/* Frees it; there must be no transfer any more. It does not wait for lookups of names that hang. */
void http_transfers_deinit(struct http_transfers *transfers);

/* Begins to send. Returns OK, or an error that the exchange has as its outcome. */
MUST_CHECK int http_transfers_start(struct http_transfers *transfers,
                                    struct http_exchange *exchange);

/* Takes one that is under way from libcurl; it has no outcome. */
void http_transfers_take(struct http_transfers *transfers, struct http_exchange *exchange);

/* Sends and receives what can be without waiting. */
void http_transfers_perform(struct http_transfers *transfers);

/* Takes one that has ended or whose deadline has passed, with its outcome; NULL: there is none. */
struct http_exchange *http_transfers_take_ended(struct http_transfers *transfers);

/* Waits for something to send or receive, at most so long and up to the next deadline, or for
 * http_transfers_wake. */
void http_transfers_wait(struct http_transfers *transfers, int milliseconds);
void http_transfers_wake(struct http_transfers *transfers);

#endif
