#include "latency.h"
#include "frames.h"

#include <time.h>

uint32_t latency_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint32_t)((uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u);
}

void latency_write(char *text, uint32_t time)
{
    for (int i = MARK_LEN - 1; i >= 0; i--, time >>= 4)
        text[i] = "0123456789abcdef"[time & 0xf];
}

uint32_t latency_read(const uint8_t *text)
{
    uint32_t time = 0;
    for (int i = 0; i < MARK_LEN; i++)
        time = time << 4 | (uint32_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
    return time;
}

void latencies_add(struct latencies *latencies, uint32_t microseconds)
{
    uint32_t bucket = microseconds;
    if (microseconds >= LATENCY_EXACT_US)
        bucket = LATENCY_EXACT_US + (microseconds - LATENCY_EXACT_US) / LATENCY_COARSE_US;
    if (bucket >= LATENCY_BUCKETS)
        bucket = LATENCY_BUCKETS - 1;
    latencies->counts[bucket]++;
    latencies->total++;
}

uint32_t latencies_quantile(const struct latencies *latencies, double share)
{
    uint64_t wanted = (uint64_t)((double)latencies->total * share);
    uint64_t seen = 0;
    for (uint32_t bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
        seen += latencies->counts[bucket];
        if (seen > wanted)
            return bucket < LATENCY_EXACT_US
                       ? bucket
                       : LATENCY_EXACT_US + (bucket - LATENCY_EXACT_US) * LATENCY_COARSE_US;
    }
    return 0;
}
