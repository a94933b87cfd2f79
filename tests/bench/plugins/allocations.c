#include "allocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

/* The plugins and libraries have to find these, too. */
#define IN_PLACE_OF_LIBC __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *memory);

static atomic_bool is_counting;
static atomic_ulong made;
static atomic_long bytes;

void allocations_count(bool on)
{
    atomic_store(&is_counting, on);
}

unsigned long allocations_made(void)
{
    return atomic_load(&made);
}

long allocations_bytes(void)
{
    return atomic_load(&bytes);
}

static bool counts(void)
{
    return atomic_load_explicit(&is_counting, memory_order_relaxed);
}

static void *note(void *memory)
{
    if (memory == NULL || !counts())
        return memory;
    atomic_fetch_add(&made, 1);
    atomic_fetch_add(&bytes, (long)malloc_usable_size(memory));
    return memory;
}

static void forget(void *memory)
{
    if (memory != NULL && counts())
        atomic_fetch_sub(&bytes, (long)malloc_usable_size(memory));
}

IN_PLACE_OF_LIBC void *malloc(size_t size)
{
    return note(__libc_malloc(size));
}

IN_PLACE_OF_LIBC void *calloc(size_t count, size_t size)
{
    return note(__libc_calloc(count, size));
}

IN_PLACE_OF_LIBC void *realloc(void *memory, size_t size)
{
    size_t before = memory != NULL && counts() ? malloc_usable_size(memory) : 0;
    void *moved = __libc_realloc(memory, size);
    if (moved != NULL || size == 0)
        atomic_fetch_sub(&bytes, (long)before);
    return note(moved);
}

IN_PLACE_OF_LIBC void free(void *memory)
{
    forget(memory);
    __libc_free(memory);
}

IN_PLACE_OF_LIBC void *memalign(size_t alignment, size_t size)
{
    return note(__libc_memalign(alignment, size));
}

IN_PLACE_OF_LIBC void *aligned_alloc(size_t alignment, size_t size)
{
    return note(__libc_memalign(alignment, size));
}

IN_PLACE_OF_LIBC int posix_memalign(void **memory, size_t alignment, size_t size)
{
    void *made_memory = note(__libc_memalign(alignment, size));
    if (made_memory == NULL)
        return ENOMEM;
    *memory = made_memory;
    return 0;
}
