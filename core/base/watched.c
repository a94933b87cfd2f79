#include "base/watched.h"

#include "base/crash.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

struct watched_thread {
    TAILQ_ENTRY(watched_thread) queue;
    enum watched_kind kind;
    unsigned index;
    pid_t id;
    const struct crash_running *running;
    /* The watchdog's notes. */
    uint64_t steps;
    int64_t since; /* when it was first seen at this step */
    bool is_reported;
    char reported[WATCHED_TEXT_MAX];
};

static TAILQ_HEAD(, watched_thread) threads = TAILQ_HEAD_INITIALIZER(threads);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct watched_thread here;

const char *watched_kind_name(enum watched_kind kind)
{
    static const char *const names[] = {
        [WATCHED_MAIN] = "main", [WATCHED_LOOP] = "loop", [WATCHED_WORKER] = "worker"};
    return names[kind];
}

void watched_begin(enum watched_kind kind, unsigned index)
{
    here = (struct watched_thread){
        .kind = kind, .index = index, .id = gettid(), .running = &crash_here};
    pthread_mutex_lock(&lock);
    TAILQ_INSERT_TAIL(&threads, &here, queue);
    pthread_mutex_unlock(&lock);
}

void watched_end(void)
{
    pthread_mutex_lock(&lock);
    TAILQ_REMOVE(&threads, &here, queue);
    pthread_mutex_unlock(&lock);
}

/* A look that comes after sees that the note was taken back; one that came before is over. */
void watched_forget(void)
{
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

/* -- with the lock: what a thread does -- */

static const struct crash_subject *subject_of(const struct watched_thread *thread)
{
    return atomic_load_explicit(&thread->running->subject, memory_order_relaxed);
}

static const char *loading_of(const struct watched_thread *thread)
{
    return atomic_load_explicit(&thread->running->loading, memory_order_relaxed);
}

static bool is_busy(const struct watched_thread *thread)
{
    return subject_of(thread) != NULL || loading_of(thread) != NULL ||
           atomic_load_explicit(&thread->running->is_busy, memory_order_relaxed);
}

static uint64_t steps_of(const struct watched_thread *thread)
{
    return atomic_load_explicit(&thread->running->steps, memory_order_relaxed);
}

static void describe(const struct watched_thread *thread, char text[WATCHED_TEXT_MAX])
{
    const struct crash_subject *subject = subject_of(thread);
    const char *hook = atomic_load_explicit(&thread->running->hook, memory_order_relaxed);
    uint64_t client = atomic_load_explicit(&thread->running->client_id, memory_order_relaxed);
    char about[32] = "";
    if (subject == NULL) {
        const char *loading = loading_of(thread);
        snprintf(text, WATCHED_TEXT_MAX, "%s%s",
                 loading != NULL ? "the loading of plugin file " : "the server's own code",
                 loading != NULL ? loading : "");
        return;
    }
    if (client != 0)
        snprintf(about, sizeof about, ", client %" PRIu64, client);
    snprintf(text, WATCHED_TEXT_MAX, "hook %s of plugin '%s' %s (instance %s of endpoint %s%s)",
             hook, subject->plugin, subject->version, subject->instance, subject->endpoint, about);
}

/* -- looking -- */

static void note_progress(struct watched_thread *thread, struct watched_look *look, uint64_t steps)
{
    if (thread->is_reported)
        look->ended(look->context, thread->kind, thread->index, look->now - thread->since,
                    thread->reported);
    thread->is_reported = false;
    thread->steps = steps;
    thread->since = look->now;
}

static void report(struct watched_thread *thread, struct watched_look *look)
{
    if (look->count == look->max)
        return;
    struct watched_call *call = &look->calls[look->count];
    const struct crash_subject *subject = subject_of(thread);
    *call = (struct watched_call){.kind = thread->kind,
                                  .index = thread->index,
                                  .thread = thread->id,
                                  .age = look->now - thread->since,
                                  .is_first_report = !thread->is_reported};
    describe(thread, call->what);
    const char *file = subject != NULL ? subject->file : loading_of(thread);
    snprintf(call->file, sizeof call->file, "%s", file != NULL ? file : "");
    if (steps_of(thread) != thread->steps)
        return; /* It has gone on meanwhile: what was written may be of two calls. */
    if (!thread->is_reported)
        memcpy(thread->reported, call->what, sizeof thread->reported);
    thread->is_reported = true;
    look->count++;
}

void watched_look(struct watched_look *look)
{
    struct watched_thread *thread;
    look->count = 0;
    pthread_mutex_lock(&lock);
    TAILQ_FOREACH(thread, &threads, queue)
    {
        uint64_t steps = steps_of(thread);
        thread->since += look->paused;
        if (!is_busy(thread) || steps != thread->steps)
            note_progress(thread, look, steps);
        else if (look->now - thread->since >= look->limit)
            report(thread, look);
    }
    pthread_mutex_unlock(&lock);
}

void watched_tell(void (*tell)(void *context, const char *thread, const char *what), void *context)
{
    const struct watched_thread *thread;
    char name[32];
    char what[WATCHED_TEXT_MAX];
    pthread_mutex_lock(&lock);
    TAILQ_FOREACH(thread, &threads, queue)
    {
        if (!is_busy(thread))
            continue;
        describe(thread, what);
        snprintf(name, sizeof name, "%s-%u", watched_kind_name(thread->kind), thread->index);
        tell(context, thread->kind == WATCHED_MAIN ? "main" : name, what);
    }
    pthread_mutex_unlock(&lock);
}
