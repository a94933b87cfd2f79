#include "client/ban_list.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_AT_FIRST 64
#define ENTRIES_AT_FIRST 16

/* A ban as the list keeps it: its texts take what they need. */
struct stored_ban {
    uint64_t id;
    int64_t since;
    int64_t until;
    bool is_address;
    struct sl_prefix address;
    uint16_t reason; /* where it begins in texts */
    uint16_t by;
    char texts[]; /* the identity, the reason, who asked; each zero-terminated */
};

/* -- one ban -- */

static struct stored_ban *store(const struct ban *ban)
{
    size_t identity = ban->is_address ? 1 : strlen(ban->identity) + 1;
    size_t reason = strlen(ban->reason) + 1;
    size_t by = strlen(ban->by) + 1;
    struct stored_ban *stored = malloc(sizeof *stored + identity + reason + by);
    if (stored == NULL)
        return NULL;
    *stored = (struct stored_ban){.id = ban->id,
                                  .since = ban->since,
                                  .until = ban->until,
                                  .is_address = ban->is_address,
                                  .address = ban->address,
                                  .reason = (uint16_t)identity,
                                  .by = (uint16_t)(identity + reason)};
    memcpy(stored->texts, ban->is_address ? "" : ban->identity, identity);
    memcpy(stored->texts + stored->reason, ban->reason, reason);
    memcpy(stored->texts + stored->by, ban->by, by);
    return stored;
}

static void unpack(const struct stored_ban *stored, struct ban *out)
{
    *out = (struct ban){.id = stored->id,
                        .since = stored->since,
                        .until = stored->until,
                        .is_address = stored->is_address,
                        .address = stored->address};
    memcpy(out->identity, stored->texts, strlen(stored->texts) + 1);
    memcpy(out->reason, stored->texts + stored->reason, strlen(stored->texts + stored->reason) + 1);
    memcpy(out->by, stored->texts + stored->by, strlen(stored->texts + stored->by) + 1);
}

/* What is looked for: an identity or a prefix, whichever is not NULL. */
struct ban_key {
    const char *identity;
    const struct sl_prefix *address;
};

static struct ban_key key_of(const struct ban *ban)
{
    return ban->is_address ? (struct ban_key){.address = &ban->address}
                           : (struct ban_key){.identity = ban->identity};
}

static struct ban_key key_of_stored(const struct stored_ban *stored)
{
    return stored->is_address ? (struct ban_key){.address = &stored->address}
                              : (struct ban_key){.identity = stored->texts};
}

static uint64_t hash_key(const struct ban_list *list, const struct ban_key *key)
{
    unsigned char prefix[sizeof key->address->bytes + 1];
    if (key->address == NULL)
        return siphash_1_3(&list->secret, key->identity, strlen(key->identity));
    memcpy(prefix, key->address->bytes, sizeof prefix - 1);
    prefix[sizeof prefix - 1] = key->address->length;
    return siphash_1_3(&list->secret, prefix, sizeof prefix);
}

static bool has_key(const struct stored_ban *stored, const struct ban_key *key)
{
    if (key->address == NULL)
        return !stored->is_address && strcmp(stored->texts, key->identity) == 0;
    return stored->is_address && stored->address.length == key->address->length &&
           memcmp(stored->address.bytes, key->address->bytes, sizeof key->address->bytes) == 0;
}

/* -- the table -- */

static size_t home_of(const struct ban_list *list, uint64_t hash)
{
    return (size_t)hash & (list->slot_count - 1);
}

static struct ban_slot *find_slot(const struct ban_list *list, const struct ban_key *key)
{
    uint64_t hash = hash_key(list, key);
    if (list->slot_count == 0)
        return NULL;
    for (size_t at = home_of(list, hash); list->slots[at].ban != NULL;
         at = (at + 1) & (list->slot_count - 1))
        if (list->slots[at].hash == hash && has_key(list->slots[at].ban, key))
            return &list->slots[at];
    return NULL;
}

static void fill_slot(struct ban_list *list, uint64_t hash, struct stored_ban *ban)
{
    size_t at = home_of(list, hash);
    while (list->slots[at].ban != NULL)
        at = (at + 1) & (list->slot_count - 1);
    list->slots[at] = (struct ban_slot){.hash = hash, .ban = ban};
}

/* Frees a slot and moves later ones of the same run into the gap, so that no search meets a hole
 * before its ban. */
static void free_slot(struct ban_list *list, size_t gap)
{
    size_t mask = list->slot_count - 1;
    for (size_t at = (gap + 1) & mask; list->slots[at].ban != NULL; at = (at + 1) & mask) {
        size_t home = home_of(list, list->slots[at].hash);
        if (((at - home) & mask) < ((at - gap) & mask))
            continue; /* Its home lies behind the gap. */
        list->slots[gap] = list->slots[at];
        gap = at;
    }
    list->slots[gap].ban = NULL;
}

/* Keeps the table at most half full. The larger one is filled while others still look into the
 * smaller one. */
static int reserve_slot(struct ban_list *list)
{
    struct ban_list larger = {.slot_count =
                                  list->slot_count == 0 ? SLOTS_AT_FIRST : list->slot_count * 2};
    if (((size_t)ban_list_count(list) + 1) * 2 <= list->slot_count)
        return OK;
    larger.slots = calloc(larger.slot_count, sizeof *larger.slots);
    if (larger.slots == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < list->slot_count; i++)
        if (list->slots[i].ban != NULL)
            fill_slot(&larger, list->slots[i].hash, list->slots[i].ban);
    struct ban_slot *before = list->slots;
    pthread_rwlock_wrlock(&list->lock);
    list->slots = larger.slots;
    list->slot_count = larger.slot_count;
    pthread_rwlock_unlock(&list->lock);
    free(before);
    return OK;
}

/* -- the order of ids -- */

/* The first entry whose id is `id` or larger. */
static size_t entry_from(const struct ban_list *list, uint64_t id)
{
    size_t low = 0, high = list->entry_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->entries[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Once most entries are of bans that are gone. */
static void close_gaps(struct ban_list *list)
{
    size_t kept = 0;
    if (list->entry_count < ENTRIES_AT_FIRST || ban_list_count(list) * 2 > list->entry_count)
        return;
    for (size_t i = 0; i < list->entry_count; i++)
        if (list->entries[i].ban != NULL)
            list->entries[kept++] = list->entries[i];
    list->entry_count = kept;
}

static int reserve_entry(struct ban_list *list)
{
    if (list->entry_count < list->entry_room)
        return OK;
    size_t room = list->entry_room == 0 ? ENTRIES_AT_FIRST : list->entry_room * 2;
    struct ban_entry *entries = realloc(list->entries, room * sizeof *entries);
    if (entries == NULL)
        return ERR_NO_MEMORY;
    list->entries = entries;
    list->entry_room = room;
    return OK;
}

/* There is room. New ids are the largest; those of a file may come in any order. */
static void insert_entry(struct ban_list *list, struct stored_ban *ban)
{
    size_t at = entry_from(list, ban->id);
    memmove(&list->entries[at + 1], &list->entries[at],
            (list->entry_count - at) * sizeof *list->entries);
    list->entries[at] = (struct ban_entry){.id = ban->id, .until = ban->until, .ban = ban};
    list->entry_count++;
}

static struct ban_entry *entry_of(const struct ban_list *list, uint64_t id)
{
    size_t at = entry_from(list, id);
    struct ban_entry *entry = at < list->entry_count ? &list->entries[at] : NULL;
    return entry != NULL && entry->id == id && entry->ban != NULL ? entry : NULL;
}

/* -- changes -- */

static void count_ban(struct ban_list *list, const struct stored_ban *ban, int by)
{
    if (ban->is_address)
        list->prefixes[ban->address.length] += (uint32_t)by;
    atomic_fetch_add_explicit(ban->is_address ? &list->addresses : &list->identities, (uint32_t)by,
                              memory_order_relaxed);
}

/* Takes it out of the table and the order, and frees it. */
static void drop_entry(struct ban_list *list, struct ban_entry *entry)
{
    struct stored_ban *ban = entry->ban;
    const struct ban_key key = key_of_stored(ban);
    const struct ban_slot *slot = find_slot(list, &key);
    pthread_rwlock_wrlock(&list->lock);
    free_slot(list, (size_t)(slot - list->slots));
    count_ban(list, ban, -1);
    pthread_rwlock_unlock(&list->lock);
    entry->ban = NULL;
    close_gaps(list);
    free(ban);
}

/* The id stays, and so does the place of both in all orders. */
static int replace_stored(struct ban_list *list, struct ban_slot *slot, struct ban *ban)
{
    struct stored_ban *before = slot->ban;
    ban->id = before->id;
    struct stored_ban *stored = store(ban);
    if (stored == NULL)
        return ERR_NO_MEMORY;
    struct ban_entry *entry = entry_of(list, before->id);
    entry->ban = stored;
    entry->until = ban->until;
    pthread_rwlock_wrlock(&list->lock);
    slot->ban = stored;
    pthread_rwlock_unlock(&list->lock);
    free(before);
    return OK;
}

static int add_stored(struct ban_list *list, struct ban *ban)
{
    if (ban_list_count(list) >= atomic_load_explicit(&list->max, memory_order_relaxed))
        return ERR_LIMIT;
    if (reserve_slot(list) != OK || reserve_entry(list) != OK)
        return ERR_NO_MEMORY;
    if (ban->id == 0 || entry_of(list, ban->id) != NULL)
        ban->id = list->last_id + 1;
    struct stored_ban *stored = store(ban);
    if (stored == NULL)
        return ERR_NO_MEMORY;
    if (ban->id > list->last_id)
        list->last_id = ban->id;
    insert_entry(list, stored);
    const struct ban_key key = key_of(ban);
    uint64_t hash = hash_key(list, &key);
    pthread_rwlock_wrlock(&list->lock);
    fill_slot(list, hash, stored);
    count_ban(list, stored, 1);
    pthread_rwlock_unlock(&list->lock);
    return OK;
}

int ban_list_put(struct ban_list *list, struct ban *ban)
{
    const struct ban_key key = key_of(ban);
    pthread_mutex_lock(&list->changes);
    struct ban_slot *slot = find_slot(list, &key);
    int error = slot != NULL ? replace_stored(list, slot, ban) : add_stored(list, ban);
    pthread_mutex_unlock(&list->changes);
    return error;
}

bool ban_list_remove(struct ban_list *list, uint64_t id, struct ban *ban)
{
    const struct ban_key key = key_of(ban);
    pthread_mutex_lock(&list->changes);
    const struct ban_slot *slot = id == 0 ? find_slot(list, &key) : NULL;
    if (slot != NULL)
        id = slot->ban->id;
    struct ban_entry *entry = entry_of(list, id);
    if (entry != NULL) {
        unpack(entry->ban, ban);
        drop_entry(list, entry);
    }
    pthread_mutex_unlock(&list->changes);
    return entry != NULL;
}

bool ban_list_take_ended(struct ban_list *list, int64_t now, struct ban_walk *walk, struct ban *out)
{
    struct ban_entry *ended = NULL;
    pthread_mutex_lock(&list->changes);
    for (size_t i = entry_from(list, walk->after + 1); i < list->entry_count && ended == NULL;
         i++) {
        struct ban_entry *entry = &list->entries[i];
        walk->after = entry->id;
        if (entry->ban != NULL && entry->until <= now)
            ended = entry;
        else if (entry->ban != NULL && entry->until < walk->next)
            walk->next = entry->until;
    }
    if (ended != NULL) {
        unpack(ended->ban, out);
        drop_entry(list, ended);
    }
    pthread_mutex_unlock(&list->changes);
    return ended != NULL;
}

size_t ban_list_copy(struct ban_list *list, uint64_t after, struct ban *out, size_t count)
{
    size_t copied = 0;
    pthread_mutex_lock(&list->changes);
    for (size_t i = after == UINT64_MAX ? list->entry_count : entry_from(list, after + 1);
         i < list->entry_count && copied < count; i++)
        if (list->entries[i].ban != NULL)
            unpack(list->entries[i].ban, &out[copied++]);
    pthread_mutex_unlock(&list->changes);
    return copied;
}

/* -- looking up -- */

/* With the lock. */
static bool is_banned(const struct ban_list *list, const struct ban_key *key, int64_t now)
{
    const struct ban_slot *slot = find_slot(list, key);
    return slot != NULL && slot->ban->until > now;
}

bool ban_list_has_address(struct ban_list *list, const uint8_t address[16], int64_t now)
{
    struct sl_prefix prefix;
    const struct ban_key key = {.address = &prefix};
    bool found = false;
    if (atomic_load_explicit(&list->addresses, memory_order_relaxed) == 0)
        return false;
    memcpy(prefix.bytes, address, sizeof prefix.bytes);
    pthread_rwlock_rdlock(&list->lock);
    for (int length = BAN_PREFIX_LENGTHS - 1; length >= 0 && !found; length--) {
        if (list->prefixes[length] == 0)
            continue;
        prefix.length = (unsigned char)length;
        sl_address_mask(prefix.bytes, prefix.length);
        found = is_banned(list, &key, now);
    }
    pthread_rwlock_unlock(&list->lock);
    return found;
}

bool ban_list_has_identity(struct ban_list *list, const char *identity, int64_t now)
{
    const struct ban_key key = {.identity = identity};
    if (atomic_load_explicit(&list->identities, memory_order_relaxed) == 0)
        return false;
    pthread_rwlock_rdlock(&list->lock);
    bool found = is_banned(list, &key, now);
    pthread_rwlock_unlock(&list->lock);
    return found;
}

/* -- life -- */

int ban_list_init(struct ban_list *list, uint32_t max)
{
    *list = (struct ban_list){.max = max};
    if (siphash_key_init(&list->secret) != OK)
        return ERR_SYSTEM;
    pthread_mutex_init(&list->changes, NULL);
    pthread_rwlock_init(&list->lock, NULL);
    return OK;
}

void ban_list_deinit(struct ban_list *list)
{
    for (size_t i = 0; i < list->entry_count; i++)
        free(list->entries[i].ban);
    free(list->entries);
    free(list->slots);
    pthread_rwlock_destroy(&list->lock);
    pthread_mutex_destroy(&list->changes);
}
