/*
 * Circuit breakers: which servers are not asked for a while, because they have not answered several
 * times in a row.
 *
 * Pure. A server is known by a number; only those that have failed take a place, and the one that
 * has failed the longest time ago gives its place up when there are too many.
 */
#ifndef SLUICE_HTTP_HTTP_BREAKER_H
#define SLUICE_HTTP_HTTP_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define HTTP_BREAKERS_MAX 64

struct http_breaker {
    uint64_t server;
    uint32_t failures;  /* in a row; 0: the place is free */
    uint32_t probes;    /* requests that decide whether it closes, and are under way */
    int64_t open_until; /* ns; only if it is open: then a request goes through */
    int64_t failed_at;  /* ns */
};

/* Those of one owner. */
struct http_breakers {
    struct http_breaker items[HTTP_BREAKERS_MAX];
    uint32_t limit; /* failures in a row that open one; 0: none opens */
    int64_t pause;  /* ns that one stays open before it lets a request through, and the next one */
};

/* Whether a server may be asked. */
enum http_pass {
    HTTP_PASS,       /* it may */
    HTTP_PASS_PROBE, /* it may, and what comes of it decides for the others */
    HTTP_PASS_NONE   /* it may not: the breaker is open */
};

/* What a request says about its server. */
enum http_health {
    HTTP_HEALTHY,
    HTTP_UNHEALTHY,
    HTTP_HEALTH_UNKNOWN /* it was cancelled, or never sent */
};

enum http_breaker_change { HTTP_BREAKER_SAME, HTTP_BREAKER_OPENED, HTTP_BREAKER_CLOSED };

/* Asks before a request is sent. `now`: monotonic, ns. */
enum http_pass http_breakers_ask(struct http_breakers *breakers, uint64_t server, int64_t now);

/* Tells what has come of a request that http_breakers_ask has let through. Returns what that has
 * changed. */
enum http_breaker_change http_breakers_tell(struct http_breakers *breakers, uint64_t server,
                                            enum http_pass pass, enum http_health health,
                                            int64_t now);

/* How many are open. */
unsigned http_breakers_open(const struct http_breakers *breakers);

#endif
