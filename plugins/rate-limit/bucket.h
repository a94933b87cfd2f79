/*
 * Token buckets in one 64-bit integer each: the generic cell rate algorithm.
 *
 * A bucket is the time at which it will be full again. Taking from it moves that time forward by
 * the cost of the amount at the configured rate; it may run ahead of the clock by the cost of the
 * burst, and no further. Nothing has to be refilled and nothing drifts. A bucket of zero bytes, or
 * one whose time has passed, is full.
 *
 * Pure: no clock, no memory, no lock. The owner of a bucket keeps threads apart. Times are
 * nanoseconds of the host's monotonic clock and are not negative.
 */
#ifndef RATE_LIMIT_BUCKET_H
#define RATE_LIMIT_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* A rate and a burst, made by limit_init. All zero: no limit. */
struct limit {
    uint64_t per_hour; /* units an hour: rates a second, a minute or an hour are whole numbers */
    int64_t unit;      /* what one unit costs, nanoseconds, rounded up */
    int64_t burst;     /* how far a bucket may run ahead of the clock, nanoseconds */
};

/* Limits that apply together: an amount has to fit both, or nothing is taken. */
struct limits {
    struct limit count; /* one unit for each message or connection */
    struct limit bytes;
};

struct bucket {
    int64_t count; /* when it is full again */
    int64_t bytes;
};

/* Fills `limit` with `per_second` units a second and a burst of `burst` units (at least 1).
 * Returns NULL, or what is wrong with the numbers as the rest of a sentence (static storage). */
const char *limit_init(struct limit *limit, double per_second, int64_t burst);

/* What `amount` units cost, nanoseconds, rounded up; INT64_MAX if that does not fit. */
int64_t limit_cost(const struct limit *limit, uint64_t amount);

/* Takes one unit of `limits->count` and `bytes` units of `limits->bytes` at the time `now`. Returns
 * whether both fit, now or within `patience` nanoseconds (0 if the caller cannot wait). *wait (not
 * NULL) is set to the nanoseconds until they fit. If they are taken with a wait, they are paid for
 * in advance. If they are not taken, INT64_MAX means never: `bytes` is more than the burst. */
bool bucket_take(struct bucket *bucket, const struct limits *limits, uint64_t bytes, int64_t now,
                 int64_t patience, int64_t *wait);

/* Gives back what was taken. */
void bucket_give(struct bucket *bucket, const struct limits *limits, uint64_t bytes);

/* Whether a bucket is full, and so the same as one that does not exist. */
static inline bool bucket_is_full(const struct bucket *bucket, int64_t now)
{
    return bucket->count <= now && bucket->bytes <= now;
}

#endif
