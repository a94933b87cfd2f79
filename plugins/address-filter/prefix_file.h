/*
 * Files of prefixes: one a line, comments behind '#'. Blocks; used in create and on a worker
 * thread.
 */
#ifndef ADDRESS_FILTER_PREFIX_FILE_H
#define ADDRESS_FILTER_PREFIX_FILE_H

#include "prefix_set.h"

#define PREFIX_FILE_ERROR_SIZE 512

/* Adds a file's prefixes. The file has to be a regular one that only its owner may write to. False:
 * `error` has a sentence that begins with the file and the line. */
bool prefix_file_read(struct prefix_set *set, const char *path, enum prefix_verdict verdict,
                      char error[PREFIX_FILE_ERROR_SIZE]);

#endif
