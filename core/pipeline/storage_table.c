#include "pipeline/storage_table.h"

#include "pipeline/storage_table_internal.h"

#include <stdlib.h>
#include <string.h>

#define SWEEP_WITH_WRITE 4  /* entries that are over and go with each write to their shard */
#define SWEEP_WHEN_FULL 128 /* the same of each shard when the table is full */
#define LOOKS_AT_A_TIME 64  /* at buckets and entries, by a cursor, with a shard's lock held */

/* -- life -- */

struct storage_table *storage_table_create(const struct siphash_key *key)
{
    struct storage_table *table = aligned_alloc(_Alignof(struct storage_table), sizeof *table);
    if (table == NULL)
        return NULL;
    memset(table, 0, sizeof *table);
    table->key = *key;
    atomic_init(&table->references, 1);
    for (unsigned i = 0; i < STORAGE_SHARDS; i++)
        pthread_mutex_init(&table->shards[i].lock, NULL);
    return table;
}

struct storage_table *storage_table_ref(struct storage_table *table)
{
    atomic_fetch_add_explicit(&table->references, 1, memory_order_relaxed);
    return table;
}

void storage_table_unref(struct storage_table *table)
{
    if (table == NULL || atomic_fetch_sub_explicit(&table->references, 1, memory_order_acq_rel) > 1)
        return;
    for (unsigned i = 0; i < STORAGE_SHARDS; i++) {
        storage_shard_deinit(&table->shards[i].shard);
        pthread_mutex_destroy(&table->shards[i].lock);
    }
    free(table);
}

void storage_table_set_limits(struct storage_table *table, size_t bytes, size_t entries)
{
    atomic_store_explicit(&table->max_bytes, bytes, memory_order_relaxed);
    atomic_store_explicit(&table->max_entries, entries, memory_order_relaxed);
}

void storage_table_totals(const struct storage_table *table, struct storage_totals *out)
{
    *out = (struct storage_totals){
        .bytes = atomic_load_explicit(&table->bytes, memory_order_relaxed),
        .entries = atomic_load_explicit(&table->entries, memory_order_relaxed),
        .max_bytes = atomic_load_explicit(&table->max_bytes, memory_order_relaxed),
        .max_entries = atomic_load_explicit(&table->max_entries, memory_order_relaxed),
        .refused = atomic_load_explicit(&table->refused, memory_order_relaxed),
        .expired = atomic_load_explicit(&table->expired, memory_order_relaxed)};
}

/* -- one access: a key's shard, locked, and what is to be freed when it is not any more -- */

struct access {
    struct storage_table *table;
    struct locked_shard *locked;
    struct storage_bytes key;
    uint64_t hash;
    storage_clock *clock;
    struct hash_link *garbage;
};

static void access_begin(struct access *access, struct storage_table *table,
                         struct storage_bytes key, storage_clock *clock)
{
    uint64_t hash = siphash_1_3(&table->key, key.data, key.len);
    *access = (struct access){.table = table,
                              .locked = storage_table_shard(table, hash),
                              .key = key,
                              .hash = hash,
                              .clock = clock};
    pthread_mutex_lock(&access->locked->lock);
}

static void access_end(struct access *access)
{
    pthread_mutex_unlock(&access->locked->lock);
    while (access->garbage != NULL) {
        struct hash_link *link = access->garbage;
        access->garbage = link->next;
        free(link); /* The entry's first member. */
    }
}

static bool is_over(const struct storage_entry *entry, storage_clock *clock)
{
    return entry->over_at != 0 && clock() >= entry->over_at;
}

static struct storage_entry *find_live(const struct access *access)
{
    struct storage_entry *entry =
        storage_shard_find(&access->locked->shard, access->key, access->hash);
    return entry != NULL && !is_over(entry, access->clock) ? entry : NULL;
}

static void uncharge(struct storage_table *table, size_t bytes, size_t entries)
{
    atomic_fetch_sub_explicit(&table->bytes, bytes, memory_order_relaxed);
    atomic_fetch_sub_explicit(&table->entries, entries, memory_order_relaxed);
}

/* Takes an entry out, so that it is freed when the access ends. */
static void take_out(struct access *access, struct storage_entry *entry)
{
    storage_shard_remove(&access->locked->shard, entry);
    entry->link.next = access->garbage;
    access->garbage = &entry->link;
}

static size_t cost_of(const struct storage_entry *entry)
{
    return storage_entry_cost(entry->key_len, entry->value_len);
}

/* Removes an entry for good, which the file has to do, too, if it has it. */
static void discard(struct access *access, struct storage_entry *entry)
{
    struct storage_shard *shard = &access->locked->shard;
    uncharge(access->table, cost_of(entry), 1);
    if (!shard->is_tracked || entry->stored == STORED_NOT) {
        take_out(access, entry);
        return;
    }
    storage_shard_remove(shard, entry);
    storage_shard_put_deleted(shard, entry);
}

/* Discards up to `most` entries that are over. Returns how many there were. */
static unsigned sweep_shard(struct access *access, unsigned most)
{
    unsigned count = 0;
    struct storage_entry *oldest = storage_shard_oldest(&access->locked->shard);
    while (oldest != NULL && count < most && is_over(oldest, access->clock)) {
        discard(access, oldest);
        count++;
        oldest = storage_shard_oldest(&access->locked->shard);
    }
    if (count > 0)
        atomic_fetch_add_explicit(&access->table->expired, count, memory_order_relaxed);
    return count;
}

bool storage_table_sweep(struct storage_table *table, storage_clock *clock)
{
    unsigned count = 0;
    for (unsigned i = 0; i < STORAGE_SHARDS; i++) {
        struct access access = {.table = table, .locked = &table->shards[i], .clock = clock};
        pthread_mutex_lock(&access.locked->lock);
        count += sweep_shard(&access, SWEEP_WHEN_FULL);
        access_end(&access);
    }
    return count > 0;
}

/* -- reading -- */

/* Copies a value if it fits. */
static size_t copy_value(struct storage_entry *entry, void *value, size_t capacity)
{
    if (entry->value_len > 0 && entry->value_len <= capacity)
        memcpy(value, storage_entry_value(entry), entry->value_len);
    return entry->value_len;
}

int64_t storage_table_get(struct storage_table *table, struct storage_bytes key, void *value,
                          size_t capacity, storage_clock *clock)
{
    struct access access;
    access_begin(&access, table, key, clock);
    struct storage_entry *entry = find_live(&access);
    int64_t result = entry != NULL ? (int64_t)copy_value(entry, value, capacity) : SL_STORAGE_NONE;
    access_end(&access);
    return result;
}

static void fill_entry(struct storage_entry *entry, struct sl_storage_entry *out,
                       storage_clock *clock)
{
    out->key_len = entry->key_len;
    memcpy(out->key, entry->bytes, entry->key_len);
    out->len = copy_value(entry, out->value, out->capacity);
    int64_t left = entry->over_at - clock();
    if (entry->over_at == 0)
        out->age = 0;
    else
        out->age = left > 0 ? left : 1; /* Its time may be up since it was found. */
}

/* Looks for the next entry for a short time, and discards those on the way that are over. */
static bool next_of_shard(struct access *access, struct storage_position *position,
                          struct sl_storage_entry *out)
{
    struct storage_shard *shard = &access->locked->shard;
    struct storage_entry *entry;
    unsigned looks = LOOKS_AT_A_TIME, count = 0;
    pthread_mutex_lock(&access->locked->lock);
    while ((entry = storage_shard_next(shard, position, &looks)) != NULL &&
           is_over(entry, access->clock)) {
        discard(access, entry);
        position->among--;
        count++;
    }
    if (entry != NULL)
        fill_entry(entry, out, access->clock);
    access_end(access);
    if (count > 0)
        atomic_fetch_add_explicit(&access->table->expired, count, memory_order_relaxed);
    return entry != NULL;
}

int storage_table_next(struct storage_table *table, struct sl_storage_cursor *cursor,
                       struct sl_storage_entry *entry, storage_clock *clock)
{
    for (; cursor->part < STORAGE_SHARDS; cursor->part++) {
        struct storage_position position = {.at = cursor->position, .among = cursor->among};
        struct access access = {
            .table = table, .locked = &table->shards[cursor->part], .clock = clock};
        bool is_found = false;
        while (!is_found && !position.is_end)
            is_found = next_of_shard(&access, &position, entry);
        cursor->position = is_found ? position.at : 0;
        cursor->among = is_found ? position.among : 0;
        if (is_found)
            return 0;
    }
    return SL_STORAGE_NONE;
}

/* -- writing -- */

/* Adds unless that makes more than there may be. */
static bool add_within(_Atomic size_t *sum, size_t amount, const _Atomic size_t *most)
{
    size_t before = atomic_load_explicit(sum, memory_order_relaxed);
    do {
        if (before + amount > atomic_load_explicit(most, memory_order_relaxed))
            return false;
    } while (!atomic_compare_exchange_weak_explicit(sum, &before, before + amount,
                                                    memory_order_relaxed, memory_order_relaxed));
    return true;
}

static bool charge(struct storage_table *table, size_t bytes, size_t entries)
{
    if (!add_within(&table->bytes, bytes, &table->max_bytes))
        return false;
    if (entries == 0 || add_within(&table->entries, entries, &table->max_entries))
        return true;
    uncharge(table, bytes, 0);
    return false;
}

/* Puts an entry in the place of `old` (NULL: of none). Takes `fresh` if it returns 0. What is there
 * may become smaller however full the table is. */
static int put(struct access *access, struct storage_entry *old, struct storage_entry *fresh)
{
    struct storage_shard *shard = &access->locked->shard;
    size_t before = old != NULL ? cost_of(old) : 0;
    size_t after = cost_of(fresh);
    if (storage_shard_reserve(shard) != OK)
        return SL_STORAGE_FAILED;
    if (after > before && !charge(access->table, after - before, old == NULL))
        return SL_STORAGE_FULL;
    if (after < before)
        uncharge(access->table, before - after, 0);
    if (old != NULL) {
        storage_shard_hand_over(shard, old, fresh);
        take_out(access, old);
    }
    storage_shard_add(shard, fresh, access->hash);
    return 0;
}

static bool meets(const struct storage_condition *condition, struct storage_entry *entry)
{
    if (condition == NULL)
        return true;
    if (entry == NULL || !condition->is_there)
        return (entry != NULL) == condition->is_there;
    return entry->value_len == condition->value.len &&
           (entry->value_len == 0 ||
            memcmp(storage_entry_value(entry), condition->value.data, entry->value_len) == 0);
}

/* An entry of that key, which is over, makes room. */
static void begin_write(struct access *access)
{
    sweep_shard(access, SWEEP_WITH_WRITE);
    struct storage_entry *entry =
        storage_shard_find(&access->locked->shard, access->key, access->hash);
    if (entry != NULL && is_over(entry, access->clock)) {
        discard(access, entry);
        atomic_fetch_add_explicit(&access->table->expired, 1, memory_order_relaxed);
    }
}

static struct storage_entry *make_entry(struct storage_bytes key, struct storage_bytes value,
                                        int64_t age, storage_clock *clock)
{
    struct storage_entry *entry = storage_entry_create(key, value);
    int64_t now = age > 0 ? clock() : 0;
    if (entry != NULL && age > 0 && age < INT64_MAX - now)
        entry->over_at = now + age;
    return entry;
}

static int set_once(struct storage_table *table, struct storage_entry *fresh,
                    struct storage_bytes key, const struct storage_condition *condition,
                    storage_clock *clock)
{
    struct access access;
    access_begin(&access, table, key, clock);
    begin_write(&access);
    struct storage_entry *old = storage_shard_find(&access.locked->shard, key, access.hash);
    int result = meets(condition, old) ? put(&access, old, fresh) : SL_STORAGE_DIFFERS;
    access_end(&access);
    return result;
}

int storage_table_set(struct storage_table *table, struct storage_bytes key,
                      struct storage_bytes value, int64_t age,
                      const struct storage_condition *condition, storage_clock *clock)
{
    struct storage_entry *fresh = make_entry(key, value, age, clock);
    if (fresh == NULL)
        return SL_STORAGE_FAILED;
    int result = set_once(table, fresh, key, condition, clock);
    if (result == SL_STORAGE_FULL && storage_table_sweep(table, clock))
        result = set_once(table, fresh, key, condition, clock);
    if (result == SL_STORAGE_FULL)
        atomic_fetch_add_explicit(&table->refused, 1, memory_order_relaxed);
    if (result != 0)
        free(fresh);
    return result;
}

/* Adds to a counter that is there. SL_STORAGE_NONE: it is not. */
static int add_to_present(struct access *access, int64_t amount, int64_t *sum)
{
    struct storage_entry *entry = find_live(access);
    if (entry == NULL)
        return SL_STORAGE_NONE;
    if (entry->value_len != sizeof amount)
        return SL_STORAGE_DIFFERS;
    int64_t value;
    memcpy(&value, storage_entry_value(entry), sizeof value);
    if (__builtin_add_overflow(value, amount, &value))
        value = amount < 0 ? INT64_MIN : INT64_MAX;
    memcpy(storage_entry_value(entry), &value, sizeof value);
    storage_shard_note(&access->locked->shard, entry);
    *sum = value;
    return 0;
}

int storage_table_add(struct storage_table *table, struct storage_bytes key, int64_t amount,
                      int64_t age, int64_t *sum, storage_clock *clock)
{
    static const struct storage_condition absent = {.is_there = false};
    int result;
    do { /* Somebody else may make it, or remove it, in between. */
        struct access access;
        access_begin(&access, table, key, clock);
        result = add_to_present(&access, amount, sum);
        access_end(&access);
        if (result != SL_STORAGE_NONE)
            return result;
        *sum = amount;
        result = storage_table_set(table, key, (struct storage_bytes){&amount, sizeof amount}, age,
                                   &absent, clock);
    } while (result == SL_STORAGE_DIFFERS);
    return result;
}

int storage_table_delete(struct storage_table *table, struct storage_bytes key,
                         const struct storage_condition *condition, storage_clock *clock)
{
    struct access access;
    access_begin(&access, table, key, clock);
    begin_write(&access);
    struct storage_entry *entry = storage_shard_find(&access.locked->shard, key, access.hash);
    int result = 0;
    if (entry == NULL)
        result = SL_STORAGE_NONE;
    else if (!meets(condition, entry))
        result = SL_STORAGE_DIFFERS;
    else
        discard(&access, entry);
    access_end(&access);
    return result;
}
