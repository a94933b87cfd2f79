#include "host/host_storage.h"

#include "host/host_internal.h"
#include "pipeline/instance_storage.h"

static struct storage_call call_of(const struct sl_instance *self, enum sl_storage_scope scope)
{
    return (struct storage_call){
        .instance = instance_of(self), .scope = scope, .clock = host_time_monotonic};
}

/* What an instance in shadow mode writes is its own alone. */
static struct storage_call write_of(const struct sl_instance *self, enum sl_storage_scope scope)
{
    struct storage_call call = call_of(self, scope);
    call.is_dry = scope == SL_STORAGE_ENDPOINT && host_is_watching(self);
    return call;
}

int64_t host_storage_get(const struct sl_instance *self, enum sl_storage_scope scope,
                         struct sl_string key, void *value, size_t capacity)
{
    struct storage_call call = call_of(self, scope);
    return instance_storage_get(&call, key, value, capacity);
}

int host_storage_set(const struct sl_instance *self, enum sl_storage_scope scope,
                     struct sl_string key, struct sl_string value, int64_t age)
{
    struct storage_call call = write_of(self, scope);
    return instance_storage_set(&call, key, value, age);
}

int host_storage_replace(const struct sl_instance *self, enum sl_storage_scope scope,
                         struct sl_string key, const struct sl_string *expected,
                         const struct sl_string *value, int64_t age)
{
    struct storage_call call = write_of(self, scope);
    return instance_storage_replace(&call, key, expected, value, age);
}

int host_storage_add(const struct sl_instance *self, enum sl_storage_scope scope,
                     struct sl_string key, int64_t amount, int64_t age, int64_t *sum)
{
    struct storage_call call = write_of(self, scope);
    return instance_storage_add(&call, key, amount, age, sum);
}

int host_storage_delete(const struct sl_instance *self, enum sl_storage_scope scope,
                        struct sl_string key)
{
    struct storage_call call = write_of(self, scope);
    return instance_storage_delete(&call, key);
}

int host_storage_next(const struct sl_instance *self, enum sl_storage_scope scope,
                      struct sl_storage_cursor *cursor, struct sl_storage_entry *entry)
{
    struct storage_call call = call_of(self, scope);
    return instance_storage_next(&call, cursor, entry);
}
