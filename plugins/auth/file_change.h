/*
 * Whether a file has changed since it was last looked at. One thread at a time.
 */
#ifndef AUTH_FILE_CHANGE_H
#define AUTH_FILE_CHANGE_H

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

struct file_change {
    struct stat seen;
    bool is_wanted; /* reading failed: it is tried again even if nothing has changed */
};

/* Records the file's current state; the file may be missing. */
static inline bool file_change_look(struct file_change *change, const char *path_cstr)
{
    struct stat now;
    struct stat before = change->seen;
    if (stat(path_cstr, &now) != 0)
        memset(&now, 0, sizeof now);
    change->seen = now;
    return before.st_ino != now.st_ino || before.st_dev != now.st_dev ||
           before.st_size != now.st_size || before.st_mode != now.st_mode ||
           before.st_mtim.tv_sec != now.st_mtim.tv_sec ||
           before.st_mtim.tv_nsec != now.st_mtim.tv_nsec;
}

#endif
