/*
 * Shared by storage_file.c and storage_file_read.c.
 */
#ifndef SLUICE_PIPELINE_STORAGE_FILE_INTERNAL_H
#define SLUICE_PIPELINE_STORAGE_FILE_INTERNAL_H

#include "base/error.h"

#include <sqlite3.h>
#include <stdbool.h>

/* The statements that are made once. */
enum statement { FIND_TABLE, MAKE_TABLE, SET, DELETE_ENTRY, STATEMENTS };

struct storage_file {
    sqlite3 *database; /* that writes */
    sqlite3_stmt *statements[STATEMENTS];
    sqlite3 *reader; /* sees what was written, and waits for no transaction that is under way */
    char *path;
    bool is_ending;
    int lock; /* a descriptor of the file, whose lock keeps other servers out */
};

#define STORAGE_FILE_BUSY_MS 1000 /* how long somebody who looks into the file may hold it */

/* Puts the sentence for an error of a connection into `why`. Returns ERR_SYSTEM. */
int storage_file_fail(sqlite3 *database, const char *what, char *why);

/* Opens file->reader, when the file is laid out. Returns 0, ERR_SYSTEM or ERR_NO_MEMORY. */
MUST_CHECK int storage_file_open_reader(struct storage_file *file, char *why);

#endif
