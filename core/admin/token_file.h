/*
 * Files with admin tokens. The server reads all tokens, the commands that ask it only the first.
 * Each token is a line; empty lines are none.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_TOKEN_FILE_H
#define SLUICE_ADMIN_TOKEN_FILE_H

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define TOKEN_FILE_LINES 2 /* tokens that are valid at once: while one takes over from another */
#define TOKEN_FILE_LINE_MAX 1024 /* bytes, the terminating zero included */

/* The tokens of a file, each zero-terminated. */
struct token_lines {
    size_t count;
    char lines[TOKEN_FILE_LINES][TOKEN_FILE_LINE_MAX];
};

/* Reads the first token of a file that others may not write to into `token`, zero-terminated, cut
 * at `size`. Returns its length, or -1 with a sentence in `why`. *status may be NULL. */
ssize_t token_file_read_line(const char *path, char *token, size_t size, struct stat *status,
                             char *why, size_t why_size);

/* Reads all tokens. Returns 0, or -1 with a sentence in `why`: the
 * file cannot be read, or has more or longer lines than there may be. */
int token_file_read_lines(const char *path, struct token_lines *out, struct stat *status, char *why,
                          size_t why_size);

#endif
