/*
 * Timers of instances, and the clock that fires them.
 */
#include "workbench/fake_internal.h"

#include "pipeline/hook.h"

#include <stdatomic.h>

#define STANDING_MAX 100000 /* rounds of timers that fire without time passing */

unsigned long fake_firings_max = 1000000;

struct fake_timer {
    struct fake_timer *next;
    struct instance *instance;
    uint64_t id;
    uint64_t tag;
    int64_t due;
    int64_t interval;
};

static atomic_bool timers_fail;

void fake_fail_timers(bool fail)
{
    atomic_store(&timers_fail, fail);
}

static uint64_t start_timer(struct sl_instance *self, int64_t after, int64_t interval, uint64_t tag)
{
    struct instance *instance = (struct instance *)self;
    if (fake_table(instance)->on_timer == NULL)
        fake_fail("host->timer_start was called, but the plugin has no on_timer");
    if (atomic_load(&timers_fail))
        return 0;
    struct fake_timer *timer = fake_zalloc(sizeof *timer);
    fake_lock();
    *timer = (struct fake_timer){.next = fake.timers,
                                 .instance = instance,
                                 .id = fake.next_id++,
                                 .tag = tag,
                                 .due = fake.now + after,
                                 .interval = interval};
    fake.timers = timer;
    uint64_t id = timer->id;
    fake_unlock();
    return id;
}

bool fake_has_timers(void)
{
    fake_lock();
    bool has_any = fake.timers != NULL;
    fake_unlock();
    return has_any;
}

/* Removes the timer with that id, or, with NULL, all of an instance. */
static void remove_timers(const uint64_t *id, const struct instance *instance)
{
    fake_lock();
    struct fake_timer **link = &fake.timers;
    while (*link != NULL) {
        struct fake_timer *timer = *link;
        if (id != NULL ? timer->id != *id : timer->instance != instance) {
            link = &timer->next;
            continue;
        }
        *link = timer->next;
        free(timer);
    }
    fake_unlock();
}

static void stop_timer(struct sl_instance *self, uint64_t id)
{
    (void)self;
    remove_timers(&id, NULL);
}

void fake_timers_forget(const struct instance *instance)
{
    remove_timers(NULL, instance);
}

void fake_timers_provide(struct sl_host *host)
{
    host->timer_start = start_timer;
    host->timer_stop = stop_timer;
}

/* -- the clock -- */

/* The next moment up to `until` at which something is due. */
static int64_t next_due(int64_t until)
{
    for (const struct fake_timer *timer = fake.timers; timer != NULL; timer = timer->next)
        if (timer->due < until)
            until = timer->due;
    return fake_deadline_next(fake_http_next(until));
}

static bool fire_one_timer(void)
{
    for (struct fake_timer *timer = fake.timers; timer != NULL; timer = timer->next) {
        struct instance *instance = timer->instance;
        uint64_t id = timer->id, tag = timer->tag;
        if (timer->due > fake.now)
            continue;
        if (timer->interval > 0)
            timer->due += timer->interval;
        else
            remove_timers(&id, NULL);
        hook_begin(instance, NULL, 0, "on_timer");
        instance->plugin->table.on_timer(&instance->seen, id, tag);
        hook_end();
        return true;
    }
    return false;
}

void fake_advance(int64_t by)
{
    int64_t until = fake.now + by;
    unsigned standing = 0;
    for (unsigned long rounds = 0; rounds < fake_firings_max; rounds++) {
        int64_t before = fake.now;
        fake_set_now(next_due(until));
        fake_deadlines_pass();
        fake_http_pass();
        if (!fire_one_timer() && fake.now >= until)
            return;
        standing = fake.now > before ? 0 : standing + 1;
        if (standing > STANDING_MAX)
            fake_fail("a timer fires again and again without time passing: is its interval 0 ns?");
    }
    fake_fail("timers fired %lu times while the clock was moved by %.0f s, of which %.0f s are "
              "left: advance it by less, or give the timer a longer interval",
              fake_firings_max, (double)by / 1e9, (double)(until - fake.now) / 1e9);
}
