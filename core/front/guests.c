#include "front/guests.h"

#include "base/address.h"

#include <stdlib.h>
#include <string.h>

/* One address that has guests. */
struct origin {
    uint8_t key[16]; /* see address_limit_key */
    size_t count;
    struct guest_queue guests; /* the oldest first */
    LIST_ENTRY(origin) next;
};

void guests_init(struct guests *guests)
{
    guests->count = 0;
    TAILQ_INIT(&guests->by_age);
    for (size_t i = 0; i < GUESTS_BUCKETS; i++)
        LIST_INIT(&guests->origins[i]);
}

static void key_of(const struct guest *guest, uint8_t key[16])
{
    struct address address;
    address_from_sockaddr(&address, (const struct sockaddr *)&guest->peer);
    address_limit_key(&address, key);
}

/* Addresses chosen to collide make a list that is no longer than there are guests. */
static size_t bucket_of(const uint8_t key[16])
{
    uint32_t hash = 2166136261U; /* FNV-1a */
    for (size_t i = 0; i < 16; i++)
        hash = (hash ^ key[i]) * 16777619U;
    return (hash ^ hash >> 16) % GUESTS_BUCKETS;
}

static struct origin *find(const struct guests *guests, const uint8_t key[16])
{
    struct origin *origin;
    LIST_FOREACH(origin, &guests->origins[bucket_of(key)], next)
    {
        if (memcmp(origin->key, key, 16) == 0)
            return origin;
    }
    return NULL;
}

static struct origin *find_or_add(struct guests *guests, const uint8_t key[16])
{
    struct origin *origin = find(guests, key);
    if (origin != NULL)
        return origin;
    origin = calloc(1, sizeof *origin);
    if (origin == NULL)
        return NULL;
    memcpy(origin->key, key, 16);
    TAILQ_INIT(&origin->guests);
    LIST_INSERT_HEAD(&guests->origins[bucket_of(key)], origin, next);
    return origin;
}

int guests_count_at_address(struct guests *guests, struct guest *guest)
{
    uint8_t key[16];
    key_of(guest, key);
    guest->origin = find_or_add(guests, key);
    if (guest->origin == NULL)
        return ERR_NO_MEMORY;
    TAILQ_INSERT_TAIL(&guest->origin->guests, guest, by_origin);
    guest->origin->count++;
    return OK;
}

int guests_add(struct guests *guests, struct guest *guest)
{
    int error = guest->is_trusted ? OK : guests_count_at_address(guests, guest);
    if (error != OK)
        return error;
    TAILQ_INSERT_TAIL(&guests->by_age, guest, by_age);
    guest->waits = true;
    guests->count++;
    return OK;
}

static void leave_origin(struct guest *guest)
{
    struct origin *origin = guest->origin;
    if (origin == NULL)
        return;
    TAILQ_REMOVE(&origin->guests, guest, by_origin);
    guest->origin = NULL;
    if (--origin->count > 0)
        return;
    LIST_REMOVE(origin, next);
    free(origin);
}

void guests_remove(struct guests *guests, struct guest *guest)
{
    if (!guest->waits)
        return;
    TAILQ_REMOVE(&guests->by_age, guest, by_age);
    guest->waits = false;
    guests->count--;
    leave_origin(guest);
}

struct guest *guests_oldest(const struct guests *guests)
{
    return TAILQ_FIRST(&guests->by_age);
}

struct guest *guests_oldest_like(const struct guests *guests, const struct guest *guest,
                                 size_t *count)
{
    uint8_t key[16];
    key_of(guest, key);
    const struct origin *origin = find(guests, key);
    *count = origin == NULL ? 0 : origin->count;
    return origin == NULL ? NULL : TAILQ_FIRST(&origin->guests);
}
