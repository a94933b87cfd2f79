#include "loop/loop.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/thread_trace.h"
#include "base/watched.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_PER_ITERATION 512

static _Thread_local struct loop *current;

struct loop *loop_current(void)
{
    return current;
}

int loop_init(struct loop *loop, unsigned index)
{
    *loop = (struct loop){.index = index, .now = clock_monotonic(), .epoll_fd = -1};
    timer_wheel_init(&loop->timers, loop->now);
    if (mailbox_init(&loop->mailbox) != OK)
        return ERR_SYSTEM;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event bell = {.events = EPOLLIN, .data.ptr = NULL};
    if (loop->epoll_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->mailbox.event_fd, &bell) != 0) {
        loop_deinit(loop);
        return ERR_SYSTEM;
    }
    return OK;
}

void loop_deinit(struct loop *loop)
{
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    loop->epoll_fd = -1;
    mailbox_deinit(&loop->mailbox);
}

/* Returns whether there was any. */
static bool deliver_mail(struct loop *loop)
{
    struct mail *mail = mailbox_take(&loop->mailbox);
    bool had_mail = mail != NULL;
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->deliver(loop, mail);
        loop->on_event_end(loop);
        mail = next;
    }
    return had_mail;
}

static int wait_milliseconds(const struct loop *loop, int64_t now)
{
    int64_t wait = timer_wheel_wait(&loop->timers, now);
    if (loop->wake_at > 0 && (wait < 0 || loop->wake_at - now < wait))
        wait = loop->wake_at > now ? loop->wake_at - now : 0;
    return wait < 0 ? -1 : (int)((wait + NS_PER_MS - 1) / NS_PER_MS);
}

/* Whether every descriptor that was ready at `seen_until` has been seen to. The kernel gives out
 * those that are ready in turn, so that takes a bounded number of iterations, however busy. */
static bool has_seen_all(struct loop *loop, int count, bool mail)
{
    if (loop->not_seen == 0) {
        loop->not_seen = loop->watched;
        loop->seen_until = loop->now;
    }
    if (count < 0)
        return false; /* Interrupted: whoever stopped the process and let it go on, say. */
    size_t seen = (size_t)count - (mail ? 1 : 0);
    if (count < EVENTS_PER_ITERATION || seen >= loop->not_seen)
        loop->not_seen = 0;
    else
        loop->not_seen -= seen;
    return loop->not_seen == 0;
}

static void note_end(struct loop *loop, int64_t began, int64_t ended)
{
    struct loop_finished *finished = &loop->finished;
    histogram_add(&loop->busy, (uint64_t)(ended - began));
    if (finished->count == 0)
        return;
    histogram_add_many(finished->histogram, (uint64_t)(ended - finished->since), finished->count);
    finished->count = 0;
}

/* Ends the iteration before, and waits for events unless there is more to do at once. The clock is
 * read no more often than the loop itself needs: an iteration that another one follows at once ends
 * where that one begins. */
static int wait_for_events(struct loop *loop, struct epoll_event *events, bool more_to_do)
{
    int64_t began = loop->now;
    int timeout = 0;
    if (!more_to_do) {
        int64_t ended = clock_monotonic();
        note_end(loop, began, ended);
        timeout = wait_milliseconds(loop, ended);
    }
    crash_busy(false);
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_PER_ITERATION, timeout);
    crash_busy(true);
    loop->now = clock_monotonic();
    if (more_to_do)
        note_end(loop, began, loop->now);
    counter_add(&loop->iterations, 1);
    return count;
}

static void fire_timers(struct loop *loop)
{
    if (!timer_wheel_is_behind(&loop->timers, loop->seen_until))
        return;
    int64_t due = timer_wheel_due(&loop->timers);
    if (due >= 0 && due <= loop->seen_until)
        histogram_add(&loop->lag, (uint64_t)(loop->now - due));
    timer_wheel_advance(&loop->timers, loop, loop->seen_until, loop->on_event_end);
}

/* One iteration: wait, sockets, mail, timers, and what the owner does at its end. */
static bool loop_iterate(struct loop *loop, bool more_to_do)
{
    struct epoll_event events[EVENTS_PER_ITERATION];
    bool mail = false;

    int count = wait_for_events(loop, events, more_to_do);
    for (int i = 0; i < count; i++) {
        struct io_source *source = events[i].data.ptr;
        if (source == NULL) {
            mail = true;
            continue;
        }
        source->on_ready(loop, source, events[i].events);
        loop->on_event_end(loop);
    }
    if (mail)
        deliver_mail(loop);
    /* Last: after a pause, what has arrived in the meantime counts before a deadline does. */
    if (has_seen_all(loop, count, mail))
        fire_timers(loop);
    return loop->on_iteration_end(loop);
}

static void *loop_run(void *argument)
{
    struct loop *loop = argument;
    bool more_to_do = false;

    current = loop;
    crash_prepare_thread();
    thread_trace_allow();
    watched_begin(WATCHED_LOOP, loop->index);
    loop->now = clock_monotonic();
    while (!atomic_load_explicit(&loop->stop, memory_order_acquire))
        more_to_do = loop_iterate(loop, more_to_do);
    loop->on_stop(loop);
    crash_busy(false);
    watched_end();
    crash_release_thread();
    current = NULL;
    return NULL;
}

int loop_start(struct loop *loop)
{
    char name[16];
    int error = pthread_create(&loop->thread, NULL, loop_run, loop);
    if (error != 0) {
        log_error("loop", "cannot start thread: %s", strerror(error));
        return ERR_SYSTEM;
    }
    snprintf(name, sizeof name, "loop-%u", loop->index % 1000);
    pthread_setname_np(loop->thread, name);
    return OK;
}

/* The mail that makes a sleeping loop look at its stop flag. */
static void deliver_nothing(struct loop *loop, struct mail *mail)
{
    (void)loop;
    (void)mail;
}

void loop_stop(struct loop *loop)
{
    struct mail wake = {.deliver = deliver_nothing};
    atomic_store_explicit(&loop->stop, true, memory_order_release);
    loop_post(loop, &wake);
    pthread_join(loop->thread, NULL);
    loop_deliver_rest(loop);
}

bool loop_deliver_rest(struct loop *loop)
{
    return deliver_mail(loop);
}

void loop_post(struct loop *loop, struct mail *mail)
{
    mailbox_post(&loop->mailbox, mail);
}

int loop_watch(struct loop *loop, int fd, struct io_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return ERR_SYSTEM;
    loop->watched++;
    return OK;
}

void loop_rewatch(struct loop *loop, int fd, struct io_source *source, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = source};
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, fd, &event);
}

void loop_unwatch(struct loop *loop, int fd)
{
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    loop->watched--;
}
