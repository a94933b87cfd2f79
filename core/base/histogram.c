#include "base/histogram.h"

void histogram_merge(struct histogram_snapshot *into, struct histogram *from)
{
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t count = counter_read(&from->buckets[i]);
        into->buckets[i] += count;
        into->count += count;
    }
    into->sum += counter_read(&from->sum);
}

uint64_t histogram_quantile(const struct histogram_snapshot *snapshot, double q)
{
    double rank = q * (double)snapshot->count;
    double before = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        double count = (double)snapshot->buckets[i];
        if (count > 0 && before + count >= rank) {
            double low = i == 0 ? 0 : (double)histogram_bound(i - 1);
            double high = (double)histogram_bound(i);
            return (uint64_t)(low + (high - low) * (rank > before ? (rank - before) / count : 0));
        }
        before += count;
    }
    return 0;
}
