/*
 * The file that keeps storage tables over a restart: an SQLite database with a row for each entry.
 *
 * Functions that fail return ERR_SYSTEM and write a sentence for the operator into `why`
 * (STORAGE_FILE_TEXT bytes). Blocking calls of the file system, never a loop's. One thread at a
 * time may write, and beside it one may load.
 */
#ifndef SLUICE_PIPELINE_STORAGE_FILE_H
#define SLUICE_PIPELINE_STORAGE_FILE_H

#include "base/error.h"
#include "pipeline/storage_shard.h"

#include <stdbool.h>
#include <stdint.h>

#define STORAGE_FILE_TEXT 512

struct storage_file;

/* Looks whether a file of that name could be opened, or made, and changes nothing. */
MUST_CHECK int storage_file_check(const char *path, char *why);

/* Opens the file, or makes it, and keeps every other server from it. A file that is damaged,
 * somebody else's or another program's is left as it is. Returns 0, ERR_SYSTEM or ERR_NO_MEMORY. */
MUST_CHECK int storage_file_open(const char *path, struct storage_file **out, char *why);

/* Waits for what is under way. NULL is fine. */
void storage_file_close(struct storage_file *file);

/* What storage_file_load calls with each entry; `over_at`: wall clock, ns; 0: never. Returns 0 or
 * ERR_NO_MEMORY, which ends it. */
typedef int storage_file_visit(void *context, struct storage_bytes key, struct storage_bytes value,
                               int64_t over_at);

struct storage_file_load {
    const char *endpoint;
    const char *instance; /* NULL: the endpoint's own table */
    int64_t now;          /* wall clock, ns */
    storage_file_visit *visit;
    void *context;
};

/* Visits the entries of a table that are not over at `now`, as the last transaction has left them
 * that is complete; waits for none. *has_over: there were others. Returns 0, ERR_SYSTEM or what
 * `visit` has returned. */
MUST_CHECK int storage_file_load(struct storage_file *file, const struct storage_file_load *load,
                                 bool *has_over, char *why);

/* Those that write belong between begin and end. After an error the rest is left out, and end is
 * called with false, which takes back all of it. */
MUST_CHECK int storage_file_begin(struct storage_file *file, char *why);
MUST_CHECK int storage_file_end(struct storage_file *file, bool is_good, char *why);

/* The number of a table, which is made if it is not there. */
MUST_CHECK int storage_file_table(struct storage_file *file, const char *endpoint,
                                  const char *instance, int64_t *number, char *why);
MUST_CHECK int storage_file_set(struct storage_file *file, int64_t number, struct storage_bytes key,
                                struct storage_bytes value, int64_t over_at, char *why);
MUST_CHECK int storage_file_delete(struct storage_file *file, int64_t number,
                                   struct storage_bytes key, char *why);
/* Deletes the entries of a table that are over at `now`. */
MUST_CHECK int storage_file_delete_over(struct storage_file *file, const char *endpoint,
                                        const char *instance, int64_t now, char *why);
/* Takes a table's name away, so that another one may have it; its entries are to be purged. */
MUST_CHECK int storage_file_drop(struct storage_file *file, const char *endpoint,
                                 const char *instance, char *why);

/* Deletes a bounded number of entries of tables that were dropped, by this server or by one before
 * it, in a transaction of its own. *is_done: there were none. */
MUST_CHECK int storage_file_purge(struct storage_file *file, bool *is_done, char *why);

/* Gives a bounded number of pages that are free back to the file system. What is not given back is
 * used again, or given back later. */
MUST_CHECK int storage_file_trim(struct storage_file *file, char *why);

/* What is written from now on is the last: it may wait beside the file, however much that is. */
void storage_file_will_end(struct storage_file *file);

/* Its size in bytes, without what has been written and waits beside it, and the size of that. The
 * latter is bounded: begin fails while there is too much of it. */
int64_t storage_file_size(struct storage_file *file);
int64_t storage_file_beside(const struct storage_file *file);

#endif
