/*
 * What can be told of the file that keeps storage tables without touching it: by its first bytes
 * whether it is one, so that another program's file is neither changed nor taken for ours.
 *
 * Any thread.
 */
#ifndef SLUICE_PIPELINE_STORAGE_FILE_HEADER_H
#define SLUICE_PIPELINE_STORAGE_FILE_HEADER_H

#include "base/error.h"

/* "SLUI" as a number, which SQLite keeps in the header for the program whose file it is. */
#define STORAGE_APPLICATION 0x534c5549
#define STORAGE_APPLICATION_TEXT "1397511497"

/* Of the layout; another one cannot be read. */
#define STORAGE_VERSION 1
#define STORAGE_VERSION_TEXT "1"

/* What an operator can do about a file that cannot be used. */
#define STORAGE_FILE_REMEDY                                                                        \
    "; move it away to begin with empty tables, or put a backup in its place"

/* Returns 0 if the open file is empty or one of ours, or ERR_SYSTEM with a sentence in `why`
 * (STORAGE_FILE_TEXT bytes). */
MUST_CHECK int storage_file_header_check(int file, char *why);

/* Returns 0 if the open file still has its name, so that what is written will be found there, or
 * ERR_SYSTEM with a sentence in `why`. */
MUST_CHECK int storage_file_name_check(int file, const char *path, char *why);

#endif
