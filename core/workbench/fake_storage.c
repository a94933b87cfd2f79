/*
 * Storage tables, which are the server's own: mistakes to which the server only answers with a
 * negative number are failures, and what takes memory may fail.
 */
#include "workbench/fake_internal.h"

#include "pipeline/instance_storage.h"
#include "pipeline/pipeline.h"

static int64_t read_clock(void)
{
    return fake.now;
}

static void check_scope(enum sl_storage_scope scope, const char *function)
{
    if (scope != SL_STORAGE_INSTANCE && scope != SL_STORAGE_ENDPOINT)
        fake_fail("host->%s was given the scope %d; it is SL_STORAGE_INSTANCE or "
                  "SL_STORAGE_ENDPOINT",
                  function, (int)scope);
}

static struct storage_call call_of(const struct sl_instance *self, enum sl_storage_scope scope,
                                   const char *function)
{
    check_scope(scope, function);
    return (struct storage_call){
        .instance = (const struct instance *)self, .scope = scope, .clock = read_clock};
}

static struct storage_call write_of(const struct sl_instance *self, enum sl_storage_scope scope,
                                    int64_t age, const char *function)
{
    struct storage_call call = call_of(self, scope, function);
    call.is_dry = scope == SL_STORAGE_ENDPOINT && fake_is_watching();
    if (age < 0)
        fake_fail("host->%s was given a negative age; 0 is for ever", function);
    return call;
}

static int64_t storage_get(const struct sl_instance *self, enum sl_storage_scope scope,
                           struct sl_string key, void *value, size_t capacity)
{
    struct storage_call call = call_of(self, scope, "storage_get");
    return instance_storage_get(&call, key, value, capacity);
}

static int storage_set(const struct sl_instance *self, enum sl_storage_scope scope,
                       struct sl_string key, struct sl_string value, int64_t age)
{
    struct storage_call call = write_of(self, scope, age, "storage_set");
    if (fake_allocation_is_to_fail())
        return SL_STORAGE_FAILED;
    return instance_storage_set(&call, key, value, age);
}

static int storage_replace(const struct sl_instance *self, enum sl_storage_scope scope,
                           struct sl_string key, const struct sl_string *expected,
                           const struct sl_string *value, int64_t age)
{
    struct storage_call call = write_of(self, scope, age, "storage_replace");
    if (value != NULL && fake_allocation_is_to_fail())
        return SL_STORAGE_FAILED;
    return instance_storage_replace(&call, key, expected, value, age);
}

static int storage_add(const struct sl_instance *self, enum sl_storage_scope scope,
                       struct sl_string key, int64_t amount, int64_t age, int64_t *sum)
{
    struct storage_call call = write_of(self, scope, age, "storage_add");
    if (fake_allocation_is_to_fail())
        return SL_STORAGE_FAILED;
    return instance_storage_add(&call, key, amount, age, sum);
}

static int storage_delete(const struct sl_instance *self, enum sl_storage_scope scope,
                          struct sl_string key)
{
    struct storage_call call = write_of(self, scope, 0, "storage_delete");
    return instance_storage_delete(&call, key);
}

static int storage_next(const struct sl_instance *self, enum sl_storage_scope scope,
                        struct sl_storage_cursor *cursor, struct sl_storage_entry *entry)
{
    struct storage_call call = call_of(self, scope, "storage_next");
    if (entry->struct_size < sizeof *entry)
        fake_fail("host->storage_next was given an entry without its struct_size");
    return instance_storage_next(&call, cursor, entry);
}

size_t fake_stored_bytes(void)
{
    size_t sum = 0;
    struct storage_totals totals;
    for (const struct named_table *at = fake_pipeline()->storage.first; at != NULL; at = at->next) {
        storage_table_totals(at->table, &totals);
        sum += totals.bytes;
    }
    return sum;
}

void fake_storage_provide(struct sl_host *host)
{
    host->storage_get = storage_get;
    host->storage_set = storage_set;
    host->storage_replace = storage_replace;
    host->storage_add = storage_add;
    host->storage_delete = storage_delete;
    host->storage_next = storage_next;
}
