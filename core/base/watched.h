/*
 * The threads that plugins' code runs on, and how to see from another thread whether one of them
 * goes on.
 *
 * A thread says itself that it is there (watched_begin) and that it ends. It pays nothing else:
 * what it runs is in its note (base/crash.h), which counts steps. One thread, the watchdog, looks
 * at all notes now and then: a thread that is busy and has taken no step since the last look is
 * still in the same call. Times are the watchdog's own, so an age is short by one interval at most.
 */
#ifndef SLUICE_BASE_WATCHED_H
#define SLUICE_BASE_WATCHED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum watched_kind { WATCHED_MAIN, WATCHED_LOOP, WATCHED_WORKER, WATCHED_KIND_COUNT };

#define WATCHED_TEXT_MAX 512

/* A thread that is busy with one thing, as it was at a look. */
struct watched_call {
    int64_t age; /* ns */
    enum watched_kind kind;
    unsigned index;              /* of the loop or the worker */
    pid_t thread;                /* for thread_trace */
    bool is_first_report;        /* not reported before */
    char file[WATCHED_TEXT_MAX]; /* the plugin's; "" for our own code */
    char what[WATCHED_TEXT_MAX]; /* "hook on_message of plugin 'x' 1.0 (x#1 of /ws, client 5)" */
};

/* The calling thread is there, and ends. Any thread. */
void watched_begin(enum watched_kind kind, unsigned index);
void watched_end(void);

/* After it nobody names what this thread, or one that it has synchronized with, has noted before
 * and has taken back: it may be freed. Any thread. */
void watched_forget(void);

/* What a look tells: each thread that has been in one call for `limit` ns or longer is written to
 * `calls` (at most `max`), each that was and has gone on to `ended`. */
struct watched_look {
    int64_t now;    /* monotonic, ns */
    int64_t paused; /* ns before `now` in which nothing ran: the process was stopped or starved */
    int64_t limit;  /* ns */
    struct watched_call *calls;
    size_t max;
    size_t count;
    void (*ended)(void *context, enum watched_kind kind, unsigned index, int64_t age,
                  const char *what);
    void *context;
};

/* Only one thread may look. `ended` is called with a lock held and must only note or log. */
void watched_look(struct watched_look *look);

/* Calls `tell` with what each busy thread does at the moment, in words. Any thread. */
void watched_tell(void (*tell)(void *context, const char *thread, const char *what), void *context);

/* "loop", "worker", "main". */
const char *watched_kind_name(enum watched_kind kind);

#endif
