#include "pipeline/instance_storage.h"

#include "pipeline/instance.h"
#include "pipeline/storage.h"

#include <string.h>

/* The table of a call, or NULL if it is of none. */
static struct storage_table *table_of(const struct storage_call *call)
{
    switch (call->scope) {
    case SL_STORAGE_INSTANCE:
        return call->instance->own_table->table;
    case SL_STORAGE_ENDPOINT:
        return call->instance->endpoint_table->table;
    default:
        return NULL;
    }
}

/* The same if the key is one. */
static struct storage_table *table_for(const struct storage_call *call, struct sl_string key)
{
    bool is_key = key.data != NULL && key.len > 0 && key.len <= SL_STORAGE_KEY_MAX;
    return is_key ? table_of(call) : NULL;
}

static bool is_value(const struct sl_string *value)
{
    return value->len <= SL_STORAGE_VALUE_MAX && (value->len == 0 || value->data != NULL);
}

static struct storage_bytes bytes_of(struct sl_string string)
{
    return (struct storage_bytes){.data = string.data, .len = string.len};
}

int64_t instance_storage_get(const struct storage_call *call, struct sl_string key, void *value,
                             size_t capacity)
{
    struct storage_table *table = table_for(call, key);
    if (table == NULL || (value == NULL && capacity > 0))
        return SL_STORAGE_FAILED;
    return storage_table_get(table, bytes_of(key), value, capacity, call->clock);
}

int instance_storage_set(const struct storage_call *call, struct sl_string key,
                         struct sl_string value, int64_t age)
{
    struct storage_table *table = table_for(call, key);
    if (table == NULL || !is_value(&value) || age < 0)
        return SL_STORAGE_FAILED;
    if (call->is_dry)
        return 0;
    return storage_table_set(table, bytes_of(key), bytes_of(value), age, NULL, call->clock);
}

int instance_storage_replace(const struct storage_call *call, struct sl_string key,
                             const struct sl_string *expected, const struct sl_string *value,
                             int64_t age)
{
    struct storage_table *table = table_for(call, key);
    struct storage_condition condition = {.is_there = expected != NULL};
    if (table == NULL || age < 0 || (expected != NULL && !is_value(expected)) ||
        (value != NULL && !is_value(value)))
        return SL_STORAGE_FAILED;
    if (call->is_dry)
        return 0;
    if (expected != NULL)
        condition.value = bytes_of(*expected);
    if (value != NULL)
        return storage_table_set(table, bytes_of(key), bytes_of(*value), age, &condition,
                                 call->clock);
    int result = storage_table_delete(table, bytes_of(key), &condition, call->clock);
    if (result == SL_STORAGE_NONE) /* which may be what was expected */
        result = expected == NULL ? 0 : SL_STORAGE_DIFFERS;
    return result;
}

/* What a counter would be. */
static int add_dry(const struct storage_call *call, struct storage_table *table,
                   struct sl_string key, int64_t amount, int64_t *sum)
{
    int64_t value = 0;
    int64_t len = storage_table_get(table, bytes_of(key), &value, sizeof value, call->clock);
    if (len != SL_STORAGE_NONE && len != sizeof value)
        return SL_STORAGE_DIFFERS;
    if (__builtin_add_overflow(value, amount, sum))
        *sum = amount < 0 ? INT64_MIN : INT64_MAX;
    return 0;
}

int instance_storage_add(const struct storage_call *call, struct sl_string key, int64_t amount,
                         int64_t age, int64_t *sum)
{
    struct storage_table *table = table_for(call, key);
    int64_t unwanted;
    if (table == NULL || age < 0)
        return SL_STORAGE_FAILED;
    if (sum == NULL)
        sum = &unwanted;
    if (call->is_dry)
        return add_dry(call, table, key, amount, sum);
    return storage_table_add(table, bytes_of(key), amount, age, sum, call->clock);
}

int instance_storage_delete(const struct storage_call *call, struct sl_string key)
{
    struct storage_table *table = table_for(call, key);
    if (table == NULL)
        return SL_STORAGE_FAILED;
    if (call->is_dry)
        return 0;
    return storage_table_delete(table, bytes_of(key), NULL, call->clock);
}

int instance_storage_next(const struct storage_call *call, struct sl_storage_cursor *cursor,
                          struct sl_storage_entry *entry)
{
    struct storage_table *table = table_of(call);
    if (table == NULL || entry->struct_size < sizeof *entry ||
        (entry->value == NULL && entry->capacity > 0))
        return SL_STORAGE_FAILED;
    return storage_table_next(table, cursor, entry, call->clock);
}
