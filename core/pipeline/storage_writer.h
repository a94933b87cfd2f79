/*
 * Keeps storage tables in a file: loads them, and has a thread write behind what has changed.
 *
 * Each interval the thread takes the changes of all tables in batches, each of which is one
 * transaction. What cannot be written stays noted in its table, and is tried again; the server goes
 * on. The functions below are the main thread's unless they say otherwise.
 */
#ifndef SLUICE_PIPELINE_STORAGE_WRITER_H
#define SLUICE_PIPELINE_STORAGE_WRITER_H

#include "base/error.h"
#include "pipeline/storage_file.h"

#include <stdbool.h>
#include <stdint.h>

struct kept_table;
struct storage_table;
struct storage_writer;

struct storage_writer_stats {
    uint64_t written;   /* changes, since the start */
    uint64_t failures;  /* transactions that did not come about */
    uint64_t unwritten; /* changes that wait in tables and in a batch */
    int64_t lag;        /* ns: how old the oldest of those may be; 0: there are none */
    int64_t file_size;  /* bytes */
    int64_t beside;     /* bytes that have been written and wait beside the file */
};

/* Opens the file, or makes it; no thread is started. `interval` in ns. Returns 0, ERR_SYSTEM (with
 * a sentence in `why`, STORAGE_FILE_TEXT bytes) or ERR_NO_MEMORY. */
MUST_CHECK int storage_writer_create(const char *path, int64_t interval,
                                     struct storage_writer **out, char *why);

/* Starts the thread. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int storage_writer_start(struct storage_writer *writer);

/* Writes what there is, for `patience` ns if the thread has been started, and frees everything. The
 * tables are nobody's business any more. NULL is fine. */
void storage_writer_destroy(struct storage_writer *writer, int64_t patience);

void storage_writer_set_interval(struct storage_writer *writer, int64_t interval);

/* Fills an empty table from the file, and has it note what changes. Waits for nothing that is being
 * written: what a table has in memory alone is another one's, or is being dropped. `instance` may
 * be NULL. Returns 0, ERR_SYSTEM (see `why`) or ERR_NO_MEMORY. *out is the caller's until it is
 * attached. */
MUST_CHECK int storage_writer_load(struct storage_writer *writer, const char *endpoint,
                                   const char *instance, struct storage_table *table,
                                   struct kept_table **out, char *why);

/* From now on the table is written. */
void storage_writer_attach(struct storage_writer *writer, struct kept_table *kept);

/* The file is to forget the table, and not to write it any more. */
void storage_writer_drop(struct storage_writer *writer, struct kept_table *kept);

/* Any thread. */
void storage_writer_read(struct storage_writer *writer, struct storage_writer_stats *stats);

#endif
