#include "pipeline/descriptor_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"
#include "pipeline/descriptor_set.h"
#include "pipeline/hook.h"
#include "pipeline/pipeline.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CALLS_PER_TURN 16 /* then the loop's clients have theirs */

struct descriptor_watches {
    struct io_source source; /* first: the set's epoll, on the home loop */
    struct mail begin_mail;
    struct instance *instance; /* borrowed; begin_mail holds a reference */
    bool is_begun;             /* the home loop's: it watches the epoll */
    pthread_mutex_t lock;      /* of what follows */
    struct descriptor_set set;
    uint64_t refused;
};

static struct descriptor_watches *watches_of(const struct instance *instance)
{
    return atomic_load_explicit(&instance->watches, memory_order_acquire);
}

/* -- on the home loop -- */

/* A new epoll with what is watched takes the place of one that has more in it. Without a descriptor
 * for it the next turn tries again. */
static void renew_epoll(struct loop *loop, struct descriptor_watches *watches)
{
    int fresh = epoll_create1(EPOLL_CLOEXEC);
    if (fresh < 0)
        return;
    if (loop_watch(loop, fresh, &watches->source, EPOLLIN) != OK) {
        close(fresh);
        return;
    }
    pthread_mutex_lock(&watches->lock);
    int old = descriptor_set_renew(&watches->set, fresh);
    pthread_mutex_unlock(&watches->lock);
    loop_unwatch(loop, old);
    close(old);
}

static void log_closed_watch(struct instance *instance, int fd)
{
    if (instance_may_log(instance, INSTANCE_LOG_DESCRIPTOR, clock_monotonic()))
        log_warn("pipeline",
                 "%s of %s has closed descriptor %d while it was watched: it is watched no more",
                 instance->name, instance->seen.endpoint, fd);
}

/* A copy of the watch that is ready. False: it is over, or its descriptor is. */
static bool take_ready(struct descriptor_watches *watches, uint64_t id,
                       struct descriptor_watch *out)
{
    pthread_mutex_lock(&watches->lock);
    struct descriptor_watch *watch = descriptor_set_find(&watches->set, id);
    bool is_there = watch != NULL;
    bool is_closed = is_there && fcntl(watch->fd, F_GETFD) < 0;
    if (is_there)
        *out = *watch;
    if (is_closed)
        descriptor_set_remove(&watches->set, watch);
    pthread_mutex_unlock(&watches->lock);
    if (is_closed)
        log_closed_watch(watches->instance, out->fd);
    return is_there && !is_closed;
}

static void call_ready(struct descriptor_watches *watches, const struct epoll_event *event)
{
    struct instance *instance = watches->instance;
    struct descriptor_watch watch;
    if (!take_ready(watches, event->data.u64, &watch))
        return;
    uint32_t events = descriptor_events_of(event->events) & (watch.events | SL_FD_ERROR);
    if (watch.events == 0 || events == 0)
        return; /* A callback of this turn has changed it. */
    hook_begin(instance, NULL, 0, "fd_watch");
    watch.ready(&instance->seen, watch.id, watch.fd, events, watch.context);
    hook_end();
}

static void on_epoll_ready(struct loop *loop, struct io_source *source, uint32_t events)
{
    struct descriptor_watches *watches = (struct descriptor_watches *)source;
    struct epoll_event ready[CALLS_PER_TURN];
    (void)events;
    int count = epoll_wait(watches->set.epoll_fd, ready, CALLS_PER_TURN, 0);
    for (int i = 0; i < count; i++) {
        call_ready(watches, &ready[i]);
        if (i + 1 < count)
            loop->on_event_end(loop);
    }
    pthread_mutex_lock(&watches->lock);
    bool has_to_renew = watches->set.may_have_lost;
    pthread_mutex_unlock(&watches->lock);
    if (has_to_renew)
        renew_epoll(loop, watches);
}

static void begin_here(struct loop *loop, struct descriptor_watches *watches)
{
    watches->is_begun = loop_watch(loop, watches->set.epoll_fd, &watches->source, EPOLLIN) == OK;
    if (!watches->is_begun)
        log_error("pipeline", "cannot watch the descriptors of %s of %s: %s",
                  watches->instance->name, watches->instance->seen.endpoint, strerror(errno));
}

static struct descriptor_watches *watches_of_mail(struct mail *mail)
{
    return (struct descriptor_watches *)((char *)mail -
                                         offsetof(struct descriptor_watches, begin_mail));
}

static void begin_at_home(struct loop *loop, struct mail *mail)
{
    struct descriptor_watches *watches = watches_of_mail(mail);
    if (watches->instance->is_created)
        begin_here(loop, watches);
    instance_unref(watches->instance);
}

/* The main thread has come back from create. */
static void send_home(struct loop *loop, struct mail *mail)
{
    (void)loop;
    mail->deliver = begin_at_home;
    loop_post(watches_of_mail(mail)->instance->home, mail);
}

static void destroy_watches(struct descriptor_watches *watches)
{
    descriptor_set_deinit(&watches->set);
    pthread_mutex_destroy(&watches->lock);
    free(watches);
}

void descriptor_watches_end(struct instance *instance)
{
    struct descriptor_watches *watches = watches_of(instance);
    if (watches == NULL)
        return;
    if (watches->is_begun)
        loop_unwatch(instance->home, watches->set.epoll_fd);
    atomic_store_explicit(&instance->watches, NULL, memory_order_relaxed);
    destroy_watches(watches);
}

/* -- from any thread -- */

static struct descriptor_watches *create_watches(struct instance *instance)
{
    struct descriptor_watches *watches = calloc(1, sizeof *watches);
    if (watches == NULL)
        return NULL;
    pthread_mutex_init(&watches->lock, NULL);
    watches->source.on_ready = on_epoll_ready;
    watches->instance = instance;
    if (descriptor_set_init(&watches->set) == OK)
        return watches;
    destroy_watches(watches);
    return NULL;
}

/* No callback runs before create has returned: on the main thread it runs, and what is posted there
 * waits for it. A timer or offloaded work may make the first watch while it still runs. */
static void begin_watches(struct descriptor_watches *watches)
{
    struct instance *instance = watches->instance;
    if (loop_current() == instance->home && instance->is_created) {
        begin_here(instance->home, watches);
        return;
    }
    instance_ref(instance);
    watches->begin_mail.deliver = send_home;
    mailbox_post(instance->pipeline->control, &watches->begin_mail);
}

/* Made by the first watch. NULL: no memory, or no descriptor. */
static struct descriptor_watches *need_watches(struct instance *instance)
{
    struct descriptor_watches *there = watches_of(instance);
    if (there != NULL)
        return there;
    struct descriptor_watches *made = create_watches(instance);
    if (made == NULL)
        return NULL;
    if (!atomic_compare_exchange_strong(&instance->watches, &there, made)) {
        destroy_watches(made); /* Another thread was faster. */
        return there;
    }
    begin_watches(made);
    return made;
}

static uint64_t watch_within_limit(struct descriptor_watches *watches,
                                   const struct descriptor_watch *wanted)
{
    const struct pipeline *pipeline = watches->instance->pipeline;
    const struct descriptor_watch *watch = NULL;
    size_t most = atomic_load_explicit(&pipeline->descriptors_max, memory_order_relaxed);
    pthread_mutex_lock(&watches->lock);
    if (watches->set.count < most)
        watch = descriptor_set_add(&watches->set, wanted);
    else
        watches->refused++;
    uint64_t id = watch != NULL ? watch->id : 0;
    pthread_mutex_unlock(&watches->lock);
    return id;
}

uint64_t descriptor_watch(struct instance *instance, int fd, uint32_t events,
                          descriptor_ready *ready, void *context)
{
    const struct descriptor_watch wanted = {
        .fd = fd, .events = events, .ready = ready, .context = context};
    uint64_t id = 0;
    if (fd < 0 || ready == NULL || (events & ~DESCRIPTOR_EVENTS) != 0 ||
        !instance_try_ref(instance))
        return 0; /* An instance without references is being destroyed. */
    struct descriptor_watches *watches = need_watches(instance);
    if (watches != NULL)
        id = watch_within_limit(watches, &wanted);
    instance_unref(instance);
    return id;
}

/* Locks an instance's watches. NULL: there are none, or it is being destroyed. */
static struct descriptor_watches *hold_watches(struct instance *instance)
{
    if (!instance_try_ref(instance))
        return NULL;
    struct descriptor_watches *watches = watches_of(instance);
    if (watches != NULL)
        pthread_mutex_lock(&watches->lock);
    else
        instance_unref(instance);
    return watches;
}

static void release_watches(struct descriptor_watches *watches)
{
    if (watches == NULL)
        return;
    pthread_mutex_unlock(&watches->lock);
    instance_unref(watches->instance);
}

int descriptor_watch_change(struct instance *instance, uint64_t id, uint32_t events)
{
    if ((events & ~DESCRIPTOR_EVENTS) != 0)
        return ERR_INVALID;
    struct descriptor_watches *watches = hold_watches(instance);
    if (watches == NULL)
        return ERR_NOT_FOUND;
    struct descriptor_watch *watch = descriptor_set_find(&watches->set, id);
    int error = watch != NULL ? descriptor_set_change(&watches->set, watch, events) : ERR_NOT_FOUND;
    release_watches(watches);
    return error;
}

void descriptor_unwatch(struct instance *instance, uint64_t id)
{
    struct descriptor_watches *watches = hold_watches(instance);
    struct descriptor_watch *watch =
        watches != NULL ? descriptor_set_find(&watches->set, id) : NULL;
    if (watch != NULL)
        descriptor_set_remove(&watches->set, watch);
    release_watches(watches);
}

bool descriptor_watches_read(const struct instance *instance, struct descriptor_watch_stats *out)
{
    struct descriptor_watches *watches = watches_of(instance);
    if (watches == NULL)
        return false;
    pthread_mutex_lock(&watches->lock);
    *out =
        (struct descriptor_watch_stats){.watched = watches->set.count, .refused = watches->refused};
    pthread_mutex_unlock(&watches->lock);
    return true;
}
