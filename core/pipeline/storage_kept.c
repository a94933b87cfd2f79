#include "pipeline/storage_kept.h"

#include "base/clock.h"
#include "pipeline/storage_changes.h"
#include "pipeline/storage_table.h"

#include <stdlib.h>
#include <string.h>

struct kept_table *kept_table_create(const char *endpoint, const char *instance,
                                     struct storage_table *table)
{
    struct kept_table *kept = calloc(1, sizeof *kept);
    if (kept == NULL)
        return NULL;
    kept->table = storage_table_ref(table);
    kept->endpoint = strdup(endpoint);
    kept->instance = instance != NULL ? strdup(instance) : NULL;
    if (kept->endpoint != NULL && (instance == NULL || kept->instance != NULL))
        return kept;
    kept_table_destroy(kept);
    return NULL;
}

void kept_table_destroy(struct kept_table *kept)
{
    if (kept == NULL)
        return;
    storage_table_unref(kept->table);
    free(kept->endpoint);
    free(kept->instance);
    free(kept);
}

bool kept_table_has_name(const struct kept_table *kept, const char *endpoint, const char *instance)
{
    return strcmp(kept->endpoint, endpoint) == 0 &&
           strcmp(kept->instance != NULL ? kept->instance : "", instance != NULL ? instance : "") ==
               0;
}

int64_t kept_table_time(int64_t over_at, int64_t shift)
{
    int64_t other;
    if (over_at == 0 || __builtin_add_overflow(over_at, shift, &other))
        return 0;
    return other > 0 ? other : 1; /* That clock stands before its beginning. */
}

struct loading {
    struct storage_table *table;
    int64_t shift; /* from the wall clock to the monotonic one */
};

static int load_entry(void *context, struct storage_bytes key, struct storage_bytes value,
                      int64_t over_at)
{
    const struct loading *loading = context;
    return storage_changes_load(loading->table, key, value,
                                kept_table_time(over_at, loading->shift));
}

int kept_table_load(struct kept_table *kept, struct storage_file *file, char *why)
{
    bool has_over = false;
    int64_t now = clock_wall();
    struct loading loading = {.table = kept->table, .shift = clock_monotonic() - now};
    const struct storage_file_load load = {.endpoint = kept->endpoint,
                                           .instance = kept->instance,
                                           .now = now,
                                           .visit = load_entry,
                                           .context = &loading};
    int error = storage_file_load(file, &load, &has_over, why);
    kept->over_until = has_over ? now : 0;
    return error;
}

/* -- writing -- */

int kept_table_delete_over(struct kept_table *kept, struct storage_file *file, char *why)
{
    if (kept->over_until == 0)
        return OK;
    int error = storage_file_begin(file, why);
    if (error == OK)
        error =
            storage_file_delete_over(file, kept->endpoint, kept->instance, kept->over_until, why);
    error = storage_file_end(file, error == OK, why);
    if (error == OK)
        kept->over_until = 0;
    return error;
}

static int write_change(const struct kept_table *kept, const struct storage_change *change,
                        int64_t shift, struct storage_file *file, char *why)
{
    if (change->deleted != NULL)
        return storage_file_delete(file, kept->number, change->key, why);
    return storage_file_set(file, kept->number, change->key, change->value,
                            kept_table_time(change->over_at, shift), why);
}

/* The table that a change belongs to, looked for from the one before. */
static struct kept_table *kept_of(struct kept_table *kept, const struct storage_table *table)
{
    while (kept->table != table)
        kept = kept->next;
    return kept;
}

/* A number that was given in a transaction that did not come about is nobody's. */
static void forget_numbers(struct kept_table *kept)
{
    for (; kept != NULL; kept = kept->next)
        kept->number = 0;
}

int kept_tables_write(struct kept_table *first, const struct storage_batch *batch,
                      struct storage_file *file, char *why)
{
    struct kept_table *kept = first;
    int64_t shift = clock_wall() - clock_monotonic();
    int error = storage_file_begin(file, why);
    for (size_t i = 0; i < batch->count && error == OK; i++) {
        kept = kept_of(kept, batch->changes[i].table);
        if (kept->number == 0)
            error = storage_file_table(file, kept->endpoint, kept->instance, &kept->number, why);
        if (error == OK)
            error = write_change(kept, &batch->changes[i], shift, file, why);
    }
    error = storage_file_end(file, error == OK, why);
    if (error != OK)
        forget_numbers(first);
    return error;
}
