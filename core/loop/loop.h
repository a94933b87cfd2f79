/*
 * An event loop: one thread, one epoll, one mailbox, one timer wheel.
 *
 * Everything but loop_post and loop_stop belongs to the loop's own thread. What the loop is for is
 * its owner's business, who sets the three on_* functions.
 */
#ifndef SLUICE_LOOP_LOOP_H
#define SLUICE_LOOP_LOOP_H

#include "base/counter.h"
#include "base/histogram.h"
#include "loop/mailbox.h"
#include "loop/timer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What epoll watches: embedded in the struct that `on_ready` knows. `events` are EPOLL* bits. */
struct io_source {
    void (*on_ready)(struct loop *loop, struct io_source *source, uint32_t events);
};

/* What an iteration has finished, until the clock is read. */
struct loop_finished {
    struct histogram *histogram;
    int64_t since; /* monotonic ns: when the first of it began */
    uint64_t count;
};

struct loop {
    unsigned index;
    int epoll_fd;
    int64_t now;        /* monotonic ns, read once an iteration */
    size_t watched;     /* descriptors */
    size_t not_seen;    /* how many of them may have been ready at `seen_until`, unseen so far */
    int64_t seen_until; /* monotonic ns; timers that were due by then fire when all are seen */
    struct mailbox mailbox;
    struct timer_wheel timers;
    int64_t wake_at; /* monotonic ns: an iteration is wanted then, to the millisecond; 0: no */
    /* The owner's part, on the loop's thread: after each socket's event and each mail; at the end
     * of each iteration (returns whether there is more to do at once); before the thread ends. */
    void (*on_event_end)(struct loop *loop);
    bool (*on_iteration_end)(struct loop *loop);
    void (*on_stop)(struct loop *loop);
    void *owner;
    pthread_t thread;
    _Atomic bool stop;
    struct loop_finished finished;
    counter iterations;
    struct histogram busy; /* ns: what an iteration took, from the end of its wait */
    struct histogram lag;  /* ns: how late it was for timers, when there were any to fire */
};

/* Opens the loop's descriptors; its thread is started by loop_start.
 * Returns 0 or ERR_SYSTEM. */
MUST_CHECK int loop_init(struct loop *loop, unsigned index);

/* Closes the descriptors of a loop whose thread does not run. */
void loop_deinit(struct loop *loop);

/* Starts the thread. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int loop_start(struct loop *loop);

/* Asks the thread to end after its current iteration (any thread), and waits for it. */
void loop_stop(struct loop *loop);

/* Hands a mail to the loop. Any thread; the loop owns the mail from here on. */
void loop_post(struct loop *loop, struct mail *mail);

/* Delivers what has been posted to a loop whose thread does not run, so that it is freed. Returns
 * whether there was anything. */
bool loop_deliver_rest(struct loop *loop);

/* Watches `fd`; `source` must live until loop_unwatch and the end of that iteration.
 * Returns 0 or ERR_SYSTEM. */
MUST_CHECK int loop_watch(struct loop *loop, int fd, struct io_source *source, uint32_t events);

/* Changes what is watched for. */
void loop_rewatch(struct loop *loop, int fd, struct io_source *source, uint32_t events);

void loop_unwatch(struct loop *loop, int fd);

/* Counts `count` things that began at `since` (monotonic ns) and are finished now. How long they
 * took is in `histogram` once the loop has read the clock, at the end of the iteration. All that an
 * iteration finishes is counted as long as what began first. One histogram a loop. */
static inline void loop_count_finished(struct loop *loop, struct histogram *histogram,
                                       int64_t since, uint64_t count)
{
    struct loop_finished *finished = &loop->finished;
    finished->histogram = histogram;
    if (finished->count == 0 || since < finished->since)
        finished->since = since;
    finished->count += count;
}

/* The loop that the calling thread runs, or NULL. */
struct loop *loop_current(void);

#endif
