#include "front/turns.h"

#include "base/clock.h"

void turns_init(struct turns *turns)
{
    *turns = (struct turns){.proxies.is_unlimited = true};
    TAILQ_INIT(&turns->ring);
    TAILQ_INIT(&turns->resting);
    TAILQ_INIT(&turns->proxies.begun);
    TAILQ_INIT(&turns->proxies.fresh);
}

static struct origin *origin_of(struct turns *turns, const struct guest *guest)
{
    return guest->origin != NULL ? guest->origin : &turns->proxies;
}

/* Whether it may begin one more handshake now. */
static bool has_rate_left(const struct origin *origin, int64_t now, int64_t interval)
{
    return origin->is_unlimited || interval == 0 ||
           origin->paid_until + interval <= now + TURNS_BURST * NS_PER_S;
}

static struct origin_queue *list_of(struct turns *turns, const struct origin *origin)
{
    return origin->is_resting ? &turns->resting : &turns->ring;
}

static void unlist(struct turns *turns, struct origin *origin)
{
    if (origin->is_listed)
        TAILQ_REMOVE(list_of(turns, origin), origin, turn);
    origin->is_listed = origin->is_resting = false;
}

static void list(struct turns *turns, struct origin *origin, bool is_resting)
{
    unlist(turns, origin);
    origin->is_listed = true;
    origin->is_resting = is_resting;
    TAILQ_INSERT_TAIL(list_of(turns, origin), origin, turn);
}

static bool has_work(const struct origin *origin)
{
    return !TAILQ_EMPTY(&origin->begun) || !TAILQ_EMPTY(&origin->fresh);
}

static struct guest_queue *queue_of(struct origin *origin, const struct guest *guest)
{
    return guest->has_begun_work ? &origin->begun : &origin->fresh;
}

void turns_add(struct turns *turns, struct guest *guest)
{
    struct origin *origin = origin_of(turns, guest);
    if (guest->has_work)
        return;
    guest->has_work = true;
    guest->has_begun_work = guest->tls.ssl != NULL;
    TAILQ_INSERT_TAIL(queue_of(origin, guest), guest, work);
    /* One that rests has nothing to do but to begin handshakes. */
    if (!origin->is_listed || (origin->is_resting && guest->has_begun_work))
        list(turns, origin, false);
}

void turns_remove(struct turns *turns, struct guest *guest)
{
    struct origin *origin = origin_of(turns, guest);
    if (!guest->has_work)
        return;
    TAILQ_REMOVE(queue_of(origin, guest), guest, work);
    guest->has_work = false;
    if (!has_work(origin))
        unlist(turns, origin);
}

/* Those that may go on come back before those that are in turn. */
static void wake(struct turns *turns, int64_t now, int64_t interval)
{
    struct origin *origin = TAILQ_FIRST(&turns->resting);
    while (origin != NULL) {
        struct origin *next = TAILQ_NEXT(origin, turn);
        if (has_rate_left(origin, now, interval))
            list(turns, origin, false);
        origin = next;
    }
}

struct guest *turns_take(struct turns *turns, int64_t now, int64_t interval)
{
    struct origin *origin;
    wake(turns, now, interval);
    while ((origin = TAILQ_FIRST(&turns->ring)) != NULL) {
        struct guest *guest = TAILQ_FIRST(&origin->begun);
        if (guest == NULL && has_rate_left(origin, now, interval))
            guest = TAILQ_FIRST(&origin->fresh);
        if (guest != NULL) {
            list(turns, origin, false); /* the next one's turn */
            turns_remove(turns, guest);
            return guest;
        }
        list(turns, origin, true);
    }
    return NULL;
}

bool turns_charge(struct turns *turns, const struct guest *guest, int64_t now, int64_t interval)
{
    struct origin *origin = origin_of(turns, guest);
    if (origin->paid_until < now)
        origin->paid_until = now;
    origin->paid_until += interval;
    return !has_rate_left(origin, now, interval);
}

int64_t turns_next(const struct turns *turns, int64_t now, int64_t interval)
{
    const struct origin *origin;
    int64_t next = INT64_MAX;
    if (!TAILQ_EMPTY(&turns->ring))
        return now;
    TAILQ_FOREACH(origin, &turns->resting, turn)
    {
        int64_t at = interval == 0 ? now : origin->paid_until + interval - TURNS_BURST * NS_PER_S;
        if (at < next)
            next = at;
    }
    return next < now ? now : next;
}
