#include "failing_memory.h"

#include "base/error.h"
#include "unit.h"

#include <stdlib.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static _Thread_local unsigned until_failure; /* allocations; the one that makes it 0 fails */
static _Thread_local bool has_failed;
static _Thread_local unsigned count;

static bool must_fail(void)
{
    count++;
    if (until_failure == 0 || --until_failure > 0)
        return false;
    has_failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return must_fail() ? NULL : __real_realloc(memory, size);
}

void fail_allocation(unsigned nth)
{
    until_failure = nth;
    has_failed = false;
}

bool has_allocation_failed(void)
{
    return has_failed;
}

bool end_failing_allocations(void)
{
    bool failed = has_failed;
    fail_allocation(0);
    return failed;
}

unsigned allocation_count(void)
{
    return count;
}

unsigned survive_failing_allocations(int (*attempt)(void *context), void *context)
{
    for (unsigned nth = 1;; nth++) {
        fail_allocation(nth);
        int error = attempt(context);
        bool failed = end_failing_allocations();
        assert_int_equal(error, failed ? ERR_NO_MEMORY : OK);
        if (!failed)
            return nth - 1;
    }
}
