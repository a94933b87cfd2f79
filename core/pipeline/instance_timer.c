#include "pipeline/instance_timer.h"

#include "base/clock.h"
#include "loop/loop.h"
#include "pipeline/hook.h"

#include <stddef.h>
#include <stdlib.h>

struct instance_timer {
    struct timer timer;    /* first */
    struct hash_link link; /* in the instance's table, under the id */
    struct instance *instance;
    uint64_t id;
    uint64_t tag;
    int64_t interval; /* ns; 0: fires once */
};

/* -- by id, on the home loop -- */

static struct instance_timer *timer_of(struct hash_link *link)
{
    return (struct instance_timer *)((char *)link - offsetof(struct instance_timer, link));
}

/* Takes a timer out; NULL if it is over. */
static struct instance_timer *take_timer(struct instance_timers *timers, uint64_t id)
{
    struct hash_link *link = hash_table_first(&timers->table, id);
    if (link == NULL)
        return NULL;
    hash_table_remove(&timers->table, link);
    return timer_of(link);
}

static void free_timer(struct instance_timer *timer)
{
    timer_stop(&timer->timer);
    free(timer);
}

/* -- firing -- */

static void fire_timer(struct loop *loop, struct timer *base)
{
    struct instance_timer *timer = (struct instance_timer *)base;
    struct instance *instance = timer->instance;
    uint64_t id = timer->id;
    uint64_t tag = timer->tag;
    if (!instance->is_created) { /* create is still running, or has failed. */
        timer_start(&loop->timers, base, loop->now);
        return;
    }
    if (timer->interval > 0)
        timer_start(&loop->timers, base, loop->now + timer->interval);
    else
        free(take_timer(&instance->timers, id));
    hook_begin(instance, NULL, 0, "on_timer");
    instance->plugin->table.on_timer(&instance->seen, id, tag);
    hook_end();
}

static void start_here(struct loop *loop, struct instance_timer *timer, int64_t deadline)
{
    struct instance_timers *timers = &timer->instance->timers;
    if (timers->have_ended || hash_table_reserve(&timers->table) != OK) {
        free(timer);
        return;
    }
    timer->timer.fire = fire_timer;
    hash_table_add(&timers->table, &timer->link, timer->id);
    timer_start(&loop->timers, &timer->timer, deadline);
}

static void stop_here(struct instance *instance, uint64_t id)
{
    struct instance_timer *timer = take_timer(&instance->timers, id);
    if (timer != NULL)
        free_timer(timer);
}

static void end_timer(struct hash_link *link)
{
    free_timer(timer_of(link));
}

void instance_timers_end(struct instance *instance)
{
    hash_table_deinit(&instance->timers.table, end_timer);
    instance->timers.have_ended = true;
}

/* -- from any thread -- */

struct timer_mail {
    struct mail mail;             /* first */
    struct instance *instance;    /* one reference */
    struct instance_timer *timer; /* to start, owned; or NULL: stop `id` */
    uint64_t id;
    int64_t deadline;
};

static void deliver_order(struct loop *loop, struct mail *mail)
{
    struct timer_mail *order = (struct timer_mail *)mail;
    if (order->timer != NULL)
        start_here(loop, order->timer, order->deadline);
    else
        stop_here(order->instance, order->id);
    instance_unref(order->instance);
    free(order);
}

/* Does it at once where the loop is this thread's, and by mail where not. */
static int give_order(const struct timer_mail *order)
{
    struct loop *home = order->instance->home;
    if (loop_current() == home) {
        if (order->timer != NULL)
            start_here(home, order->timer, order->deadline);
        else
            stop_here(order->instance, order->id);
        return OK;
    }
    struct timer_mail *mail = malloc(sizeof *mail);
    if (mail == NULL)
        return ERR_NO_MEMORY;
    if (!instance_try_ref(order->instance)) {
        free(mail);
        return ERR_CLOSED;
    }
    *mail = *order;
    mail->mail.deliver = deliver_order;
    loop_post(home, &mail->mail);
    return OK;
}

uint64_t instance_timer_start(struct instance *instance, int64_t after, int64_t interval,
                              uint64_t tag)
{
    if (instance->plugin->table.on_timer == NULL || after < 0 || interval < 0)
        return 0;
    struct instance_timer *timer = calloc(1, sizeof *timer);
    if (timer == NULL)
        return 0;
    /* The wheel's arithmetic is safe for a hundred years. */
    const int64_t longest = INT64_MAX / 4;
    timer->instance = instance;
    timer->id = atomic_fetch_add_explicit(&instance->last_timer, 1, memory_order_relaxed) + 1;
    timer->tag = tag;
    timer->interval = interval < longest ? interval : longest;
    uint64_t id = timer->id;
    struct timer_mail order = {.instance = instance,
                               .timer = timer,
                               .deadline = clock_monotonic() + (after < longest ? after : longest)};
    if (give_order(&order) == OK)
        return id;
    free(timer);
    return 0;
}

void instance_timer_stop(struct instance *instance, uint64_t id)
{
    struct timer_mail order = {.instance = instance, .id = id};
    int error = give_order(&order);
    (void)error; /* Without memory it fires once more than was wanted; there is no better answer. */
}
