#include "arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_MIN ((size_t)4096)
#define ALIGNMENT alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t size; /* bytes of data */
    size_t used;
    alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t max, void *(*allocate)(size_t), void (*release)(void *))
{
    *arena = (struct arena){.max = max, .allocate = allocate, .release = release};
}

void arena_deinit(struct arena *arena)
{
    struct arena_block *block = arena->first;
    while (block != NULL) {
        struct arena_block *next = block->next;
        arena->release(block);
        block = next;
    }
    arena_init(arena, arena->max, arena->allocate, arena->release);
}

void arena_reset(struct arena *arena)
{
    arena->current = arena->first;
    if (arena->first != NULL)
        arena->first->used = 0;
}

void arena_shrink(struct arena *arena, size_t keep)
{
    struct arena_block **link = &arena->first;
    size_t kept = 0;
    while (*link != NULL && kept + (*link)->size <= keep) {
        kept += (*link)->size;
        link = &(*link)->next;
    }
    while (*link != NULL) {
        struct arena_block *block = *link;
        *link = block->next;
        arena->reserved -= block->size;
        arena->release(block);
    }
    arena_reset(arena);
}

/* A block behind the current one, at least as large as all before it so that there are few. */
static struct arena_block *add_block(struct arena *arena, size_t size)
{
    size_t wanted = arena->reserved > BLOCK_MIN ? arena->reserved : BLOCK_MIN;
    if (wanted < size)
        wanted = size;
    if (wanted > arena->max - arena->reserved)
        wanted = arena->max - arena->reserved;
    if (wanted < size)
        return NULL;
    struct arena_block *block = arena->allocate(sizeof *block + wanted);
    if (block == NULL)
        return NULL;
    struct arena_block **link = arena->current == NULL ? &arena->first : &arena->current->next;
    block->next = *link;
    block->size = wanted;
    *link = block;
    arena->reserved += wanted;
    return block;
}

/* Makes the next block with `size` bytes the current one. */
static struct arena_block *next_block(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->current == NULL ? arena->first : arena->current->next;
    if (block == NULL || block->size < size) {
        block = add_block(arena, size);
        if (block == NULL)
            return NULL;
    }
    block->used = 0;
    arena->current = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 4 || size > arena->max)
        return NULL;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_block *block = arena->current;
    if (block == NULL || block->size - block->used < size)
        block = next_block(arena, size);
    if (block == NULL)
        return NULL;
    void *memory = block->data + block->used;
    block->used += size;
    return memset(memory, 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    return size != 0 && count > SIZE_MAX / size ? NULL : arena_alloc(arena, count * size);
}

char *arena_copy(struct arena *arena, const char *data, size_t len)
{
    char *copy = arena_alloc(arena, len + 1);
    if (copy != NULL && len > 0)
        memcpy(copy, data, len);
    return copy;
}

struct arena_mark arena_mark(const struct arena *arena)
{
    return (struct arena_mark){arena->current, arena->current == NULL ? 0 : arena->current->used};
}

void arena_release(struct arena *arena, struct arena_mark mark)
{
    if (mark.block == NULL) {
        arena_reset(arena);
        return;
    }
    arena->current = mark.block;
    mark.block->used = mark.used;
}
