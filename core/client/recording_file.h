/*
 * The file of a recording: whole lines, one after the other, never more than a limit.
 *
 * The caller locks. Each line is written at once, so that a server that is killed loses none, and a
 * full disk is noticed when it happens: the recording then ends with the last whole line.
 */
#ifndef SLUICE_CLIENT_RECORDING_FILE_H
#define SLUICE_CLIENT_RECORDING_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

#define RECORDING_FILE_TEXT_MAX 256 /* bytes of a reason */

struct recording_file {
    int fd;
    size_t limit; /* bytes */
    size_t size;  /* bytes */
    bool is_continued;
    bool is_over; /* nothing is written any more: it would not be what happened */
};

/* Opens a new file, or goes on with a recording that is there, of which a last half line is cut
 * off. Anything else that is there is left alone: other files, a recording that another user owns
 * or may read, one that another server writes to. Returns 0, or ERR_SYSTEM with the reason. */
MUST_CHECK int recording_file_open(struct recording_file *file, const char *path, size_t limit,
                                   char reason[RECORDING_FILE_TEXT_MAX]);

/* Appends `len` bytes and a newline, all or nothing. Returns 0, ERR_LIMIT (over the limit),
 * ERR_SYSTEM (with errno: it cannot be written) or ERR_CLOSED (it was over before). */
MUST_CHECK int recording_file_append(struct recording_file *file, const char *line, size_t len);

void recording_file_close(struct recording_file *file);

#endif
