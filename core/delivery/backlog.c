#include "delivery/backlog.h"

#include <string.h>

/* Bytes, with everything. Each block is twice as large as the one before it, while that is used. */
#define BLOCK_MIN 4096u
#define BLOCK_MAX (64u * 1024)

/* A larger batch has a block of its own, so that not much of a block is left empty. */
#define BATCH_ALONE (16u * 1024)

static bool has_room(const struct shared_bytes *block, size_t len)
{
    return block != NULL && len <= block->capacity - block->len;
}

static size_t capacity_for(const struct shared_bytes *previous, size_t len)
{
    size_t overhead = sizeof(struct shared_bytes) + 8;
    size_t whole = previous != NULL ? 2 * (previous->capacity + overhead) : BLOCK_MIN;
    if (whole > BLOCK_MAX)
        whole = BLOCK_MAX;
    return len > BATCH_ALONE || len > whole - overhead ? len : whole - overhead;
}

static int begin_block(struct backlog *backlog, size_t len, struct memory_account *account)
{
    struct shared_bytes *previous = backlog->block;
    struct shared_bytes *block =
        shared_bytes_create_with_room(NULL, 0, capacity_for(previous, len), account);
    if (block == NULL)
        return ERR_NO_MEMORY;
    if (previous != NULL)
        previous->watcher = NULL;
    block->watcher = &backlog->block;
    backlog->block = block;
    return OK;
}

int backlog_add_batch(struct backlog *backlog, struct backlog_place *place,
                      const struct buffer *batch, struct memory_account *account)
{
    if (place->block != NULL)
        return OK;
    if (has_room(backlog->block, batch->len))
        shared_bytes_ref(backlog->block);
    else if (begin_block(backlog, batch->len, account) != OK)
        return ERR_NO_MEMORY;
    struct shared_bytes *block = backlog->block;
    *place = (struct backlog_place){.block = block, .base = block->len};
    memcpy(block->data + block->len, batch->data, batch->len);
    block->len += batch->len;
    return OK;
}

void backlog_end_batch(struct backlog_place *place)
{
    shared_bytes_unref(place->block);
    place->block = NULL;
}
