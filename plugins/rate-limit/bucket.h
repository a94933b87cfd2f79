/*
 * Token buckets in one 64-bit integer each: the generic cell rate algorithm.
 *
 * A bucket is the time at which it will be full again. Taking from it moves that time forward by
 * what the amount costs at the configured rate; it may run ahead of the clock by what the burst
 * costs, and no further. There is nothing to refill, nothing drifts, and a bucket of zero bytes
 * (or one whose time has passed) is a full one.
 *
 * Pure: no clock, no memory, no lock. Whoever owns a bucket keeps threads apart. Times are
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

/* What is limited together: both must fit, or nothing is taken. */
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

/* Takes one unit of `limits->count` and `bytes` units of `limits->bytes` at the time `now`.
 * Returns whether both fit, now or (for who can wait) in at most `patience` nanoseconds. *wait (not
 * NULL) is the nanoseconds until they do: taken, with a wait that is not 0, they are paid for in
 * advance. Not taken, INT64_MAX means never: `bytes` is more than the burst. */
bool bucket_take(struct bucket *bucket, const struct limits *limits, uint64_t bytes, int64_t now,
                 int64_t patience, int64_t *wait);

/* Gives back what was taken. */
void bucket_give(struct bucket *bucket, const struct limits *limits, uint64_t bytes);

/* Whether a bucket is full, and so worth no more than one that does not exist. */
static inline bool bucket_is_full(const struct bucket *bucket, int64_t now)
{
    return bucket->count <= now && bucket->bytes <= now;
}

#endif
