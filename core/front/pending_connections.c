#include "front/pending_connections.h"

#include "base/address.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

int pending_connections_init(struct pending_connections *connections)
{
    connections->count = connections->idle_count = 0;
    TAILQ_INIT(&connections->by_age);
    TAILQ_INIT(&connections->idle);
    for (size_t i = 0; i < PENDING_CONNECTIONS_BUCKETS; i++)
        LIST_INIT(&connections->addresses[i]);
    return siphash_key_init(&connections->hash_key);
}

static void address_key_of(const struct pending *pending, uint8_t key[16])
{
    struct address address;
    address_from_sockaddr(&address, (const struct sockaddr *)&pending->peer);
    address_limit_key(&address, key);
}

static size_t address_bucket(const struct pending_connections *connections, const uint8_t key[16])
{
    return (size_t)siphash_1_3(&connections->hash_key, key, 16) % PENDING_CONNECTIONS_BUCKETS;
}

static struct pending_address *find_address(const struct pending_connections *connections,
                                            const uint8_t key[16])
{
    struct pending_address *address;
    LIST_FOREACH(address, &connections->addresses[address_bucket(connections, key)], bucket)
    {
        if (memcmp(address->key, key, 16) == 0)
            return address;
    }
    return NULL;
}

static void remove_idle_address(struct pending_connections *connections,
                                struct pending_address *address)
{
    TAILQ_REMOVE(&connections->idle, address, link);
    connections->idle_count--;
}

static void free_pending_address(struct pending_address *address)
{
    LIST_REMOVE(address, bucket);
    free(address);
}

/* Frees idle addresses whose rate is whole again, and the oldest ones if there are too many. */
static void free_idle_addresses(struct pending_connections *connections, int64_t now)
{
    struct pending_address *address = TAILQ_FIRST(&connections->idle);
    while (address != NULL && (address->paid_until <= now ||
                               connections->idle_count > PENDING_CONNECTIONS_IDLE_ADDRESSES)) {
        struct pending_address *next = TAILQ_NEXT(address, link);
        remove_idle_address(connections, address);
        free_pending_address(address);
        address = next;
    }
}

static struct pending_address *find_or_add_address(struct pending_connections *connections,
                                                   const uint8_t key[16])
{
    struct pending_address *address = find_address(connections, key);
    if (address != NULL) {
        if (address->count == 0)
            remove_idle_address(connections, address);
        return address;
    }
    address = calloc(1, sizeof *address);
    if (address == NULL)
        return NULL;
    memcpy(address->key, key, 16);
    TAILQ_INIT(&address->connections);
    TAILQ_INIT(&address->begun);
    TAILQ_INIT(&address->not_begun);
    LIST_INSERT_HEAD(&connections->addresses[address_bucket(connections, key)], address, bucket);
    return address;
}

int pending_connections_count_at_address(struct pending_connections *connections,
                                         struct pending *pending)
{
    uint8_t key[16];
    address_key_of(pending, key);
    pending->address = find_or_add_address(connections, key);
    if (pending->address == NULL)
        return ERR_NO_MEMORY;
    TAILQ_INSERT_TAIL(&pending->address->connections, pending, by_address);
    pending->address->count++;
    return OK;
}

int pending_connections_add(struct pending_connections *connections, struct pending *pending)
{
    int error =
        pending->is_trusted ? OK : pending_connections_count_at_address(connections, pending);
    if (error != OK)
        return error;
    TAILQ_INSERT_TAIL(&connections->by_age, pending, by_age);
    pending->is_pending = true;
    connections->count++;
    return OK;
}

static void remove_from_address(struct pending_connections *connections, struct pending *pending)
{
    struct pending_address *address = pending->address;
    if (address == NULL)
        return;
    TAILQ_REMOVE(&address->connections, pending, by_address);
    pending->address = NULL;
    if (--address->count > 0)
        return;
    TAILQ_INSERT_TAIL(&connections->idle, address, link);
    connections->idle_count++;
    free_idle_addresses(connections, clock_monotonic());
}

void pending_connections_remove(struct pending_connections *connections, struct pending *pending)
{
    if (!pending->is_pending)
        return;
    TAILQ_REMOVE(&connections->by_age, pending, by_age);
    pending->is_pending = false;
    connections->count--;
    remove_from_address(connections, pending);
}

struct pending *pending_connections_oldest(const struct pending_connections *connections)
{
    struct pending *pending;
    TAILQ_FOREACH(pending, &connections->by_age, by_age)
    {
        if (!pending->is_in_turn)
            break;
    }
    return pending;
}

struct pending *pending_connections_oldest_like(const struct pending_connections *connections,
                                                const struct pending *pending, size_t *count)
{
    uint8_t key[16];
    address_key_of(pending, key);
    const struct pending_address *address = find_address(connections, key);
    struct pending *oldest = NULL;
    *count = address == NULL ? 0 : address->count;
    if (address != NULL)
        TAILQ_FOREACH(oldest, &address->connections, by_address)
        {
            if (!oldest->is_in_turn)
                break;
        }
    return oldest;
}

void pending_connections_deinit(struct pending_connections *connections)
{
    free_idle_addresses(connections, INT64_MAX);
}

static bool can_give_tls_up(const struct pending *pending)
{
    return !pending->is_in_turn && pending->tls.ssl != NULL;
}

static struct pending *oldest_with_tls(const struct pending_address *address)
{
    struct pending *pending;
    TAILQ_FOREACH(pending, &address->connections, by_address)
    {
        if (can_give_tls_up(pending))
            break;
    }
    return pending;
}

struct pending *pending_connections_heaviest(const struct pending_connections *connections)
{
    struct pending *heaviest = NULL;
    const struct pending_address *address;
    size_t most = 1;
    for (size_t i = 0; i < PENDING_CONNECTIONS_BUCKETS; i++)
        LIST_FOREACH(address, &connections->addresses[i], bucket)
        {
            struct pending *pending = address->count >= most ? oldest_with_tls(address) : NULL;
            if (pending == NULL || (heaviest != NULL && address->count == most &&
                                    pending->deadline >= heaviest->deadline))
                continue;
            heaviest = pending;
            most = address->count;
        }
    if (heaviest == NULL) /* All with TLS state came through trusted proxies. */
        TAILQ_FOREACH(heaviest, &connections->by_age, by_age)
        {
            if (can_give_tls_up(heaviest))
                break;
        }
    return heaviest;
}
