#include "pipeline/storage.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "config/config.h"
#include "pipeline/storage_kept.h"
#include "pipeline/storage_table.h"
#include "pipeline/storage_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LAST_WRITE (10 * NS_PER_S) /* how long the end of a server may take */

int storage_init(struct storage *storage)
{
    return siphash_key_init(&storage->key);
}

static void apply_limits(const struct storage *storage, const struct named_table *named)
{
    storage_table_set_limits(named->table,
                             named->max_bytes > 0 ? named->max_bytes : storage->max_bytes,
                             named->max_entries > 0 ? named->max_entries : storage->max_entries);
}

static void set_own_limits(const struct storage *storage, struct named_table *named,
                           const struct storage_limits *limits)
{
    named->max_bytes = limits->max_bytes;
    named->max_entries = limits->max_entries;
    apply_limits(storage, named);
}

void storage_set_limits(struct storage *storage, size_t max_bytes, size_t max_entries)
{
    storage->max_bytes = max_bytes;
    storage->max_entries = max_entries;
    for (struct named_table *named = storage->first; named != NULL; named = named->next)
        apply_limits(storage, named);
}

void storage_configure(struct storage *storage, const struct config *config)
{
    storage_set_limits(storage, config->storage_max_bytes, config->storage_max_entries);
    if (storage->writer != NULL)
        storage_writer_set_interval(storage->writer, config->storage_sync);
}

int storage_open(struct storage *storage, const char *path, int64_t interval, char *why)
{
    return storage_writer_create(path, interval, &storage->writer, why);
}

int storage_start(struct storage *storage)
{
    return storage->writer != NULL ? storage_writer_start(storage->writer) : OK;
}

void storage_close(struct storage *storage)
{
    storage_writer_destroy(storage->writer, LAST_WRITE);
    storage->writer = NULL;
    for (struct named_table *named = storage->first; named != NULL; named = named->next)
        if (named->is_kept)
            named->kept = NULL; /* It was the writer's. */
}

static bool has_name(const struct named_table *named, const char *endpoint, const char *instance)
{
    if (strcmp(named->endpoint, endpoint) != 0)
        return false;
    if (instance == NULL || named->instance == NULL)
        return instance == named->instance;
    return strcmp(named->instance, instance) == 0;
}

static uint64_t hash_name(const struct storage *storage, const char *endpoint, const char *instance)
{
    uint64_t hash = siphash_1_3(&storage->key, endpoint, strlen(endpoint));
    return instance == NULL ? hash : hash ^ siphash_1_3(&storage->key, instance, strlen(instance));
}

static struct named_table *find_named(const struct storage *storage, const char *endpoint,
                                      const char *instance)
{
    struct hash_link *link =
        hash_table_first(&storage->names, hash_name(storage, endpoint, instance));
    while (link != NULL && !has_name((struct named_table *)link, endpoint, instance))
        link = hash_table_next(link);
    return (struct named_table *)link;
}

static void named_free(struct named_table *named)
{
    kept_table_destroy(named->kept);
    storage_table_unref(named->table);
    free(named->endpoint);
    free(named->instance);
    free(named);
}

static struct named_table *named_create(const struct storage *storage, const char *endpoint,
                                        const char *instance)
{
    struct named_table *named = calloc(1, sizeof *named);
    if (named == NULL)
        return NULL;
    named->table = storage_table_create(&storage->key);
    named->endpoint = strdup(endpoint);
    named->instance = instance != NULL ? strdup(instance) : NULL;
    if (named->table != NULL && named->endpoint != NULL &&
        (instance == NULL || named->instance != NULL))
        return named;
    named_free(named);
    return NULL;
}

/* What is over a limit that has become lower stays, as it does when a reload lowers it. */
static void warn_of_limits(const struct named_table *named)
{
    char message[512];
    struct event_values values = {
        .message = message,
        .texts = {
            [EVENT_FIELD_ENDPOINT] = named->endpoint, [EVENT_FIELD_INSTANCE] = named->instance}};
    struct storage_totals totals;
    storage_table_totals(named->table, &totals);
    if (totals.bytes <= totals.max_bytes && totals.entries <= totals.max_entries)
        return;
    snprintf(message, sizeof message,
             "the table of %.100s at %.100s has %zu entries (%zu bytes) in the file, more than its "
             "limits allow; all of them were loaded, and writes that need more are refused",
             named->instance != NULL ? named->instance : "the endpoint", named->endpoint,
             totals.entries, totals.bytes);
    event_set_number(&values, EVENT_FIELD_ENTRIES, totals.entries);
    event_log(EVENT_STORAGE_OVER_LIMIT, "storage", &values);
}

static int load_table(struct storage *storage, struct named_table *named)
{
    char why[STORAGE_FILE_TEXT] = "";
    if (storage->writer == NULL)
        return OK;
    int error = storage_writer_load(storage->writer, named->endpoint, named->instance, named->table,
                                    &named->kept, why);
    if (error == ERR_SYSTEM)
        log_error("storage", "cannot load the table of %s at %s: %s",
                  named->instance != NULL ? named->instance : "the endpoint", named->endpoint, why);
    if (error == OK)
        warn_of_limits(named);
    return error;
}

/* There is room for it. */
static void put_on_list(struct storage *storage, struct named_table *named)
{
    hash_table_add(&storage->names, &named->link,
                   hash_name(storage, named->endpoint, named->instance));
    named->is_listed = true;
    named->next = storage->first;
    if (storage->first != NULL)
        storage->first->previous = named;
    storage->first = named;
}

int storage_take(struct storage *storage, const char *endpoint, const char *instance,
                 const struct storage_limits *limits, struct named_table **out)
{
    struct named_table *named = find_named(storage, endpoint, instance);
    if (named == NULL) {
        named = named_create(storage, endpoint, instance);
        if (named == NULL)
            return ERR_NO_MEMORY;
        set_own_limits(storage, named, limits);
        int error = load_table(storage, named);
        if (error == OK)
            error = hash_table_reserve(&storage->names);
        if (error != OK) {
            named_free(named);
            return error;
        }
        put_on_list(storage, named);
    }
    named->references++;
    *out = named;
    return OK;
}

/* From now on the name does not lead to it. */
static void take_off_list(struct storage *storage, struct named_table *named)
{
    if (!named->is_listed)
        return;
    named->is_listed = false;
    hash_table_remove(&storage->names, &named->link);
    if (named->previous != NULL)
        named->previous->next = named->next;
    else
        storage->first = named->next;
    if (named->next != NULL)
        named->next->previous = named->previous;
    if (storage->first == NULL)
        hash_table_deinit(&storage->names, NULL);
}

void storage_give_back(struct storage *storage, struct named_table *named)
{
    if (named == NULL || --named->references > 0)
        return;
    take_off_list(storage, named);
    named_free(named);
}

void storage_keep_begin(struct storage *storage)
{
    for (struct named_table *named = storage->first; named != NULL; named = named->next)
        named->is_wanted = false;
}

void storage_keep(struct storage *storage, const char *endpoint, const char *instance,
                  const struct storage_limits *limits)
{
    struct named_table *named = find_named(storage, endpoint, instance);
    if (named == NULL)
        return;
    named->is_wanted = true;
    set_own_limits(storage, named, limits);
    if (named->is_kept)
        return;
    named->references++;
    named->is_kept = true;
    if (named->kept != NULL)
        storage_writer_attach(storage->writer, named->kept);
}

void storage_keep_end(struct storage *storage)
{
    struct named_table *next;
    for (struct named_table *named = storage->first; named != NULL; named = next) {
        next = named->next;
        if (named->is_wanted)
            continue;
        take_off_list(storage, named);
        if (!named->is_kept)
            continue;
        if (named->kept != NULL)
            storage_writer_drop(storage->writer, named->kept);
        named->kept = NULL;
        storage_give_back(storage, named);
    }
}
