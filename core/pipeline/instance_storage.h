/*
 * What an instance does to the tables of its name and of its endpoint: the storage functions of
 * struct sl_host, behind the server's host and the test runner's. See there for what they return.
 *
 * Any thread, as long as the instance is there. Whatever a plugin hands over is checked.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_STORAGE_H
#define SLUICE_PIPELINE_INSTANCE_STORAGE_H

#include "pipeline/storage_table.h"

struct instance;

/* Whose call it is, and of which table. */
struct storage_call {
    const struct instance *instance;
    enum sl_storage_scope scope;
    storage_clock *clock;
    bool is_dry; /* nothing is changed, and writes succeed */
};

int64_t instance_storage_get(const struct storage_call *call, struct sl_string key, void *value,
                             size_t capacity);
int instance_storage_set(const struct storage_call *call, struct sl_string key,
                         struct sl_string value, int64_t age);
int instance_storage_replace(const struct storage_call *call, struct sl_string key,
                             const struct sl_string *expected, const struct sl_string *value,
                             int64_t age);
int instance_storage_add(const struct storage_call *call, struct sl_string key, int64_t amount,
                         int64_t age, int64_t *sum);
int instance_storage_delete(const struct storage_call *call, struct sl_string key);
int instance_storage_next(const struct storage_call *call, struct sl_storage_cursor *cursor,
                          struct sl_storage_entry *entry);

#endif
