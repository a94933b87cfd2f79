#include "pipeline/instance_timer.h"

#include "base/clock.h"
#include "loop/loop.h"
#include "pipeline/hook.h"

#include <stdlib.h>

#define BUCKETS_AT_FIRST 16

struct instance_timer {
    struct timer timer;          /* first */
    struct instance_timer *next; /* in its bucket */
    struct instance *instance;
    uint64_t id;
    uint64_t tag;
    int64_t interval; /* ns; 0: fires once */
};

/* -- by id, on the home loop -- */

static struct instance_timer **bucket_of(struct instance_timers *timers, uint64_t id)
{
    return &timers->buckets[id & (timers->bucket_count - 1)];
}

static void link_timer(struct instance_timers *timers, struct instance_timer *timer)
{
    struct instance_timer **bucket = bucket_of(timers, timer->id);
    timer->next = *bucket;
    *bucket = timer;
}

static int grow_buckets(struct instance_timers *timers)
{
    if (timers->count < timers->bucket_count)
        return OK;
    struct instance_timers grown = *timers;
    grown.bucket_count = timers->bucket_count == 0 ? BUCKETS_AT_FIRST : timers->bucket_count * 2;
    grown.buckets = calloc(grown.bucket_count, sizeof(struct instance_timer *));
    if (grown.buckets == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < timers->bucket_count; i++) {
        while (timers->buckets[i] != NULL) {
            struct instance_timer *timer = timers->buckets[i];
            timers->buckets[i] = timer->next;
            link_timer(&grown, timer);
        }
    }
    free(timers->buckets);
    *timers = grown;
    return OK;
}

/* Takes a timer out; NULL if it is over. */
static struct instance_timer *take_timer(struct instance_timers *timers, uint64_t id)
{
    if (timers->bucket_count == 0)
        return NULL;
    for (struct instance_timer **link = bucket_of(timers, id); *link != NULL;
         link = &(*link)->next) {
        struct instance_timer *timer = *link;
        if (timer->id != id)
            continue;
        *link = timer->next;
        timers->count--;
        return timer;
    }
    return NULL;
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
    if (timers->have_ended || grow_buckets(timers) != OK) {
        free(timer);
        return;
    }
    timer->timer.fire = fire_timer;
    link_timer(timers, timer);
    timers->count++;
    timer_start(&loop->timers, &timer->timer, deadline);
}

static void stop_here(struct instance *instance, uint64_t id)
{
    struct instance_timer *timer = take_timer(&instance->timers, id);
    if (timer != NULL)
        free_timer(timer);
}

void instance_timers_end(struct instance *instance)
{
    struct instance_timers *timers = &instance->timers;
    for (size_t i = 0; i < timers->bucket_count; i++) {
        while (timers->buckets[i] != NULL) {
            struct instance_timer *timer = timers->buckets[i];
            timers->buckets[i] = timer->next;
            free_timer(timer);
        }
    }
    free(timers->buckets);
    *timers = (struct instance_timers){.have_ended = true};
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
