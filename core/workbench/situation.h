/*
 * What is going on in a check, where the process that watches over it can read it: the check runs
 * in a process of its own, which a plugin may crash.
 */
#ifndef SLUICE_WORKBENCH_SITUATION_H
#define SLUICE_WORKBENCH_SITUATION_H

#include "config/diagnostics.h"

#define SITUATION_TEXT_MAX 1024

/* Whom else a failure concerns. */
enum situation_scope {
    SCOPE_CHECK,   /* nobody */
    SCOPE_OPTIONS, /* everyone with the same options: there is no instance */
    SCOPE_THREADS, /* everyone who destroys an instance: a thread of the plugin stays */
    SCOPE_FILE     /* everyone: the plugin cannot be loaded */
};

struct situation {
    enum situation_scope scope;        /* of a failure, if there is one */
    char hook[32];                     /* that runs, or empty */
    char doing[256];                   /* what the check is doing */
    char sentence[SITUATION_TEXT_MAX]; /* of a failure; empty: none */
    char skipped[256];                 /* why there was nothing to check */
};

/* The current one, shared by both processes. */
extern struct situation *situation;

/* The check has failed: notes the sentence, which says what to change, and ends the process. Any
 * thread. */
void situation_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same with the first of these errors, or with what the code means if there is none. */
void situation_fail_first(const struct diagnostics *diagnostics, int error)
    __attribute__((noreturn));

/* Notes what the check is doing. */
void situation_doing(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* There is nothing to be checked: notes why and ends the process. */
void situation_skip(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* How a check ended. */
enum outcome { OUTCOME_PASSED, OUTCOME_FAILED, OUTCOME_SKIPPED };

/* Runs `check` in a process of its own for at most `seconds`. What it wrote to standard error, as
 * far as there is room, is in `output`. */
enum outcome situation_run(void (*check)(void *argument), void *argument, unsigned seconds,
                           char *output, unsigned long output_size);

/* A hook begins, ends; one that takes longer than `milliseconds` fails the check. */
void situation_enter(const char *hook, unsigned milliseconds);
void situation_leave(void);

/* Begins the fake host in the check's process: what breaks the contract fails the check, a hook
 * that blocks does, and borrowed memory has guard pages. */
void situation_begin_host(void);

#endif
