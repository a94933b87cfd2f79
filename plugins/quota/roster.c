#include "roster.h"

#include <string.h>
#include <sys/random.h>

#define BUCKETS_MIN 64

struct roster_key {
    struct roster_key *next; /* in its bucket */
    struct roster_entry *first;
    struct roster_entry *last;
    size_t clients;
    uint64_t hash;
    size_t len;
    char text[];
};

static struct sl_string cut_key(struct sl_string key)
{
    if (key.len > ROSTER_KEY_MAX)
        key.len = ROSTER_KEY_MAX;
    return key;
}

/* Mixes eight bytes at a time with the secret in between. */
static uint64_t hash_of(const struct roster *roster, struct sl_string key)
{
    uint64_t hash = roster->secret ^ key.len;
    for (size_t i = 0; i < key.len; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, key.data + i, key.len - i < sizeof word ? key.len - i : sizeof word);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash = (hash ^ hash >> 29 ^ roster->secret) * UINT64_C(0xbf58476d1ce4e5b9);
        hash ^= hash >> 32;
    }
    return hash;
}

int roster_init(struct roster *roster, const struct sl_host *host, size_t capacity)
{
    size_t buckets = BUCKETS_MIN;
    while (buckets < capacity)
        buckets *= 2;
    *roster = (struct roster){.host = host, .capacity = capacity, .bucket_count = buckets};
    if (getrandom(&roster->secret, sizeof roster->secret, 0) != (ssize_t)sizeof roster->secret)
        return -1;
    roster->buckets = host->allocate(buckets * sizeof(struct roster_key *));
    if (roster->buckets == NULL)
        return -1;
    memset(roster->buckets, 0, buckets * sizeof(struct roster_key *));
    return 0;
}

void roster_deinit(struct roster *roster)
{
    roster->host->release(roster->buckets);
    roster->buckets = NULL;
}

static struct roster_key **find_key(const struct roster *roster, struct sl_string key,
                                    uint64_t hash)
{
    struct roster_key **link = &roster->buckets[hash & (roster->bucket_count - 1)];
    while (*link != NULL && ((*link)->hash != hash || (*link)->len != key.len ||
                             memcmp((*link)->text, key.data, key.len) != 0))
        link = &(*link)->next;
    return link;
}

size_t roster_count(const struct roster *roster, struct sl_string key, uint64_t *oldest)
{
    key = cut_key(key);
    const struct roster_key *found = *find_key(roster, key, hash_of(roster, key));
    *oldest = found != NULL ? found->first->client : 0;
    return found != NULL ? found->clients : 0;
}

size_t roster_clients(const struct roster_entry *entry)
{
    return entry->key != NULL ? entry->key->clients : 0;
}

bool roster_has_room(const struct roster *roster)
{
    return roster->count < roster->capacity;
}

static struct roster_key *add_key(struct roster *roster, struct roster_key **link,
                                  struct sl_string key, uint64_t hash)
{
    if (!roster_has_room(roster))
        return NULL;
    struct roster_key *added = roster->host->allocate(sizeof *added + key.len);
    if (added == NULL)
        return NULL;
    *added = (struct roster_key){.hash = hash, .len = key.len};
    memcpy(added->text, key.data, key.len);
    *link = added;
    roster->count++;
    return added;
}

int roster_enter(struct roster *roster, struct sl_string key, uint64_t client,
                 struct roster_entry *entry)
{
    key = cut_key(key);
    uint64_t hash = hash_of(roster, key);
    struct roster_key **link = find_key(roster, key, hash);
    struct roster_key *found = *link != NULL ? *link : add_key(roster, link, key, hash);
    if (found == NULL)
        return -1;
    *entry = (struct roster_entry){.key = found, .before = found->last, .client = client};
    if (found->last != NULL)
        found->last->next = entry;
    else
        found->first = entry;
    found->last = entry;
    found->clients++;
    return 0;
}

static void remove_key(struct roster *roster, struct roster_key *key)
{
    struct roster_key **link = &roster->buckets[key->hash & (roster->bucket_count - 1)];
    while (*link != key)
        link = &(*link)->next;
    *link = key->next;
    roster->host->release(key);
    roster->count--;
}

void roster_leave(struct roster *roster, struct roster_entry *entry)
{
    struct roster_key *key = entry->key;
    if (key == NULL)
        return;
    if (entry->before != NULL)
        entry->before->next = entry->next;
    else
        key->first = entry->next;
    if (entry->next != NULL)
        entry->next->before = entry->before;
    else
        key->last = entry->before;
    *entry = (struct roster_entry){.key = NULL};
    if (--key->clients == 0)
        remove_key(roster, key);
}

uint64_t roster_evict(struct roster *roster, const struct roster_entry *entry, size_t most)
{
    if (roster_clients(entry) <= most)
        return 0;
    struct roster_entry *first = entry->key->first;
    uint64_t client = first->client;
    roster_leave(roster, first);
    return client;
}
