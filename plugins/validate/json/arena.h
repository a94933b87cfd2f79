/*
 * Memory that is given back all at once: blocks that grow, bounded, and are kept for the next
 * message.
 *
 * One owner, one thread at a time. The arena owns what arena_alloc returns, until arena_reset,
 * arena_release to an earlier mark, or arena_deinit.
 */
#ifndef VALIDATE_ARENA_H
#define VALIDATE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *first;
    struct arena_block *current; /* the block that the next allocation is tried in, or NULL */
    size_t reserved;             /* bytes of all blocks */
    size_t max;                  /* bytes that the blocks may have together */
    void *(*allocate)(size_t size);
    void (*release)(void *memory); /* NULL is fine */
};

/* A place to go back to. */
struct arena_mark {
    struct arena_block *block;
    size_t used;
};

/* Prepares an empty arena that never holds more than `max` bytes, in blocks that come from and go
 * to these two functions. Allocates nothing. */
void arena_init(struct arena *arena, size_t max, void *(*allocate)(size_t),
                void (*release)(void *));

/* Frees all blocks. */
void arena_deinit(struct arena *arena);

/* Forgets all allocations, and keeps the blocks for the next ones. */
void arena_reset(struct arena *arena);

/* As arena_reset, but blocks beyond the first `keep` bytes are freed: one large message does not
 * hold its memory for ever. */
void arena_shrink(struct arena *arena, size_t keep);

/* Returns zeroed memory for any type, or NULL if there is none or `max` would be passed. */
void *arena_alloc(struct arena *arena, size_t size);

/* As arena_alloc, for `count` elements of `size` bytes; NULL if the product overflows too. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies `len` bytes and ends them with a NUL; NULL if there is no memory. */
char *arena_copy(struct arena *arena, const char *data, size_t len);

struct arena_mark arena_mark(const struct arena *arena);

/* Forgets what was allocated since `mark` was taken of this arena. */
void arena_release(struct arena *arena, struct arena_mark mark);

#endif
