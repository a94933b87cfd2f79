/*
 * Latencies: the time that a message carries in its first bytes, and how long all of them took.
 *
 * One thread.
 */
#ifndef LOAD_LATENCY_H
#define LOAD_LATENCY_H

#include <stdint.h>

#define LATENCY_EXACT_US 16384u /* below, a microsecond is a bucket */
#define LATENCY_COARSE_US 256u  /* from there on, this many are */
#define LATENCY_BUCKETS (LATENCY_EXACT_US + 16384u)

struct latencies {
    uint64_t counts[LATENCY_BUCKETS];
    uint64_t total;
};

/* Microseconds of the monotonic clock, modulo 2^32. */
uint32_t latency_now(void);

/* Writes a time to `text` (MARK_LEN bytes: hexadecimal), and reads it. */
void latency_write(char *text, uint32_t time);
uint32_t latency_read(const uint8_t *text);

void latencies_add(struct latencies *latencies, uint32_t microseconds);

/* The latency in microseconds that this share of all (0 to 1) do not exceed; 0 if there are none.
 */
uint32_t latencies_quantile(const struct latencies *latencies, double share);

#endif
