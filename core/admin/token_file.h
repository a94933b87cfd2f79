/*
 * The file with the admin token. The server reads it, and so do commands that ask the server.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_TOKEN_FILE_H
#define SLUICE_ADMIN_TOKEN_FILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Reads the first line of a file that others may not write to into `token`, zero-terminated, cut at
 * `size`. Returns its length, or -1 with a sentence in `why`. *status may be NULL. */
ssize_t token_file_read_line(const char *path, char *token, size_t size, struct stat *status,
                             char *why, size_t why_size);

#endif
