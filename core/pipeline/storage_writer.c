#include "pipeline/storage_writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/thread.h"
#include "pipeline/storage_changes.h"
#include "pipeline/storage_kept.h"
#include "pipeline/storage_kept_list.h"
#include "pipeline/storage_report.h"
#include "pipeline/storage_table.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_AFTER (5 * NS_PER_S) /* at least, since a round began that failed */
#define DROPPED_AT_ONCE 64         /* tables, in a transaction */

struct storage_writer {
    char *path;
    pthread_t thread;
    bool is_running;
    struct storage_file *file;   /* written by the writing thread, loaded from by the main one */
    struct storage_batch *batch; /* the writing thread's */
    struct kept_list tables;
    pthread_mutex_t lock; /* of what follows; for moments only */
    pthread_cond_t is_due;
    bool is_stopping;
    int64_t interval;
    int64_t give_up_at; /* when it is stopping: monotonic */
    _Atomic uint64_t written;
    _Atomic uint64_t failures;
    _Atomic uint64_t in_batch;
    _Atomic int64_t complete_at; /* when the last round began that wrote everything */
    _Atomic int64_t file_size;
    _Atomic int64_t beside;
    struct storage_effort writing, purging; /* the writing thread's, and: */
    int64_t purge_at;                       /* not before, monotonic */
};

/* -- the log: what fails is told once, until it works again -- */

static uint64_t count_unwritten(struct storage_writer *writer)
{
    return atomic_load_explicit(&writer->in_batch, memory_order_relaxed) +
           kept_list_changes(&writer->tables);
}

static void note_result(struct storage_writer *writer, struct storage_effort *effort, int error,
                        const char *why)
{
    if (error != OK)
        atomic_fetch_add_explicit(&writer->failures, 1, memory_order_relaxed);
    if (effort->has_failed != (error != OK))
        effort->report(writer->path, error, why, count_unwritten(writer));
    effort->has_failed = error != OK;
}

/* -- one transaction -- */

/* `first`: the first table of the batch. */
static int write_batch(struct storage_writer *writer, struct kept_table *first)
{
    char why[STORAGE_FILE_TEXT] = "";
    uint64_t count = writer->batch->count;
    if (count == 0)
        return OK;
    atomic_store_explicit(&writer->in_batch, count, memory_order_relaxed);
    int error = kept_tables_write(first, writer->batch, writer->file, why);
    storage_batch_settle(writer->batch, error == OK);
    atomic_store_explicit(&writer->in_batch, 0, memory_order_relaxed);
    if (error == OK)
        atomic_fetch_add_explicit(&writer->written, count, memory_order_relaxed);
    note_result(writer, &writer->writing, error, why);
    return error;
}

/* -- a round: all tables -- */

static bool must_give_up(struct storage_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    bool is_late = writer->is_stopping && clock_monotonic() >= writer->give_up_at;
    pthread_mutex_unlock(&writer->lock);
    return is_late;
}

static int drop_from_file(struct storage_writer *writer, struct kept_table *dropped[], size_t count)
{
    char why[STORAGE_FILE_TEXT];
    int error = storage_file_begin(writer->file, why);
    for (size_t i = 0; i < count && error == OK; i++)
        error = storage_file_drop(writer->file, dropped[i]->endpoint, dropped[i]->instance, why);
    error = storage_file_end(writer->file, error == OK, why);
    if (error != OK)
        note_result(writer, &writer->writing, error, why);
    return error;
}

/* Takes the names of dropped tables out of the file, before others that have them are written.
 * *first: the first table of those that may be. */
static int drop_tables(struct storage_writer *writer, struct kept_table **first)
{
    struct kept_table *dropped[DROPPED_AT_ONCE];
    size_t count;
    int error = OK;
    while ((count = kept_list_find_dropped(&writer->tables, dropped, DROPPED_AT_ONCE, first)) > 0 &&
           error == OK) {
        error = drop_from_file(writer, dropped, count);
        for (size_t i = 0; i < count && error == OK; i++)
            kept_list_remove(&writer->tables, dropped[i]);
        if (error == OK && count == DROPPED_AT_ONCE && must_give_up(writer))
            error = ERR_LIMIT;
    }
    return error;
}

/* Writes a batch whenever a table's changes have filled it. *first: the first table in it. */
static int write_table(struct storage_writer *writer, struct kept_table *kept,
                       struct kept_table **first)
{
    struct storage_changes_walk walk = {.shard = 0};
    int error = OK;
    storage_table_sweep(kept->table, clock_monotonic);
    while (error == OK && !storage_batch_take(writer->batch, kept->table, &walk)) {
        error = write_batch(writer, *first);
        *first = kept;
        if (error == OK && must_give_up(writer))
            error = ERR_LIMIT;
    }
    return error;
}

/* What was over when tables were loaded goes before anything is taken of them to be written. */
static int delete_over(struct storage_writer *writer, struct kept_table *first)
{
    char why[STORAGE_FILE_TEXT];
    int error = OK;
    for (struct kept_table *kept = first; kept != NULL && error == OK; kept = kept->next) {
        if (kept->over_until == 0 || atomic_load(&kept->is_dropped))
            continue;
        error = kept_table_delete_over(kept, writer->file, why);
        note_result(writer, &writer->writing, error, why);
    }
    return error;
}

static int write_round(struct storage_writer *writer, int64_t begun_at)
{
    struct kept_table *first;
    int error = drop_tables(writer, &first);
    if (error == OK)
        error = delete_over(writer, first);
    for (struct kept_table *kept = first; kept != NULL && error == OK; kept = kept->next)
        if (!atomic_load(&kept->is_dropped))
            error = write_table(writer, kept, &first);
    if (error == OK)
        error = write_batch(writer, first);
    if (error == OK)
        atomic_store_explicit(&writer->complete_at, begun_at, memory_order_relaxed);
    return error;
}

static bool must_end_purge(struct storage_writer *writer, int64_t begun_at)
{
    pthread_mutex_lock(&writer->lock);
    bool is_late = writer->is_stopping || clock_monotonic() - begun_at >= writer->interval;
    pthread_mutex_unlock(&writer->lock);
    return is_late;
}

/* Deletes what tables had that were dropped, until the next round is due, and not when the server
 * ends: what is left, or cannot be deleted now, is deleted later, perhaps by the next server. */
static void purge(struct storage_writer *writer, int64_t begun_at)
{
    char why[STORAGE_FILE_TEXT] = "";
    bool is_done = false;
    int error = OK;
    if (begun_at < writer->purge_at)
        return;
    while (error == OK && !is_done) {
        error = storage_file_purge(writer->file, &is_done, why);
        is_done = is_done || must_end_purge(writer, begun_at);
    }
    if (error == OK)
        error = storage_file_trim(writer->file, why);
    if (error != OK)
        writer->purge_at = clock_monotonic() + RETRY_AFTER;
    note_result(writer, &writer->purging, error, why);
}

/* -- the thread -- */

/* Returns whether to go on. */
static bool wait_for_turn(struct storage_writer *writer, int64_t since, bool is_good)
{
    pthread_mutex_lock(&writer->lock);
    for (int error = 0; !writer->is_stopping && error != ETIMEDOUT;) {
        int64_t until = since + writer->interval;
        if (!is_good && until < since + RETRY_AFTER)
            until = since + RETRY_AFTER;
        struct timespec at = {.tv_sec = until / NS_PER_S, .tv_nsec = until % NS_PER_S};
        error = pthread_cond_timedwait(&writer->is_due, &writer->lock, &at);
    }
    bool goes_on = !writer->is_stopping;
    pthread_mutex_unlock(&writer->lock);
    return goes_on;
}

static void *keep_writing(void *argument)
{
    struct storage_writer *writer = argument;
    int64_t begun_at = clock_monotonic(); /* the round */
    bool is_good = true;
    while (wait_for_turn(writer, begun_at, is_good)) {
        begun_at = clock_monotonic();
        is_good = write_round(writer, begun_at) == OK;
        if (is_good)
            purge(writer, begun_at);
        writer->file_size = storage_file_size(writer->file);
        writer->beside = storage_file_beside(writer->file);
    }
    return NULL;
}

/* -- life -- */

static void init_locks(struct storage_writer *writer)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&writer->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->is_due, &monotonic);
    pthread_condattr_destroy(&monotonic);
    kept_list_init(&writer->tables);
}

int storage_writer_create(const char *path, int64_t interval, struct storage_writer **out,
                          char *why)
{
    struct storage_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return ERR_NO_MEMORY;
    init_locks(writer);
    writer->writing.report = storage_report_write;
    writer->purging.report = storage_report_purge;
    writer->interval = interval;
    writer->complete_at = clock_monotonic();
    writer->path = strdup(path);
    writer->batch = malloc(sizeof *writer->batch);
    int error = ERR_NO_MEMORY;
    if (writer->path != NULL && writer->batch != NULL) {
        writer->batch->count = writer->batch->used = 0;
        error = storage_file_open(path, &writer->file, why);
    }
    if (error != OK) {
        storage_writer_destroy(writer, 0);
        return error;
    }
    writer->file_size = storage_file_size(writer->file);
    writer->beside = storage_file_beside(writer->file);
    *out = writer;
    return OK;
}

int storage_writer_start(struct storage_writer *writer)
{
    int error = thread_begin(&writer->thread, "storage", keep_writing, writer);
    if (error != 0) {
        log_error("storage", "cannot start the thread that writes it: %s", strerror(error));
        return ERR_SYSTEM;
    }
    writer->is_running = true;
    return OK;
}

static void write_rest(struct storage_writer *writer, int64_t patience)
{
    pthread_mutex_lock(&writer->lock);
    writer->give_up_at = clock_monotonic() + patience;
    writer->is_stopping = true;
    pthread_cond_signal(&writer->is_due);
    pthread_mutex_unlock(&writer->lock);
    pthread_join(writer->thread, NULL);
    storage_file_will_end(writer->file);
    int error = write_round(writer, clock_monotonic()); /* the last one */
    uint64_t left = count_unwritten(writer);
    bool is_drop_left = kept_list_has_dropped(&writer->tables, NULL, NULL);
    if (error != OK && (left != 0 || is_drop_left))
        storage_report_lost(writer->path, left, is_drop_left);
}

void storage_writer_destroy(struct storage_writer *writer, int64_t patience)
{
    if (writer == NULL)
        return;
    if (writer->is_running)
        write_rest(writer, patience);
    kept_list_deinit(&writer->tables);
    storage_file_close(writer->file);
    pthread_cond_destroy(&writer->is_due);
    pthread_mutex_destroy(&writer->lock);
    free(writer->batch);
    free(writer->path);
    free(writer);
}

void storage_writer_set_interval(struct storage_writer *writer, int64_t interval)
{
    pthread_mutex_lock(&writer->lock);
    writer->interval = interval;
    pthread_cond_signal(&writer->is_due);
    pthread_mutex_unlock(&writer->lock);
}

void storage_writer_read(struct storage_writer *writer, struct storage_writer_stats *stats)
{
    int64_t complete_at = atomic_load_explicit(&writer->complete_at, memory_order_relaxed);
    *stats = (struct storage_writer_stats){
        .written = atomic_load_explicit(&writer->written, memory_order_relaxed),
        .failures = atomic_load_explicit(&writer->failures, memory_order_relaxed),
        .unwritten = count_unwritten(writer),
        .file_size = atomic_load_explicit(&writer->file_size, memory_order_relaxed),
        .beside = atomic_load_explicit(&writer->beside, memory_order_relaxed)};
    if (stats->unwritten > 0)
        stats->lag = clock_monotonic() - complete_at;
}

/* -- tables -- */

int storage_writer_load(struct storage_writer *writer, const char *endpoint, const char *instance,
                        struct storage_table *table, struct kept_table **out, char *why)
{
    struct kept_table *kept = kept_table_create(endpoint, instance, table);
    if (kept == NULL)
        return ERR_NO_MEMORY;
    /* A table that is off the list was dropped in the file before. */
    int error = kept_list_has_dropped(&writer->tables, endpoint, instance)
                    ? OK
                    : kept_table_load(kept, writer->file, why);
    if (error == OK)
        error = storage_changes_track(table);
    if (error != OK) {
        kept_table_destroy(kept);
        return error;
    }
    *out = kept;
    return OK;
}

void storage_writer_attach(struct storage_writer *writer, struct kept_table *kept)
{
    kept_list_add(&writer->tables, kept);
}

void storage_writer_drop(struct storage_writer *writer, struct kept_table *kept)
{
    storage_changes_untrack(kept->table);
    kept_list_drop(&writer->tables, kept);
}
