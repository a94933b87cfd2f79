/*
 * The host's functions of plugins' storage. Any thread.
 */
#ifndef SLUICE_HOST_HOST_STORAGE_H
#define SLUICE_HOST_HOST_STORAGE_H

#include <sluice/plugin.h>

int64_t host_storage_get(const struct sl_instance *self, enum sl_storage_scope scope,
                         struct sl_string key, void *value, size_t capacity);
int host_storage_set(const struct sl_instance *self, enum sl_storage_scope scope,
                     struct sl_string key, struct sl_string value, int64_t age);
int host_storage_replace(const struct sl_instance *self, enum sl_storage_scope scope,
                         struct sl_string key, const struct sl_string *expected,
                         const struct sl_string *value, int64_t age);
int host_storage_add(const struct sl_instance *self, enum sl_storage_scope scope,
                     struct sl_string key, int64_t amount, int64_t age, int64_t *sum);
int host_storage_delete(const struct sl_instance *self, enum sl_storage_scope scope,
                        struct sl_string key);
int host_storage_next(const struct sl_instance *self, enum sl_storage_scope scope,
                      struct sl_storage_cursor *cursor, struct sl_storage_entry *entry);

#endif
