/*
 * The file that the log goes to, if it does not go to standard error: opened so that nobody can
 * have it be another one, and opened again when logrotate has renamed it.
 *
 * Any thread; the path of the file is kept here, behind a lock.
 */
#ifndef SLUICE_BASE_LOG_FILE_H
#define SLUICE_BASE_LOG_FILE_H

#include "base/error.h"

#include <limits.h>
#include <stdbool.h>

#define LOG_FILE_TEXT_MAX (PATH_MAX + 256)

/* Opens a file to append to, and creates it (0640) if it is not there. Refused are symbolic links,
 * files with several names, what is no regular file, and what others may write to. Returns a
 * descriptor, which the caller closes, or -1 with a sentence in `text` that goes on after the path.
 */
int log_file_open(const char *path, char text[LOG_FILE_TEXT_MAX]);

/* Whether log_file_open would probably succeed, as far as it shows without creating anything.
 * Returns 0 or ERR_SYSTEM with the sentence. */
MUST_CHECK int log_file_check(const char *path, char text[LOG_FILE_TEXT_MAX]);

/* From now on the log goes to this file, of which it takes the descriptor; NULL and -1: to standard
 * error. After log_start. Returns 0 or ERR_SYSTEM: it goes where it went, and the descriptor is
 * closed. */
MUST_CHECK int log_file_use(const char *path, int fd);

/* Whether the log goes to a file, and to which. */
bool log_file_path(char path[PATH_MAX]);

/* Opens the file at the same path again. `who` asked for it, for the log. Returns 0 with the path
 * in `text`; ERR_NOT_FOUND (there is none: the log goes to standard error) or ERR_SYSTEM (the log
 * goes to the old file on) with a sentence. The log says the same. */
MUST_CHECK int log_file_reopen(const char *who, char text[LOG_FILE_TEXT_MAX]);

#endif
