/*
 * The fake host's log, clock and memory.
 */
#include "fake_host_internal.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_SIZE 65536
#define BLOCK_HEADER 16 /* bytes before a block, for its size; keeps malloc's alignment */

static _Atomic int64_t clock_now;
static _Atomic unsigned long allocation_count;
static _Atomic unsigned long allocation_to_fail;
static _Atomic size_t live_allocations;
static _Atomic size_t live_bytes;

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_text[LOG_SIZE];
static size_t log_len;
static size_t log_lines;

static char error_text_kept[FAKE_TEXT_SIZE];

_Noreturn void fake_abort(const char *what)
{
    fprintf(stderr, "fake host: %s\n", what);
    abort();
}

bool fake_host_log_enabled(enum sl_log_level level)
{
    return level <= SL_LOG_DEBUG;
}

void fake_host_log(const struct sl_instance *self, enum sl_log_level level, const char *text,
                   size_t len)
{
    (void)self;
    (void)level;
    pthread_mutex_lock(&log_lock);
    log_lines++;
    if (log_len + len + 2 <= sizeof log_text) {
        memcpy(log_text + log_len, text, len);
        log_len += len;
        log_text[log_len++] = '\n';
        log_text[log_len] = '\0';
    }
    pthread_mutex_unlock(&log_lock);
}

const char *fake_log_text(void)
{
    return log_text;
}

size_t fake_log_lines(void)
{
    return log_lines;
}

void fake_log_clear(void)
{
    log_text[0] = '\0';
    log_len = 0;
    log_lines = 0;
}

void fake_set_error(const char *text, size_t len)
{
    snprintf(error_text_kept, sizeof error_text_kept, "%.*s", (int)len, text);
}

const char *fake_error(void)
{
    return error_text_kept;
}

void fake_host_fail(struct sl_instance *self, const char *text, size_t len)
{
    (void)self;
    fake_set_error(text, len);
}

int64_t fake_host_time(void)
{
    return atomic_load(&clock_now);
}

void fake_clock_set(int64_t now)
{
    atomic_store(&clock_now, now);
}

void fake_clock_advance(int64_t by)
{
    atomic_fetch_add(&clock_now, by);
}

void *fake_host_allocate(size_t size)
{
    unsigned long number = atomic_fetch_add(&allocation_count, 1) + 1;
    if (number == atomic_load(&allocation_to_fail))
        return NULL;
    char *block = malloc(size + BLOCK_HEADER);
    if (block == NULL)
        return NULL;
    memcpy(block, &size, sizeof size);
    /* What a plugin reads before it wrote it is at least not zero. */
    memset(block + BLOCK_HEADER, 0xa5, size);
    atomic_fetch_add(&live_allocations, 1);
    atomic_fetch_add(&live_bytes, size);
    return block + BLOCK_HEADER;
}

void fake_host_release(void *memory)
{
    if (memory == NULL)
        return;
    char *block = (char *)memory - BLOCK_HEADER;
    size_t size;
    memcpy(&size, block, sizeof size);
    atomic_fetch_sub(&live_allocations, 1);
    atomic_fetch_sub(&live_bytes, size);
    free(block);
}

void *fake_host_reallocate(void *memory, size_t size)
{
    void *moved = fake_host_allocate(size);
    if (moved == NULL || memory == NULL)
        return moved;
    size_t old_size;
    memcpy(&old_size, (char *)memory - BLOCK_HEADER, sizeof old_size);
    memcpy(moved, memory, old_size < size ? old_size : size);
    fake_host_release(memory);
    return moved;
}

void fake_fail_allocation(unsigned long nth)
{
    atomic_store(&allocation_to_fail, nth == 0 ? 0 : atomic_load(&allocation_count) + nth);
}

size_t fake_live_allocations(void)
{
    return atomic_load(&live_allocations);
}

size_t fake_live_bytes(void)
{
    return atomic_load(&live_bytes);
}

unsigned long fake_allocations(void)
{
    return atomic_load(&allocation_count);
}
