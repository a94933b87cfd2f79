/*
 * A histogram of durations with a bucket for each power of two of nanoseconds.
 *
 * One thread adds, any thread reads.
 */
#ifndef SLUICE_BASE_HISTOGRAM_H
#define SLUICE_BASE_HISTOGRAM_H

#include "base/counter.h"

/* Bucket b counts durations of b significant bits: below 2^b ns, and not below half of that. The
 * last one counts all that are longer. */
#define HISTOGRAM_BUCKETS 40

struct histogram {
    counter buckets[HISTOGRAM_BUCKETS];
    counter sum; /* ns */
};

/* Several of them, added up. */
struct histogram_snapshot {
    uint64_t buckets[HISTOGRAM_BUCKETS];
    uint64_t sum; /* ns */
    uint64_t count;
};

static inline unsigned histogram_bucket(uint64_t ns)
{
    unsigned bits = ns == 0 ? 0 : 64u - (unsigned)__builtin_clzll(ns);
    return bits < HISTOGRAM_BUCKETS ? bits : HISTOGRAM_BUCKETS - 1;
}

/* Counts one duration. Only the histogram's thread. */
static inline void histogram_add(struct histogram *histogram, uint64_t ns)
{
    counter_add(&histogram->buckets[histogram_bucket(ns)], 1);
    counter_add(&histogram->sum, ns);
}

/* Counts `count` durations of the same length. */
static inline void histogram_add_many(struct histogram *histogram, uint64_t ns, uint64_t count)
{
    counter_add(&histogram->buckets[histogram_bucket(ns)], count);
    counter_add(&histogram->sum, ns * count);
}

/* Adds what a histogram has counted to a snapshot, which is zeroed first. Any thread. */
void histogram_merge(struct histogram_snapshot *into, struct histogram *from);

/* The durations of a bucket are below this, in ns. */
static inline uint64_t histogram_bound(unsigned bucket)
{
    return UINT64_C(1) << bucket;
}

/* The duration in ns below which the share `q` (0 to 1) of all lies, interpolated inside its
 * bucket; 0 if there are none. */
uint64_t histogram_quantile(const struct histogram_snapshot *snapshot, double q);

#endif
