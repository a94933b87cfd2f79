/*
 * The server's bans: who is not let in, until when, and the file that keeps them.
 *
 * Any thread. A thread of its own, which is started with the first ban, takes out bans that have
 * ended and writes the file.
 */
#ifndef SLUICE_HUB_BANS_H
#define SLUICE_HUB_BANS_H

#include "base/event.h"
#include "client/ban_file.h"
#include "client/ban_list.h"

#include <pthread.h>
#include <stdatomic.h>

struct config;
struct diagnostics;

struct bans {
    struct ban_list list;
    char *file; /* owned; NULL: bans are gone with the process */
    pthread_t keeper;
    pthread_mutex_t changing; /* one change at a time, from the list to `changes`; before `lock` */
    pthread_mutex_t lock;     /* of what follows */
    pthread_cond_t is_due;    /* for the keeper */
    pthread_cond_t is_kept;   /* for those who wait for the file */
    bool is_there;            /* what there is to be freed */
    bool is_running;
    bool is_stopping;
    int64_t next_end;                /* of a ban, or later: wall clock */
    int64_t next_write;              /* may begin then: monotonic */
    uint64_t changes;                /* that there have been */
    uint64_t tried;                  /* of those the file was written with, or could not be */
    char failure[BAN_FILE_TEXT_MAX]; /* of the last try; "": it is written */
    _Atomic uint64_t failed_writes;
};

/* Reads the file of the configuration, if it names one. Main thread. Returns 0, ERR_CONFIG (see
 * `diagnostics`), ERR_NO_MEMORY or ERR_SYSTEM. After an error too bans_deinit is due. */
MUST_CHECK int bans_init(struct bans *bans, const struct config *config,
                         struct diagnostics *diagnostics);

/* A reload: bans.max counts from now on. Main thread. */
void bans_configure(struct bans *bans, const struct config *config);

/* Writes the file if that is due, and frees. Nobody may look up any more. */
void bans_deinit(struct bans *bans);

/* Puts a ban in force, or replaces that of the same identity or prefix; *ban gets its id. Waits a
 * moment for the file; `unsaved` (BAN_FILE_TEXT_MAX bytes) says why the ban is not in it yet, or is
 * empty. Returns 0, ERR_LIMIT (bans.max), ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int bans_set(struct bans *bans, struct ban *ban, char *unsaved);

/* Takes a ban out, by its id or (0) by what *ban says, and copies it to *ban. Returns false if
 * there is none. `by` is who asks, for the log. */
bool bans_lift(struct bans *bans, uint64_t id, struct ban *ban, const char *by, char *unsaved);

/* -- for bans_reload.c -- */

/* Starts the thread that ends and writes bans, if it does not run. With `lock`. */
MUST_CHECK int bans_need_keeper(struct bans *bans);

/* Wakes that thread for a change, which has `end`. Returns the number of the change. With
 * `changing`. */
uint64_t bans_note_change(struct bans *bans, int64_t end);

/* With a file, waits a moment until a change is in it; `unsaved` as in bans_set. */
void bans_await_file(struct bans *bans, uint64_t change, char *unsaved);

/* Logs an event of a ban; `by` may be NULL. */
void bans_log(enum event event, const struct ban *ban, const char *by);

#endif
