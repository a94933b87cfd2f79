#include "hub/watchdog.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/thread.h"
#include "base/thread_trace.h"
#include "config/config.h"
#include "hub/hub.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define CALLS_MAX 64 /* that are looked at at once; more are counted when these are over */
#define LOOKS 4      /* within the shorter limit */
#define LOOK_AT_LEAST NS_PER_S
#define LOOK_AT_MOST (20 * NS_PER_MS)
#define REMIND (60 * NS_PER_S) /* between lines about the same call */
#define FRAME_TEXT_MAX 512
#define LATE                                                                                       \
    (NS_PER_S / 2) /* a look that comes later than this counts as a pause of everything            \
                    */

struct watchdog {
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t wake;
    bool is_stopping;
    struct hub *hub; /* NULL: there is none yet, or no longer */
    int64_t warn;
    int64_t unready; /* 0: never */
    struct watchdog_status status;
    struct watched_call calls[CALLS_MAX]; /* the thread's */
};

/* -- what is said -- */

static const char *consequence(enum watched_kind kind)
{
    switch (kind) {
    case WATCHED_LOOP:
        return "all clients of this loop wait for it; newcomers go to others";
    case WATCHED_WORKER:
        return "other offloaded work has one thread less";
    default:
        return "reloads and the end of the server wait for it";
    }
}

/* Which call of which thread, and for how long it goes on, or went on. */
struct call_story {
    enum watched_kind kind;
    unsigned index;
    const char *what;
    int64_t age;
};

/* `rest` ends the sentence. */
static void log_story(enum event event, const struct call_story *story, const char *verb,
                      const char *rest)
{
    char message[WATCHED_TEXT_MAX + 256];
    char thread[32];
    struct event_values values = {
        .message = message,
        .texts = {[EVENT_FIELD_THREAD] = thread, [EVENT_FIELD_CALL] = story->what}};
    snprintf(thread, sizeof thread, "%s-%u", watched_kind_name(story->kind), story->index);
    snprintf(message, sizeof message, "%s: %s %s %" PRId64 ".%" PRId64 " s%s", thread, story->what,
             verb, story->age / NS_PER_S, story->age / (NS_PER_S / 10) % 10, rest);
    event_set_number(&values, EVENT_FIELD_DURATION_MS, (uint64_t)(story->age / NS_PER_MS));
    event_log(event, "watchdog", &values);
}

static void log_call(const struct watched_call *call)
{
    char rest[128];
    const struct call_story story = {call->kind, call->index, call->what, call->age};
    snprintf(rest, sizeof rest, "; %s", consequence(call->kind));
    log_story(EVENT_CALL_STUCK, &story, "has not returned for", rest);
}

static void log_trace(const struct watched_call *call)
{
    void *frames[THREAD_TRACE_MAX];
    char text[FRAME_TEXT_MAX], message[FRAME_TEXT_MAX + 32], thread[32];
    struct event_values values = {
        .message = message, .texts = {[EVENT_FIELD_THREAD] = thread, [EVENT_FIELD_FRAME] = text}};
    size_t count = thread_trace(call->thread, frames);
    snprintf(thread, sizeof thread, "%s-%u", watched_kind_name(call->kind), call->index);
    if (count == 0)
        log_error("watchdog", "no backtrace of it: the thread does not answer a signal");
    for (size_t i = 0; i < count; i++) {
        thread_trace_describe(frames[i], call->file, text, sizeof text);
        snprintf(message, sizeof message, "  #%zu %s", i, text);
        event_set_number(&values, EVENT_FIELD_DEPTH, i);
        event_log(EVENT_CALL_FRAME, "watchdog", &values);
    }
}

static void log_end(void *context, enum watched_kind kind, unsigned index, int64_t age,
                    const char *what)
{
    (void)context;
    const struct call_story story = {kind, index, what, age};
    log_story(EVENT_CALL_RETURNED, &story, "has gone on after", "");
}

/* Without the lock: a backtrace takes its time. */
static void say(const struct watched_look *look, int64_t since_last)
{
    for (size_t i = 0; i < look->count; i++) {
        const struct watched_call *call = &look->calls[i];
        bool is_due = call->age / REMIND > (call->age - since_last) / REMIND;
        if (call->is_first_report || is_due)
            log_call(call);
        if (call->is_first_report)
            log_trace(call);
    }
}

/* -- with the lock: what others see -- */

static void mark_loops(const struct watchdog *watchdog, const struct watched_look *look)
{
    struct hub *hub = watchdog->hub;
    for (unsigned i = 0; hub != NULL && i < hub->set.count; i++) {
        bool is_stuck = false;
        for (size_t j = 0; j < look->count; j++)
            is_stuck =
                is_stuck || (look->calls[j].kind == WATCHED_LOOP && look->calls[j].index == i);
        atomic_store_explicit(&hub->set.shards[i].is_stuck, is_stuck, memory_order_relaxed);
    }
}

static void note_status(struct watchdog *watchdog, const struct watched_look *look)
{
    struct watchdog_status status = {.stuck_total = watchdog->status.stuck_total};
    for (size_t i = 0; i < look->count; i++) {
        const struct watched_call *call = &look->calls[i];
        status.stuck[call->kind]++;
        status.stuck_total += call->is_first_report;
        if (call->age <= status.oldest)
            continue;
        status.oldest = call->age;
        snprintf(status.what, sizeof status.what, "%s-%u: %s", watched_kind_name(call->kind),
                 call->index, call->what);
    }
    status.is_unready = watchdog->unready > 0 && status.oldest >= watchdog->unready;
    if (status.is_unready && !watchdog->status.is_unready)
        log_error("watchdog", "/readyz answers 503 from now on: %s", status.what);
    if (!status.is_unready && watchdog->status.is_unready)
        log_warn("watchdog", "/readyz does not fail for a hanging call any more");
    watchdog->status = status;
}

/* -- the thread -- */

static int64_t interval(const struct watchdog *watchdog)
{
    int64_t shorter = watchdog->warn;
    if (watchdog->unready > 0 && watchdog->unready < shorter)
        shorter = watchdog->unready;
    int64_t wait = shorter / LOOKS;
    if (wait > LOOK_AT_LEAST)
        return LOOK_AT_LEAST;
    return wait < LOOK_AT_MOST ? LOOK_AT_MOST : wait;
}

/* With the lock, which is not held while it speaks. */
static void look_once(struct watchdog *watchdog, int64_t now, int64_t since_last)
{
    int64_t late = since_last - interval(watchdog);
    struct watched_look look = {.now = now,
                                .paused = late > LATE ? late : 0,
                                .limit = watchdog->warn,
                                .calls = watchdog->calls,
                                .max = CALLS_MAX,
                                .ended = log_end};
    watched_look(&look);
    mark_loops(watchdog, &look);
    note_status(watchdog, &look);
    pthread_mutex_unlock(&watchdog->lock);
    say(&look, since_last);
    pthread_mutex_lock(&watchdog->lock);
}

static void wait_until(struct watchdog *watchdog, int64_t time)
{
    struct timespec until = {.tv_sec = time / NS_PER_S, .tv_nsec = time % NS_PER_S};
    int error = 0;
    while (!watchdog->is_stopping && error == 0)
        error = pthread_cond_timedwait(&watchdog->wake, &watchdog->lock, &until);
}

static void *watch(void *argument)
{
    struct watchdog *watchdog = argument;
    int64_t last = clock_monotonic();
    pthread_mutex_lock(&watchdog->lock);
    while (!watchdog->is_stopping) {
        int64_t now = clock_monotonic();
        look_once(watchdog, now, now - last);
        last = now;
        wait_until(watchdog, now + interval(watchdog));
    }
    pthread_mutex_unlock(&watchdog->lock);
    return NULL;
}

static int start_thread(struct watchdog *watchdog)
{
    int error = thread_begin(&watchdog->thread, "watchdog", watch, watchdog);
    return error == 0 ? OK : ERR_SYSTEM;
}

/* -- life -- */

static void dispose(struct watchdog *watchdog)
{
    pthread_cond_destroy(&watchdog->wake);
    pthread_mutex_destroy(&watchdog->lock);
    free(watchdog);
}

int watchdog_create(const struct config *config, struct watchdog **out)
{
    pthread_condattr_t monotonic;
    struct watchdog *watchdog = calloc(1, sizeof *watchdog);
    if (watchdog == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&watchdog->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&watchdog->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    watchdog_configure(watchdog, config);
    if (start_thread(watchdog) != OK) {
        dispose(watchdog);
        return ERR_SYSTEM;
    }
    *out = watchdog;
    return OK;
}

void watchdog_use_hub(struct watchdog *watchdog, struct hub *hub)
{
    pthread_mutex_lock(&watchdog->lock);
    watchdog->hub = hub;
    pthread_mutex_unlock(&watchdog->lock);
}

void watchdog_configure(struct watchdog *watchdog, const struct config *config)
{
    pthread_mutex_lock(&watchdog->lock);
    watchdog->warn = config->watchdog_warn;
    watchdog->unready = config->watchdog_unready;
    pthread_mutex_unlock(&watchdog->lock);
}

void watchdog_read(struct watchdog *watchdog, struct watchdog_status *out)
{
    pthread_mutex_lock(&watchdog->lock);
    *out = watchdog->status;
    pthread_mutex_unlock(&watchdog->lock);
}

void watchdog_destroy(struct watchdog *watchdog)
{
    if (watchdog == NULL)
        return;
    pthread_mutex_lock(&watchdog->lock);
    watchdog->is_stopping = true;
    pthread_cond_signal(&watchdog->wake);
    pthread_mutex_unlock(&watchdog->lock);
    pthread_join(watchdog->thread, NULL);
    dispose(watchdog);
}
