/*
 * Relative paths in a configuration.
 *
 * Looks at the file system; main thread.
 */
#ifndef SLUICE_CONFIG_PATHS_H
#define SLUICE_CONFIG_PATHS_H

/* The folder of the file at `file`, "." if it has none. Owned by the caller; NULL: no memory. */
char *path_folder(const char *file);

/* An absolute path stays. A relative one is taken from `folder` if something is there, else from
 * the working directory if something is there, else from `folder` after all, so that the error of
 * whoever opens it names the place where the operator most likely meant it to be.
 * Owned by the caller; NULL: no memory. */
char *path_resolve(const char *folder, const char *path);

/* The same path from the root. Owned by the caller; NULL: no memory. */
char *path_absolute(const char *path);

/* `name` beside the running binary (a build), and `name` below the folder that the binary's folder
 * is in (an installation's prefix). Owned by the caller; NULL: not known or no memory. */
char *path_beside_binary(const char *name);
char *path_in_prefix(const char *name);

#endif
