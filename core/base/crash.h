/*
 * The crash report: when the process dies of a signal, or of a plugin's call of exit(), standard
 * error says in whose code, and so does the file that the log goes to.
 *
 * Each thread notes whose code it is about to run, which costs four plain stores; the handler reads
 * the note of the thread that crashed, and the watchdog (base/watched.h) reads those of all
 * threads. Everything in the handler is safe in a signal handler.
 */
#ifndef SLUICE_BASE_CRASH_H
#define SLUICE_BASE_CRASH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Somebody's code: an instance of a plugin. The strings live as long as it may run. */
struct crash_subject {
    const char *plugin;
    const char *version;
    const char *file;
    const char *instance;
    const char *endpoint;
};

/* What runs on this thread. Written by the thread alone, with the functions below. */
struct crash_running {
    _Atomic(const struct crash_subject *) subject; /* NULL: nobody's code but our own */
    _Atomic(const char *) hook;                    /* static storage */
    _Atomic uint64_t client_id;                    /* 0: none */
    _Atomic(const char *) loading; /* the plugin file that is being loaded, or NULL */
    _Atomic uint64_t steps; /* what the thread has begun: unchanged while one thing goes on */
    _Atomic bool is_busy;   /* our own code is at work: a loop that does not wait */
    const void *stage; /* the pipeline's struct stage that is asked, or NULL; not for the report */
};
extern _Thread_local struct crash_running crash_here;

static inline void crash_step(void)
{
    uint64_t steps = atomic_load_explicit(&crash_here.steps, memory_order_relaxed);
    atomic_store_explicit(&crash_here.steps, steps + 1, memory_order_relaxed);
}

/* The calls that follow are about this client; 0: about none. */
static inline void crash_about(uint64_t client_id)
{
    atomic_store_explicit(&crash_here.client_id, client_id, memory_order_relaxed);
}

/* Somebody's code runs as a part of what has begun, which may go on for ever: no step. */
static inline void crash_enter_inside(const struct crash_subject *subject, const char *hook,
                                      const void *stage)
{
    atomic_store_explicit(&crash_here.hook, hook, memory_order_relaxed);
    atomic_store_explicit(&crash_here.subject, subject, memory_order_relaxed);
    crash_here.stage = stage;
}

/* Somebody's code begins to run. */
static inline void crash_enter(const struct crash_subject *subject, const char *hook)
{
    crash_step();
    crash_enter_inside(subject, hook, NULL);
}

/* The same for a stage of a pipeline, which its host functions may ask for. */
static inline void crash_enter_stage(const struct crash_subject *subject, const char *hook,
                                     const void *stage)
{
    crash_step();
    crash_enter_inside(subject, hook, stage);
}

/* It has returned. */
static inline void crash_leave(void)
{
    atomic_store_explicit(&crash_here.subject, NULL, memory_order_relaxed);
}

/* The thread loads a plugin file, whose constructors run, and whose faults are met; NULL: no more.
 */
static inline void crash_load(const char *file)
{
    crash_step();
    atomic_store_explicit(&crash_here.loading, file, memory_order_relaxed);
}

/* A loop begins to work on what has happened, or waits again. */
static inline void crash_busy(bool is_busy)
{
    crash_step();
    atomic_store_explicit(&crash_here.is_busy, is_busy, memory_order_relaxed);
}

/* Whose code runs on the calling thread, or NULL. */
static inline const struct crash_subject *crash_current(void)
{
    return atomic_load_explicit(&crash_here.subject, memory_order_relaxed);
}

/* Installs the handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT. After the report the
 * signal goes its usual way: to a sanitizer, or to the end of the process with a core dump. Main
 * thread. */
void crash_install(void);

/* From now on a call of exit() is reported like a crash, and the process ends with status 1; until
 * crash_expect_exit says that the process ends as it should. Main thread. */
void crash_watch_exit(void);
void crash_expect_exit(void);

/* Gives the calling thread a stack for the report, since its own may be what is used up; and takes
 * it away before the thread ends. Without memory it goes on without. */
void crash_prepare_thread(void);
void crash_release_thread(void);

#endif
