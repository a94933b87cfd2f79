#include "front/handshake_schedule.h"

#include "base/clock.h"

void handshake_schedule_init(struct handshake_schedule *schedule)
{
    *schedule = (struct handshake_schedule){.proxies.is_unlimited = true};
    TAILQ_INIT(&schedule->ring);
    TAILQ_INIT(&schedule->resting);
    TAILQ_INIT(&schedule->proxies.begun);
    TAILQ_INIT(&schedule->proxies.not_begun);
}

static struct pending_address *address_of(struct handshake_schedule *schedule,
                                          const struct pending *pending)
{
    return pending->address != NULL ? pending->address : &schedule->proxies;
}

/* Whether the address may begin one more handshake now. */
static bool has_rate_left(const struct pending_address *address, int64_t now, int64_t interval)
{
    return address->is_unlimited || interval == 0 ||
           address->paid_until + interval <= now + HANDSHAKE_SCHEDULE_BURST * NS_PER_S;
}

static struct pending_address_queue *address_queue_of(struct handshake_schedule *schedule,
                                                      const struct pending_address *address)
{
    return address->is_resting ? &schedule->resting : &schedule->ring;
}

static void unschedule_address(struct handshake_schedule *schedule, struct pending_address *address)
{
    if (address->is_scheduled)
        TAILQ_REMOVE(address_queue_of(schedule, address), address, link);
    address->is_scheduled = address->is_resting = false;
}

static void schedule_address(struct handshake_schedule *schedule, struct pending_address *address,
                             bool is_resting)
{
    unschedule_address(schedule, address);
    address->is_scheduled = true;
    address->is_resting = is_resting;
    TAILQ_INSERT_TAIL(address_queue_of(schedule, address), address, link);
}

static bool has_scheduled_connection(const struct pending_address *address)
{
    return !TAILQ_EMPTY(&address->begun) || !TAILQ_EMPTY(&address->not_begun);
}

static struct pending_queue *connection_queue_of(struct pending_address *address,
                                                 const struct pending *pending)
{
    return pending->is_scheduled_as_begun ? &address->begun : &address->not_begun;
}

void handshake_schedule_add(struct handshake_schedule *schedule, struct pending *pending)
{
    struct pending_address *address = address_of(schedule, pending);
    if (pending->is_scheduled)
        return;
    pending->is_scheduled = true;
    pending->is_scheduled_as_begun = pending->tls.ssl != NULL;
    TAILQ_INSERT_TAIL(connection_queue_of(address, pending), pending, by_schedule);
    /* A resting address goes on only for a handshake that has begun. */
    if (!address->is_scheduled || (address->is_resting && pending->is_scheduled_as_begun))
        schedule_address(schedule, address, false);
}

void handshake_schedule_remove(struct handshake_schedule *schedule, struct pending *pending)
{
    struct pending_address *address = address_of(schedule, pending);
    if (!pending->is_scheduled)
        return;
    TAILQ_REMOVE(connection_queue_of(address, pending), pending, by_schedule);
    pending->is_scheduled = false;
    if (!has_scheduled_connection(address))
        unschedule_address(schedule, address);
}

/* Puts addresses whose rate allows a handshake again back into the ring. */
static void wake_resting(struct handshake_schedule *schedule, int64_t now, int64_t interval)
{
    struct pending_address *address = TAILQ_FIRST(&schedule->resting);
    while (address != NULL) {
        struct pending_address *next = TAILQ_NEXT(address, link);
        if (has_rate_left(address, now, interval))
            schedule_address(schedule, address, false);
        address = next;
    }
}

struct pending *handshake_schedule_take(struct handshake_schedule *schedule, int64_t now,
                                        int64_t interval)
{
    struct pending_address *address;
    wake_resting(schedule, now, interval);
    while ((address = TAILQ_FIRST(&schedule->ring)) != NULL) {
        struct pending *pending = TAILQ_FIRST(&address->begun);
        if (pending == NULL && has_rate_left(address, now, interval))
            pending = TAILQ_FIRST(&address->not_begun);
        if (pending != NULL) {
            schedule_address(schedule, address, false); /* the next one's turn */
            handshake_schedule_remove(schedule, pending);
            return pending;
        }
        schedule_address(schedule, address, true);
    }
    return NULL;
}

bool handshake_schedule_charge(struct handshake_schedule *schedule, const struct pending *pending,
                               int64_t now, int64_t interval)
{
    struct pending_address *address = address_of(schedule, pending);
    if (address->paid_until < now)
        address->paid_until = now;
    address->paid_until += interval;
    return !has_rate_left(address, now, interval);
}

int64_t handshake_schedule_next(const struct handshake_schedule *schedule, int64_t now,
                                int64_t interval)
{
    const struct pending_address *address;
    int64_t next = INT64_MAX;
    if (!TAILQ_EMPTY(&schedule->ring))
        return now;
    TAILQ_FOREACH(address, &schedule->resting, link)
    {
        int64_t at = interval == 0
                         ? now
                         : address->paid_until + interval - HANDSHAKE_SCHEDULE_BURST * NS_PER_S;
        if (at < next)
            next = at;
    }
    return next < now ? now : next;
}
