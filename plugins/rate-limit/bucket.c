#include "bucket.h"

#include <math.h>
#include <stddef.h>

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define YEAR (8760 * HOUR)
#define FASTEST 1e9 /* units a second: one unit then costs a nanosecond */

__extension__ typedef unsigned __int128 wide;

int64_t limit_cost(const struct limit *limit, uint64_t amount)
{
    wide cost = ((wide)amount * (uint64_t)HOUR + limit->per_hour - 1) / limit->per_hour;
    return cost > INT64_MAX ? INT64_MAX : (int64_t)cost;
}

const char *limit_init(struct limit *limit, double per_second, int64_t burst)
{
    if (!(per_second <= FASTEST))
        return "is faster than 1000000000/s, the fastest that can be counted";
    double per_hour = round(per_second * 3600);
    if (!(per_hour >= 1))
        return "is slower than one an hour, the slowest that can be counted";
    limit->per_hour = (uint64_t)per_hour;
    limit->unit = limit_cost(limit, 1);
    int64_t exact = limit_cost(limit, (uint64_t)burst);
    if (exact > YEAR)
        return "needs more than a year to refill its burst: raise the rate or lower the burst";
    /* Units are rounded up one by one, so many of them cost slightly more than the same number at
     * once. Without this allowance the last unit of a burst would be refused; it is less than a
     * unit. */
    int64_t one_by_one = limit->unit * burst;
    int64_t most = exact + limit->unit - 1;
    limit->burst = one_by_one < most ? one_by_one : most;
    return NULL;
}

/* Computes where a bucket at `full_at` would be after `cost`. Returns 0, or the nanoseconds to
 * wait. */
static int64_t try_take(int64_t full_at, const struct limit *limit, int64_t cost, int64_t now,
                        int64_t *after)
{
    *after = full_at;
    if (limit->per_hour == 0)
        return 0;
    if (cost > limit->burst)
        return INT64_MAX;
    *after = (full_at > now ? full_at : now) + cost;
    int64_t ahead = *after - now;
    return ahead > limit->burst ? ahead - limit->burst : 0;
}

static int64_t bytes_cost_of(const struct limits *limits, uint64_t bytes)
{
    return limits->bytes.per_hour > 0 ? limit_cost(&limits->bytes, bytes) : 0;
}

bool bucket_take(struct bucket *bucket, const struct limits *limits, uint64_t bytes, int64_t now,
                 int64_t patience, int64_t *wait)
{
    struct bucket after;
    int64_t count_wait =
        try_take(bucket->count, &limits->count, limits->count.unit, now, &after.count);
    int64_t bytes_wait =
        try_take(bucket->bytes, &limits->bytes, bytes_cost_of(limits, bytes), now, &after.bytes);
    *wait = count_wait > bytes_wait ? count_wait : bytes_wait;
    if (*wait > patience)
        return false;
    *bucket = after;
    return true;
}

void bucket_give(struct bucket *bucket, const struct limits *limits, uint64_t bytes)
{
    if (limits->count.per_hour > 0)
        bucket->count -= limits->count.unit;
    bucket->bytes -= bytes_cost_of(limits, bytes);
}
