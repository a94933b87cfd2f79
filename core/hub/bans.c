#include "hub/bans.h"

#include "base/clock.h"
#include "base/event.h"
#include "base/log.h"
#include "base/thread.h"
#include "config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_FOR_FILE (2 * NS_PER_S) /* how long a request waits */
#define RETRY_AFTER (5 * NS_PER_S)   /* since a write that failed */
#define LOOK_EVERY NS_PER_S          /* for ends, at the most */
#define REST_FACTOR 10               /* writes take at most one part in so many of a CPU */

/* -- the log -- */

void bans_log(enum event event, const struct ban *ban, const char *by)
{
    struct event_values values = {.texts = {NULL}};
    char subject[SL_PREFIX_TEXT], until[BAN_TIME_TEXT_MAX];
    if (!event_enabled(event))
        return;
    const char *text = ban_subject(ban, subject);
    event_set_number(&values, EVENT_FIELD_BAN, ban->id);
    values.texts[ban->is_address ? EVENT_FIELD_ADDRESS : EVENT_FIELD_IDENTITY] = text;
    if (ban->until != BAN_FOR_GOOD) {
        ban_time_text(ban->until, until);
        values.texts[EVENT_FIELD_UNTIL] = until;
    }
    values.texts[EVENT_FIELD_REASON] = ban->reason[0] != '\0' ? ban->reason : NULL;
    values.texts[EVENT_FIELD_ASKED_BY] = by;
    event_log(event, "bans", &values);
}

/* -- the keeper -- */

/* Takes out bans that have ended. Gives the lock back meanwhile. */
static void end_bans(struct bans *bans)
{
    struct ban ban;
    struct ban_walk walk = {.next = BAN_FOR_GOOD};
    bans->next_end = BAN_FOR_GOOD;
    pthread_mutex_unlock(&bans->lock);
    while (ban_list_take_ended(&bans->list, clock_wall(), &walk, &ban))
        bans_log(EVENT_BAN_ENDED, &ban, NULL);
    int64_t soonest = clock_wall() + LOOK_EVERY;
    pthread_mutex_lock(&bans->lock);
    if (walk.next < bans->next_end)
        bans->next_end = walk.next < soonest ? soonest : walk.next;
}

/* Writes the file. Gives the lock back meanwhile. */
static void save_bans(struct bans *bans)
{
    char why[BAN_FILE_TEXT_MAX] = "";
    uint64_t changes = bans->changes;
    bool has_failed = bans->failure[0] != '\0';
    pthread_mutex_unlock(&bans->lock);
    int64_t before = clock_read(CLOCK_THREAD_CPUTIME_ID);
    int error = ban_file_write(bans->file, &bans->list, why);
    int64_t work = clock_read(CLOCK_THREAD_CPUTIME_ID) - before;
    int64_t now = clock_monotonic();
    if (error != OK)
        atomic_fetch_add_explicit(&bans->failed_writes, 1, memory_order_relaxed);
    if (error != OK && !has_failed)
        log_error("bans",
                  "%s: %s; the bans are in force, and will be written when that is possible",
                  bans->file, why);
    pthread_mutex_lock(&bans->lock);
    bans->tried = changes;
    bans->next_write = now + (error != OK ? RETRY_AFTER : work * REST_FACTOR);
    memcpy(bans->failure, why, sizeof why);
    pthread_cond_broadcast(&bans->is_kept);
}

static bool wants_write(const struct bans *bans)
{
    return bans->file != NULL && (bans->changes != bans->tried || bans->failure[0] != '\0');
}

/* Waits for changes, the next end, or the moment when the file may be written. */
static void wait_for_work(struct bans *bans)
{
    int64_t until = bans->next_end;
    int64_t write_at = clock_wall() + bans->next_write - clock_monotonic();
    if (wants_write(bans) && write_at < until)
        until = write_at;
    struct timespec at = {.tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S};
    if (until == BAN_FOR_GOOD)
        pthread_cond_wait(&bans->is_due, &bans->lock);
    else
        pthread_cond_timedwait(&bans->is_due, &bans->lock, &at);
}

static void *keep_bans(void *argument)
{
    struct bans *bans = argument;
    pthread_mutex_lock(&bans->lock);
    while (!bans->is_stopping) {
        if (wants_write(bans) && clock_monotonic() >= bans->next_write)
            save_bans(bans);
        else if (clock_wall() >= bans->next_end)
            end_bans(bans);
        else
            wait_for_work(bans);
    }
    if (wants_write(bans))
        save_bans(bans);
    pthread_mutex_unlock(&bans->lock);
    return NULL;
}

int bans_need_keeper(struct bans *bans)
{
    if (bans->is_running)
        return OK;
    int error = thread_begin(&bans->keeper, "bans", keep_bans, bans);
    if (error != 0) {
        log_error("bans", "cannot start the thread that keeps them: %s", strerror(error));
        return ERR_SYSTEM;
    }
    bans->is_running = true;
    return OK;
}

/* -- changes -- */

uint64_t bans_note_change(struct bans *bans, int64_t end)
{
    pthread_mutex_lock(&bans->lock);
    uint64_t mine = ++bans->changes;
    if (end < bans->next_end)
        bans->next_end = end;
    pthread_cond_signal(&bans->is_due);
    pthread_mutex_unlock(&bans->lock);
    return mine;
}

void bans_await_file(struct bans *bans, uint64_t change, char *unsaved)
{
    int error = 0;
    int64_t deadline = clock_monotonic() + WAIT_FOR_FILE;
    struct timespec at = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    pthread_mutex_lock(&bans->lock);
    while (bans->file != NULL && bans->tried < change && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&bans->is_kept, &bans->lock, &at);
    bool is_waiting = bans->file != NULL && bans->tried < change && bans->failure[0] == '\0';
    snprintf(unsaved, BAN_FILE_TEXT_MAX, "%s",
             is_waiting ? "the file is being written" : bans->failure);
    pthread_mutex_unlock(&bans->lock);
}

int bans_set(struct bans *bans, struct ban *ban, char *unsaved)
{
    pthread_mutex_lock(&bans->lock);
    int error = bans_need_keeper(bans);
    pthread_mutex_unlock(&bans->lock);
    unsaved[0] = '\0';
    if (error != OK)
        return error;
    pthread_mutex_lock(&bans->changing);
    error = ban_list_put(&bans->list, ban);
    uint64_t change = error == OK ? bans_note_change(bans, ban->until) : 0;
    pthread_mutex_unlock(&bans->changing);
    if (error != OK)
        return error;
    bans_log(EVENT_BAN_SET, ban, ban->by);
    bans_await_file(bans, change, unsaved);
    return OK;
}

bool bans_lift(struct bans *bans, uint64_t id, struct ban *ban, const char *by, char *unsaved)
{
    unsaved[0] = '\0';
    pthread_mutex_lock(&bans->changing);
    bool is_found = ban_list_remove(&bans->list, id, ban);
    uint64_t change = is_found ? bans_note_change(bans, BAN_FOR_GOOD) : 0;
    pthread_mutex_unlock(&bans->changing);
    if (!is_found)
        return false;
    bans_log(EVENT_BAN_LIFTED, ban, by);
    bans_await_file(bans, change, unsaved);
    return true;
}

/* -- life -- */

static void init_conditions(struct bans *bans)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&bans->changing, NULL);
    pthread_mutex_init(&bans->lock, NULL);
    pthread_cond_init(&bans->is_due, NULL); /* ends are by the wall clock */
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&bans->is_kept, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

/* What is in the file is in force before the first client comes. */
static int load_file(struct bans *bans, const struct config *config,
                     struct diagnostics *diagnostics)
{
    bans->file = strdup(config->bans_file);
    if (bans->file == NULL)
        return ERR_NO_MEMORY;
    int error = ban_file_load(bans->file, &bans->list, clock_wall(), diagnostics);
    if (error != OK || ban_list_count(&bans->list) == 0)
        return error;
    bans->next_end = 0; /* The keeper finds out. */
    return bans_need_keeper(bans);
}

int bans_init(struct bans *bans, const struct config *config, struct diagnostics *diagnostics)
{
    *bans = (struct bans){.next_end = BAN_FOR_GOOD};
    init_conditions(bans);
    int error = ban_list_init(&bans->list, config->bans_max);
    bans->is_there = error == OK;
    if (error == OK && config->bans_file != NULL)
        error = load_file(bans, config, diagnostics);
    return error;
}

void bans_configure(struct bans *bans, const struct config *config)
{
    ban_list_set_max(&bans->list, config->bans_max);
}

void bans_deinit(struct bans *bans)
{
    if (!bans->is_there)
        return;
    pthread_mutex_lock(&bans->lock);
    bans->is_stopping = true;
    pthread_cond_signal(&bans->is_due);
    pthread_mutex_unlock(&bans->lock);
    if (bans->is_running)
        pthread_join(bans->keeper, NULL);
    ban_list_deinit(&bans->list);
    pthread_cond_destroy(&bans->is_kept);
    pthread_cond_destroy(&bans->is_due);
    pthread_mutex_destroy(&bans->lock);
    pthread_mutex_destroy(&bans->changing);
    free(bans->file);
}
