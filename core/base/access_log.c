#include "base/access_log.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int access_kept = ACCESS_LOG_OFF;
static _Atomic uint32_t access_sample = 1;
static _Atomic uint32_t access_seen;

void access_log_configure(enum access_log access, uint32_t sample)
{
    atomic_store_explicit(&access_sample, sample > 0 ? sample : 1, memory_order_relaxed);
    atomic_store_explicit(&access_kept, (int)access, memory_order_relaxed);
}

static bool takes(enum access_log least)
{
    if (atomic_load_explicit(&access_kept, memory_order_relaxed) < (int)least)
        return false;
    uint32_t sample = atomic_load_explicit(&access_sample, memory_order_relaxed);
    return atomic_fetch_add_explicit(&access_seen, 1, memory_order_relaxed) % sample == 0;
}

bool access_log_takes_refusal(void)
{
    return takes(ACCESS_LOG_REFUSALS);
}

bool access_log_takes_client(void)
{
    return takes(ACCESS_LOG_ALL);
}

bool access_log_read_sample(const char *text, uint32_t *sample)
{
    if (strncmp(text, "1/", 2) != 0)
        return false;
    size_t len = strlen(text + 2);
    if (len == 0 || len > 7 || strspn(text + 2, "0123456789") != len)
        return false;
    unsigned long value = strtoul(text + 2, NULL, 10);
    *sample = (uint32_t)value;
    return value >= 1 && value <= ACCESS_LOG_SAMPLE_MAX;
}
