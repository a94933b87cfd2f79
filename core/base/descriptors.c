#include "base/descriptors.h"

#include "base/clock.h"
#include "base/log.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define TELL_AGAIN (60 * NS_PER_S)

/* Shares of all descriptors, and their bounds. */
#define SHARE 16
#define RESERVE_LEAST 16
#define RESERVE_MOST 256
#define PASSING_LEAST 8
#define PASSING_MOST 512

#define WANTED 8 /* given up for a newcomer that was refused: others come where one did */
#define WANTED_TIME NS_PER_S
#define WANTED_PAUSE (100 * NS_PER_MS) /* so that who is refused cannot make all others leave */

static uint32_t share(uint32_t most, uint32_t least_share, uint32_t most_share)
{
    uint32_t part = most / SHARE;
    return part < least_share ? least_share : part > most_share ? most_share : part;
}

/* How many are in use, or `most` if none is free. */
static uint32_t count_used(uint32_t most)
{
    int lowest_free = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (lowest_free < 0)
        return most;
    close(lowest_free);
    return (uint32_t)lowest_free;
}

void descriptors_share(struct descriptors *descriptors)
{
    struct rlimit limit;
    uint32_t most = UINT32_MAX;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < UINT32_MAX)
        most = (uint32_t)limit.rlim_cur;
    uint32_t reserve = share(most, RESERVE_LEAST, RESERVE_MOST);
    uint32_t passing = share(most, PASSING_LEAST, PASSING_MOST);
    uint32_t kept = count_used(most) + reserve + passing;
    descriptors->most = most;
    descriptors->for_clients = most > kept ? most - kept : 1;
    descriptors->for_strangers = most > reserve ? most - reserve : 1;
    atomic_init(&descriptors->told, 0);
    atomic_init(&descriptors->wanted, 0);
    atomic_init(&descriptors->wanted_until, 0);
}

void descriptors_want(struct descriptors *descriptors, int64_t now)
{
    int64_t until = atomic_load_explicit(&descriptors->wanted_until, memory_order_relaxed);
    if (now < until - WANTED_TIME + WANTED_PAUSE ||
        !atomic_compare_exchange_strong(&descriptors->wanted_until, &until, now + WANTED_TIME))
        return;
    atomic_store_explicit(&descriptors->wanted, WANTED, memory_order_relaxed);
}

bool descriptors_are_wanted(struct descriptors *descriptors, int64_t now)
{
    if (now > atomic_load_explicit(&descriptors->wanted_until, memory_order_relaxed))
        return false;
    unsigned wanted = atomic_load_explicit(&descriptors->wanted, memory_order_relaxed);
    while (wanted > 0 &&
           !atomic_compare_exchange_weak_explicit(&descriptors->wanted, &wanted, wanted - 1,
                                                  memory_order_relaxed, memory_order_relaxed))
        continue;
    return wanted > 0;
}

void descriptors_tell(struct descriptors *descriptors)
{
    int64_t now = clock_monotonic();
    int64_t told = atomic_load_explicit(&descriptors->told, memory_order_relaxed);
    if ((told != 0 && now - told < TELL_AGAIN) ||
        !atomic_compare_exchange_strong(&descriptors->told, &told, now))
        return;
    log_warn("server",
             "newcomers are refused: of the %u file descriptors that this process may have, all "
             "but the reserve are in use; raise the limit (ulimit -n, or LimitNOFILE= in a systemd "
             "unit), or lower limits.clients",
             descriptors->most);
}
