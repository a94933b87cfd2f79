#include "http/http_client.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "http/http_client_internal.h"

#include <stdlib.h>
#include <string.h>

/* -- exchanges that end with their owner; with the lock -- */

static void tie_exchange(struct http_client *client, struct http_exchange *exchange)
{
    struct http_exchange **link = &exchange->owner->tied;
    exchange->next_tied = *link;
    exchange->tied_link = link;
    if (exchange->next_tied != NULL)
        exchange->next_tied->tied_link = &exchange->next_tied;
    *link = exchange;
    client->tied++;
}

void http_client_untie(struct http_client *client, struct http_exchange *exchange)
{
    if (exchange->tied_link == NULL)
        return;
    *exchange->tied_link = exchange->next_tied;
    if (exchange->next_tied != NULL)
        exchange->next_tied->tied_link = exchange->tied_link;
    exchange->tied_link = NULL;
    client->tied--;
}

/* -- the end of exchanges -- */

void http_client_settle(struct http_client *client, struct http_exchange *exchange)
{
    if (exchange->is_cancelled)
        http_exchange_end(exchange, SL_HTTP_CANCELLED,
                          exchange->key != 0 ? "the client is gone" : "the instance is gone");
    http_queue_settle(&client->queue, exchange, clock_monotonic());
    http_client_untie(client, exchange);
    if (exchange->key == 0)
        return;
    hash_table_remove(&client->by_key, &exchange->by_key);
    atomic_fetch_sub_explicit(&client->keyed, 1, memory_order_relaxed);
}

void http_client_hand_back(struct http_exchange *list)
{
    while (list != NULL) {
        struct http_exchange *exchange = list;
        list = exchange->next;
        exchange->on_done(exchange);
    }
}

/* -- public functions -- */

/* With the lock. */
static int ensure_thread(struct http_client *client)
{
    if (client->is_started && client->is_over) {
        pthread_join(client->thread, NULL); /* It has given up, and has nothing left to wait for. */
        client->is_started = false;
    }
    if (client->is_started)
        return OK;
    client->is_over = false;
    int error = thread_begin(&client->thread, "http", http_thread_run, client);
    if (error != 0) {
        log_error("http", "cannot start the thread for HTTP requests: %s", strerror(error));
        return ERR_SYSTEM;
    }
    client->is_started = true;
    return OK;
}

/* With the lock. */
static void wake_thread(struct http_client *client)
{
    if (!client->is_woken && client->waits)
        http_transfers_wake(&client->transfers);
    client->is_woken = true;
}

static uint64_t hash_of_key(uint64_t key)
{
    return (key * UINT64_C(0x9e3779b97f4a7c15)) >> 16;
}

int http_client_submit(struct http_client *client, struct http_owner *owner,
                       struct http_exchange *exchange)
{
    exchange->owner = owner;
    exchange->owner_number = owner->number;
    exchange->begun = clock_monotonic();
    exchange->deadline = exchange->begun + exchange->request.timeout;
    pthread_mutex_lock(&client->lock);
    int error = client->is_stopped ? ERR_CLOSED : OK;
    if (error == OK && exchange->key != 0)
        error = hash_table_reserve(&client->by_key);
    if (error == OK)
        error = ensure_thread(client);
    if (error == OK)
        error = http_queue_add(&client->queue, exchange);
    if (error == OK && exchange->key != 0) {
        hash_table_add(&client->by_key, &exchange->by_key, hash_of_key(exchange->key));
        atomic_fetch_add_explicit(&client->keyed, 1, memory_order_relaxed);
    }
    if (error == OK && (exchange->request.flags & SL_HTTP_ENDS_WITH_INSTANCE) != 0)
        tie_exchange(client, exchange);
    if (error == OK)
        wake_thread(client);
    pthread_mutex_unlock(&client->lock);
    return error;
}

/* Ends one that waits, which is then put in front of `list`, or has the thread end it. With the
 * lock. */
static void cancel_exchange(struct http_client *client, struct http_exchange *exchange,
                            struct http_exchange **list)
{
    exchange->is_cancelled = true;
    if (!exchange->is_waiting) {
        client->has_cancelled = true;
        wake_thread(client);
        return;
    }
    http_queue_withdraw(&client->queue, exchange);
    http_client_settle(client, exchange);
    exchange->next = *list;
    *list = exchange;
}

void http_client_cancel(struct http_client *client, const struct http_owner *owner, uint64_t key)
{
    struct http_exchange *list = NULL;
    if (atomic_load_explicit(&client->keyed, memory_order_relaxed) == 0)
        return;
    pthread_mutex_lock(&client->lock);
    struct hash_link *link = hash_table_first(&client->by_key, hash_of_key(key));
    while (link != NULL) {
        struct http_exchange *exchange = (struct http_exchange *)link;
        link = hash_table_next(link);
        if (exchange->key != key || (owner != NULL && exchange->owner != owner))
            continue;
        cancel_exchange(client, exchange, &list);
    }
    pthread_mutex_unlock(&client->lock);
    http_client_hand_back(list);
}

void http_client_cancel_tied(struct http_client *client, struct http_owner *owner)
{
    struct http_exchange *list = NULL, *next;
    pthread_mutex_lock(&client->lock);
    for (struct http_exchange *exchange = owner->tied; exchange != NULL; exchange = next) {
        next = exchange->next_tied;
        cancel_exchange(client, exchange, &list);
    }
    pthread_mutex_unlock(&client->lock);
    http_client_hand_back(list);
}

int http_client_create(const struct http_limits *limits, struct http_client **out)
{
    struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&client->lock, NULL);
    http_queue_init(&client->queue, limits);
    *out = client;
    return OK;
}

void http_client_stop(struct http_client *client)
{
    if (client == NULL)
        return;
    pthread_mutex_lock(&client->lock);
    client->is_stopped = true;
    wake_thread(client);
    bool is_started = client->is_started;
    client->is_started = false; /* It is joined once. */
    pthread_mutex_unlock(&client->lock);
    if (is_started)
        pthread_join(client->thread, NULL);
}

void http_client_destroy(struct http_client *client)
{
    if (client == NULL)
        return;
    http_client_stop(client);
    hash_table_deinit(&client->by_key, NULL);
    pthread_mutex_destroy(&client->lock);
    free(client);
}

int http_owner_create(struct http_client *client, struct http_owner **out)
{
    struct http_owner *owner = calloc(1, sizeof *owner);
    if (owner == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_lock(&client->lock);
    http_queue_add_owner(&client->queue, owner);
    pthread_mutex_unlock(&client->lock);
    *out = owner;
    return OK;
}

void http_owner_destroy(struct http_client *client, struct http_owner *owner)
{
    if (owner == NULL)
        return;
    pthread_mutex_lock(&client->lock);
    http_queue_remove_owner(&client->queue, owner);
    pthread_mutex_unlock(&client->lock);
    free(owner);
}

void http_client_read(struct http_client *client, struct http_client_stats *out)
{
    pthread_mutex_lock(&client->lock);
    *out = (struct http_client_stats){.limits = client->queue.limits,
                                      .waiting = client->queue.waiting,
                                      .under_way = client->queue.under_way,
                                      .hanging_lookups = client->hanging_lookups,
                                      .tied = client->tied};
    pthread_mutex_unlock(&client->lock);
}

void http_owner_read(struct http_client *client, struct http_owner *owner,
                     struct http_owner_stats *out)
{
    *out = (struct http_owner_stats){.waiting = 0};
    histogram_merge(&out->took, &owner->took);
    pthread_mutex_lock(&client->lock);
    memcpy(out->outcomes, owner->outcomes, sizeof out->outcomes);
    out->rejected = owner->rejected;
    out->waiting = owner->waiting;
    out->under_way = owner->under_way;
    out->open_breakers = http_breakers_open(&owner->breakers);
    pthread_mutex_unlock(&client->lock);
}
