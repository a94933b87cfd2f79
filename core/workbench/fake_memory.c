/*
 * Memory that plugins allocate through the host: counted, and failing where a test wants it to.
 */
#include "workbench/fake_internal.h"

#include <malloc.h>
#include <stdatomic.h>

static atomic_ulong allocations;
static atomic_ulong failing_allocation;
static atomic_size_t live_allocations;
static atomic_size_t live_bytes;

bool fake_allocation_is_to_fail(void)
{
    if (fake_is_before())
        return false;
    return atomic_fetch_add(&allocations, 1) + 1 == atomic_load(&failing_allocation);
}

bool fake_allocations_fail(void)
{
    return atomic_load(&failing_allocation) != 0;
}

static void *allocate(size_t size)
{
    void *memory = fake_allocation_is_to_fail() ? NULL : malloc(size > 0 ? size : 1);
    if (memory == NULL)
        return NULL;
    memset(memory, 0xa5, size); /* What is read before it is written is at least not zero. */
    atomic_fetch_add(&live_allocations, 1);
    atomic_fetch_add(&live_bytes, malloc_usable_size(memory));
    return memory;
}

static void release(void *memory)
{
    if (memory == NULL)
        return;
    atomic_fetch_sub(&live_allocations, 1);
    atomic_fetch_sub(&live_bytes, malloc_usable_size(memory));
    free(memory);
}

static void *reallocate(void *memory, size_t size)
{
    if (memory == NULL)
        return allocate(size);
    size_t before = malloc_usable_size(memory);
    void *moved = fake_allocation_is_to_fail() ? NULL : realloc(memory, size > 0 ? size : 1);
    if (moved != NULL)
        atomic_fetch_add(&live_bytes, malloc_usable_size(moved) - before);
    return moved;
}

void fake_memory_provide(struct sl_host *host)
{
    host->allocate = allocate;
    host->reallocate = reallocate;
    host->release = release;
}

void fake_fail_allocation(unsigned long nth)
{
    atomic_store(&allocations, 0);
    atomic_store(&failing_allocation, nth);
}

unsigned long fake_allocations(void)
{
    return atomic_load(&allocations);
}

size_t fake_live_allocations(void)
{
    return atomic_load(&live_allocations);
}

size_t fake_live_bytes(void)
{
    return atomic_load(&live_bytes);
}
