#include "delivery/shared_bytes.h"

#include <stdlib.h>
#include <string.h>

struct shared_bytes *shared_bytes_create(const void *data, size_t len,
                                         struct memory_account *account)
{
    return shared_bytes_create_with_room(data, len, len, account);
}

struct shared_bytes *shared_bytes_create_with_room(const void *data, size_t len, size_t capacity,
                                                   struct memory_account *account)
{
    struct shared_bytes *bytes = malloc(sizeof *bytes + capacity);
    if (bytes == NULL)
        return NULL;
    atomic_init(&bytes->references, 1);
    bytes->is_private = false;
    bytes->watcher = NULL;
    bytes->account = account;
    bytes->len = len;
    bytes->capacity = capacity;
    if (len > 0)
        memcpy(bytes->data, data, len);
    memory_account_add(account, shared_bytes_cost(bytes));
    return bytes;
}

struct shared_bytes *shared_bytes_ref(struct shared_bytes *bytes)
{
    atomic_fetch_add_explicit(&bytes->references, 1, memory_order_relaxed);
    return bytes;
}

void shared_bytes_unref(struct shared_bytes *bytes)
{
    if (bytes == NULL ||
        atomic_fetch_sub_explicit(&bytes->references, 1, memory_order_acq_rel) != 1)
        return;
    if (bytes->watcher != NULL)
        *bytes->watcher = NULL;
    memory_account_sub(bytes->account, shared_bytes_cost(bytes));
    free(bytes);
}
