#include "http/http_breaker.h"

#include <stddef.h>

static struct http_breaker *find_breaker(struct http_breakers *breakers, uint64_t server)
{
    for (size_t i = 0; i < HTTP_BREAKERS_MAX; i++)
        if (breakers->items[i].failures > 0 && breakers->items[i].server == server)
            return &breakers->items[i];
    return NULL;
}

static bool is_open(const struct http_breakers *breakers, const struct http_breaker *breaker)
{
    return breakers->limit > 0 && breaker->failures >= breakers->limit;
}

/* A free place, or that of the server that has failed the longest time ago. */
static struct http_breaker *take_place(struct http_breakers *breakers, uint64_t server)
{
    struct http_breaker *oldest = &breakers->items[0];
    for (size_t i = 0; i < HTTP_BREAKERS_MAX && oldest->failures > 0; i++)
        if (breakers->items[i].failures == 0 || breakers->items[i].failed_at < oldest->failed_at)
            oldest = &breakers->items[i];
    *oldest = (struct http_breaker){.server = server};
    return oldest;
}

enum http_pass http_breakers_ask(struct http_breakers *breakers, uint64_t server, int64_t now)
{
    struct http_breaker *breaker = find_breaker(breakers, server);
    if (breaker == NULL || !is_open(breakers, breaker))
        return HTTP_PASS;
    if (now < breaker->open_until)
        return HTTP_PASS_NONE;
    breaker->probes++;
    breaker->open_until = now + breakers->pause; /* However long this one takes. */
    return HTTP_PASS_PROBE;
}

static enum http_breaker_change note_success(struct http_breakers *breakers,
                                             struct http_breaker *breaker)
{
    if (breaker == NULL)
        return HTTP_BREAKER_SAME;
    bool was_open = is_open(breakers, breaker);
    *breaker = (struct http_breaker){.failures = 0};
    return was_open ? HTTP_BREAKER_CLOSED : HTTP_BREAKER_SAME;
}

/* What was sent before a breaker opened may fail while it is open: that does not prolong it. Nor
 * does a probe while another one is under way. */
static enum http_breaker_change note_failure(struct http_breakers *breakers,
                                             struct http_breaker *breaker, bool is_probe,
                                             int64_t now)
{
    bool was_open = is_open(breakers, breaker);
    breaker->failed_at = now;
    if (!was_open)
        breaker->failures++;
    if (is_open(breakers, breaker) && (!was_open || (is_probe && breaker->probes == 0)))
        breaker->open_until = now + breakers->pause;
    return !was_open && is_open(breakers, breaker) ? HTTP_BREAKER_OPENED : HTTP_BREAKER_SAME;
}

static void end_probe(struct http_breaker *breaker, enum http_health health, int64_t now)
{
    breaker->probes--;
    if (breaker->probes == 0 && health == HTTP_HEALTH_UNKNOWN)
        breaker->open_until = now; /* The next one has to decide. */
}

enum http_breaker_change http_breakers_tell(struct http_breakers *breakers, uint64_t server,
                                            enum http_pass pass, enum http_health health,
                                            int64_t now)
{
    struct http_breaker *breaker = find_breaker(breakers, server);
    /* It may be a probe of a breaker that has closed, or lost its place, since. */
    bool is_probe = breaker != NULL && pass == HTTP_PASS_PROBE && breaker->probes > 0;
    if (is_probe)
        end_probe(breaker, health, now);
    if (health == HTTP_HEALTHY)
        return note_success(breakers, breaker);
    if (health == HTTP_HEALTH_UNKNOWN || breakers->limit == 0)
        return HTTP_BREAKER_SAME;
    if (breaker == NULL)
        breaker = take_place(breakers, server);
    return note_failure(breakers, breaker, is_probe, now);
}

unsigned http_breakers_open(const struct http_breakers *breakers)
{
    unsigned count = 0;
    for (size_t i = 0; i < HTTP_BREAKERS_MAX; i++)
        count += breakers->items[i].failures > 0 && is_open(breakers, &breakers->items[i]);
    return count;
}
