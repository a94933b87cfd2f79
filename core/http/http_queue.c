#include "http/http_queue.h"

void http_queue_init(struct http_queue *queue, const struct http_limits *limits)
{
    *queue = (struct http_queue){.limits = *limits, .next_expiry = INT64_MAX};
    queue->last = &queue->first;
}

/* -- owners, and whose turn it is -- */

void http_queue_add_owner(struct http_queue *queue, struct http_owner *owner)
{
    owner->number = ++queue->owners_made;
    owner->last = &owner->first;
    owner->breakers.limit = queue->limits.failures;
    owner->breakers.pause = queue->limits.pause;
    owner->next_owner = queue->owners;
    queue->owners = owner;
}

static struct http_owner *take_turn(struct http_queue *queue)
{
    struct http_owner *owner = queue->first;
    if (owner == NULL)
        return NULL;
    queue->first = owner->next_turn;
    if (queue->first == NULL)
        queue->last = &queue->first;
    owner->next_turn = NULL;
    owner->has_turn = false;
    return owner;
}

/* It comes last, if it has something to send and may. */
static void give_turn(struct http_queue *queue, struct http_owner *owner)
{
    if (owner->has_turn || owner->first == NULL || owner->under_way >= queue->limits.per_owner)
        return;
    owner->has_turn = true;
    *queue->last = owner;
    queue->last = &owner->next_turn;
}

void http_queue_remove_owner(struct http_queue *queue, struct http_owner *owner)
{
    struct http_owner **link = &queue->owners;
    while (*link != owner)
        link = &(*link)->next_owner;
    *link = owner->next_owner;
    for (link = &queue->first; *link != NULL && *link != owner; link = &(*link)->next_turn)
        continue;
    if (*link != owner)
        return;
    *link = owner->next_turn;
    if (*link == NULL)
        queue->last = link;
}

/* -- what waits -- */

int http_queue_add(struct http_queue *queue, struct http_exchange *exchange)
{
    struct http_owner *owner = exchange->owner;
    if (owner->waiting >= queue->limits.queue) {
        owner->rejected++;
        return ERR_LIMIT;
    }
    exchange->is_waiting = true;
    exchange->next = NULL;
    exchange->link = owner->last;
    *owner->last = exchange;
    owner->last = &exchange->next;
    owner->waiting++;
    queue->waiting++;
    if (exchange->deadline < queue->next_expiry)
        queue->next_expiry = exchange->deadline;
    give_turn(queue, owner);
    return OK;
}

void http_queue_withdraw(struct http_queue *queue, struct http_exchange *exchange)
{
    struct http_owner *owner = exchange->owner;
    *exchange->link = exchange->next;
    if (exchange->next != NULL)
        exchange->next->link = exchange->link;
    else
        owner->last = exchange->link;
    exchange->next = NULL;
    exchange->link = NULL;
    exchange->is_waiting = false;
    owner->waiting--;
    queue->waiting--;
}

static bool has_breaker(const struct http_exchange *exchange)
{
    return (exchange->request.flags & SL_HTTP_WITHOUT_BREAKER) == 0;
}

/* Of a time that was short from the beginning on, half may be left. */
static bool has_no_time(const struct http_exchange *exchange, int64_t now)
{
    int64_t half = exchange->request.timeout / 2;
    return exchange->deadline - now < (half < HTTP_LEFT_MIN ? half : HTTP_LEFT_MIN);
}

struct http_exchange *http_queue_take(struct http_queue *queue, int64_t now)
{
    struct http_owner *owner = NULL;
    if (queue->under_way >= queue->limits.under_way)
        return NULL;
    do /* What an owner had may have been withdrawn. */
        owner = take_turn(queue);
    while (owner != NULL && owner->first == NULL);
    if (owner == NULL)
        return NULL;
    struct http_exchange *exchange = owner->first;
    http_queue_withdraw(queue, exchange);
    exchange->is_late = has_no_time(exchange, now);
    exchange->pass = exchange->is_late ? HTTP_PASS_NONE
                     : has_breaker(exchange)
                         ? http_breakers_ask(&owner->breakers, exchange->server, now)
                         : HTTP_PASS;
    if (exchange->pass != HTTP_PASS_NONE) {
        exchange->is_under_way = true;
        owner->under_way++;
        queue->under_way++;
    }
    give_turn(queue, owner);
    return exchange;
}

static struct http_exchange *take_expired_of(struct http_queue *queue, struct http_owner *owner,
                                             int64_t now, struct http_exchange *list)
{
    struct http_exchange *next;
    for (struct http_exchange *exchange = owner->first; exchange != NULL; exchange = next) {
        next = exchange->next;
        if (exchange->deadline <= now) {
            http_queue_withdraw(queue, exchange);
            exchange->next = list;
            list = exchange;
        } else if (exchange->deadline < queue->next_expiry) {
            queue->next_expiry = exchange->deadline;
        }
    }
    return list;
}

struct http_exchange *http_queue_take_expired(struct http_queue *queue, int64_t now)
{
    struct http_exchange *list = NULL;
    if (now < queue->next_expiry)
        return NULL;
    queue->next_expiry = INT64_MAX;
    for (struct http_owner *owner = queue->owners; owner != NULL; owner = owner->next_owner)
        list = take_expired_of(queue, owner, now, list);
    return list;
}

/* -- the end -- */

void http_queue_settle(struct http_queue *queue, struct http_exchange *exchange, int64_t now)
{
    struct http_owner *owner = exchange->owner;
    exchange->ended = now;
    owner->outcomes[exchange->outcome]++;
    if (!exchange->is_under_way)
        return;
    histogram_add(&owner->took, (uint64_t)(now - exchange->begun));
    owner->under_way--;
    queue->under_way--;
    if (has_breaker(exchange))
        exchange->change = http_breakers_tell(&owner->breakers, exchange->server, exchange->pass,
                                              http_exchange_health(exchange), now);
    give_turn(queue, owner);
}
