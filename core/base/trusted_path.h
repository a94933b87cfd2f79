/*
 * Files whose folders matter too: code that the server runs. Whoever may write to a folder may put
 * another file, or another folder, in the place of the one that is there.
 *
 * Blocking calls of the file system; any thread.
 */
#ifndef SLUICE_BASE_TRUSTED_PATH_H
#define SLUICE_BASE_TRUSTED_PATH_H

#include <stddef.h>
#include <sys/stat.h>

/* Opens a regular file for reading, going from the root by descriptors, one folder after the other,
 * symbolic links included, so that nothing can be exchanged behind what was checked. The file must
 * not be writable by others (sluice/file.h), nor any folder on the way; a folder with the sticky
 * bit (/tmp) is fine if what is used of it belongs to root or to us. Returns a descriptor, which
 * the caller closes, or -1 with errno 0 or the system's, and a sentence that names what is wrong in
 * `text`. */
int trusted_path_open(const char *path, struct stat *status, char *text, size_t text_size);

#endif
