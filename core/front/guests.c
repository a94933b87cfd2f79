#include "front/guests.h"

#include "base/address.h"
#include "base/clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

void guests_init(struct guests *guests)
{
    guests->count = guests->idle_count = 0;
    if (getrandom(&guests->seed, sizeof guests->seed, 0) != sizeof guests->seed)
        guests->seed = (uint64_t)clock_monotonic();
    TAILQ_INIT(&guests->by_age);
    TAILQ_INIT(&guests->idle);
    for (size_t i = 0; i < GUESTS_BUCKETS; i++)
        LIST_INIT(&guests->origins[i]);
}

static void key_of(const struct guest *guest, uint8_t key[16])
{
    struct address address;
    address_from_sockaddr(&address, (const struct sockaddr *)&guest->peer);
    address_limit_key(&address, key);
}

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 32;
}

static size_t bucket_of(const struct guests *guests, const uint8_t key[16])
{
    uint64_t words[2];
    memcpy(words, key, sizeof words);
    return (size_t)mix(mix(guests->seed, words[0]), words[1]) % GUESTS_BUCKETS;
}

static struct origin *find(const struct guests *guests, const uint8_t key[16])
{
    struct origin *origin;
    LIST_FOREACH(origin, &guests->origins[bucket_of(guests, key)], next)
    {
        if (memcmp(origin->key, key, 16) == 0)
            return origin;
    }
    return NULL;
}

static void leave_idle(struct guests *guests, struct origin *origin)
{
    TAILQ_REMOVE(&guests->idle, origin, turn);
    guests->idle_count--;
}

static void free_origin(struct origin *origin)
{
    LIST_REMOVE(origin, next);
    free(origin);
}

/* Those whose rate is whole again are like any other address. */
static void forget_idle(struct guests *guests, int64_t now)
{
    struct origin *origin = TAILQ_FIRST(&guests->idle);
    while (origin != NULL &&
           (origin->paid_until <= now || guests->idle_count > GUESTS_IDLE_ORIGINS)) {
        struct origin *next = TAILQ_NEXT(origin, turn);
        leave_idle(guests, origin);
        free_origin(origin);
        origin = next;
    }
}

static struct origin *find_or_add(struct guests *guests, const uint8_t key[16])
{
    struct origin *origin = find(guests, key);
    if (origin != NULL) {
        if (origin->count == 0)
            leave_idle(guests, origin);
        return origin;
    }
    origin = calloc(1, sizeof *origin);
    if (origin == NULL)
        return NULL;
    memcpy(origin->key, key, 16);
    TAILQ_INIT(&origin->guests);
    TAILQ_INIT(&origin->begun);
    TAILQ_INIT(&origin->fresh);
    LIST_INSERT_HEAD(&guests->origins[bucket_of(guests, key)], origin, next);
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

static void leave_origin(struct guests *guests, struct guest *guest)
{
    struct origin *origin = guest->origin;
    if (origin == NULL)
        return;
    TAILQ_REMOVE(&origin->guests, guest, by_origin);
    guest->origin = NULL;
    if (--origin->count > 0)
        return;
    TAILQ_INSERT_TAIL(&guests->idle, origin, turn);
    guests->idle_count++;
    forget_idle(guests, clock_monotonic());
}

void guests_remove(struct guests *guests, struct guest *guest)
{
    if (!guest->waits)
        return;
    TAILQ_REMOVE(&guests->by_age, guest, by_age);
    guest->waits = false;
    guests->count--;
    leave_origin(guests, guest);
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

void guests_deinit(struct guests *guests)
{
    forget_idle(guests, INT64_MAX);
}

static struct guest *oldest_with_tls(const struct origin *origin)
{
    struct guest *guest;
    TAILQ_FOREACH(guest, &origin->guests, by_origin)
    {
        if (guest->tls.ssl != NULL)
            break;
    }
    return guest;
}

struct guest *guests_heaviest(const struct guests *guests)
{
    struct guest *heaviest = NULL;
    const struct origin *origin;
    size_t most = 1;
    for (size_t i = 0; i < GUESTS_BUCKETS; i++)
        LIST_FOREACH(origin, &guests->origins[i], next)
        {
            struct guest *guest = origin->count >= most ? oldest_with_tls(origin) : NULL;
            if (guest == NULL || (heaviest != NULL && origin->count == most &&
                                  guest->deadline >= heaviest->deadline))
                continue;
            heaviest = guest;
            most = origin->count;
        }
    if (heaviest == NULL) /* All came through trusted proxies. */
        TAILQ_FOREACH(heaviest, &guests->by_age, by_age)
        {
            if (heaviest->tls.ssl != NULL)
                break;
        }
    return heaviest;
}
