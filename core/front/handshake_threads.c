#include "front/handshake_threads.h"

#include "base/log.h"
#include "base/thread.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

/* On a core that an event loop keeps busy a thread gets about a quarter: with two cores that is as
 * much as one thread of the loops' own priority would get. */
#define NICENESS 5

#define TURNS_EACH 2 /* for each thread: one that it does, and the next one */

struct handshake_threads {
    pthread_mutex_t lock; /* of everything below, and of parts of struct handshake_turns */
    pthread_cond_t wake;
    pthread_cond_t is_over;
    struct pending_queue given; /* not begun yet */
    bool is_stopping;
    bool has_started;
    unsigned count;   /* wanted; the number of places below */
    unsigned running; /* started */
    pthread_t threads[];
};

unsigned handshake_threads_auto(void)
{
    cpu_set_t cpus;
    unsigned count = 1;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        count = (unsigned)CPU_COUNT(&cpus);
    return count < HANDSHAKE_THREADS_MAX ? count : HANDSHAKE_THREADS_MAX;
}

int handshake_threads_create(unsigned count, struct handshake_threads **out)
{
    struct handshake_threads *threads = calloc(1, sizeof *threads + count * sizeof(pthread_t));
    if (threads == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&threads->lock, NULL);
    pthread_cond_init(&threads->wake, NULL);
    pthread_cond_init(&threads->is_over, NULL);
    TAILQ_INIT(&threads->given);
    threads->count = count;
    *out = threads;
    return OK;
}

void handshake_threads_destroy(struct handshake_threads *threads)
{
    if (threads == NULL)
        return;
    pthread_mutex_lock(&threads->lock);
    threads->is_stopping = true;
    pthread_cond_broadcast(&threads->wake);
    pthread_mutex_unlock(&threads->lock);
    for (unsigned i = 0; i < threads->running; i++)
        pthread_join(threads->threads[i], NULL);
    pthread_cond_destroy(&threads->is_over);
    pthread_cond_destroy(&threads->wake);
    pthread_mutex_destroy(&threads->lock);
    free(threads);
}

int handshake_turns_init(struct handshake_turns *turns, size_t max_head)
{
    *turns = (struct handshake_turns){.max_head = max_head,
                                      .event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
    TAILQ_INIT(&turns->over);
    return turns->event_fd >= 0 ? OK : ERR_SYSTEM;
}

void handshake_turns_deinit(struct handshake_turns *turns)
{
    if (turns->event_fd >= 0)
        close(turns->event_fd);
}

/* -- the threads -- */

/* With the lock. NULL: the threads are to end. */
static struct pending *wait_for_turn(struct handshake_threads *threads)
{
    struct pending *pending;
    while ((pending = TAILQ_FIRST(&threads->given)) == NULL && !threads->is_stopping)
        pthread_cond_wait(&threads->wake, &threads->lock);
    if (pending != NULL)
        TAILQ_REMOVE(&threads->given, pending, link);
    return pending;
}

/* With the lock. The accepting thread takes back all that are over at once, so it is woken for the
 * first one only. */
static void end_turn(struct handshake_threads *threads, struct pending *pending)
{
    struct handshake_turns *turns = pending->turns;
    bool is_first = TAILQ_EMPTY(&turns->over);
    TAILQ_INSERT_TAIL(&turns->over, pending, link);
    if (is_first)
        (void)eventfd_write(turns->event_fd, 1);
    if (--turns->running == 0)
        pthread_cond_broadcast(&threads->is_over);
}

static void *run_handshakes(void *argument)
{
    struct handshake_threads *threads = argument;
    struct pending *pending;
    /* Lower than the loops, whatever the server was started with. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, 0) + NICENESS);
    pthread_mutex_lock(&threads->lock);
    while ((pending = wait_for_turn(threads)) != NULL) {
        pthread_mutex_unlock(&threads->lock);
        pending->turn_state = pending_examine(pending, NULL, pending->turns->max_head);
        pthread_mutex_lock(&threads->lock);
        end_turn(threads, pending);
    }
    pthread_mutex_unlock(&threads->lock);
    return NULL;
}

/* With the lock. */
static void start_threads(struct handshake_threads *threads)
{
    char name[16];
    int error = 0;
    threads->has_started = true;
    while (threads->running < threads->count && error == 0) {
        pthread_t *thread = &threads->threads[threads->running];
        snprintf(name, sizeof name, "handshake-%u", threads->running % 1000);
        error = thread_begin(thread, name, run_handshakes, threads);
        if (error == 0)
            threads->running++;
    }
    if (error != 0)
        log_warn("front", "only %u of %u threads for TLS handshakes could be started: %s",
                 threads->running, threads->count, strerror(error));
}

/* -- accepting threads -- */

bool handshake_threads_have_room(const struct handshake_threads *threads,
                                 const struct handshake_turns *turns)
{
    return turns->count < (size_t)threads->count * TURNS_EACH;
}

bool handshake_threads_give(struct handshake_threads *threads, struct handshake_turns *turns,
                            struct pending *pending)
{
    pthread_mutex_lock(&threads->lock);
    if (!threads->has_started)
        start_threads(threads);
    bool is_given = threads->running > 0;
    if (is_given) {
        pending->turns = turns;
        turns->running++;
        turns->count++;
        TAILQ_INSERT_TAIL(&threads->given, pending, link);
        pthread_cond_signal(&threads->wake);
    }
    pthread_mutex_unlock(&threads->lock);
    return is_given;
}

struct pending *handshake_threads_take_back(struct handshake_threads *threads,
                                            struct handshake_turns *turns)
{
    eventfd_t ignored;
    pthread_mutex_lock(&threads->lock);
    struct pending *pending = TAILQ_FIRST(&turns->over);
    if (pending != NULL) {
        TAILQ_REMOVE(&turns->over, pending, link);
        turns->count--;
    } else {
        (void)eventfd_read(turns->event_fd, &ignored);
    }
    pthread_mutex_unlock(&threads->lock);
    return pending;
}

void handshake_threads_wait(struct handshake_threads *threads, struct handshake_turns *turns)
{
    pthread_mutex_lock(&threads->lock);
    while (turns->running > 0)
        pthread_cond_wait(&threads->is_over, &threads->lock);
    pthread_mutex_unlock(&threads->lock);
}
