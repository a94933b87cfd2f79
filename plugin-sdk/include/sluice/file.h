/*
 * sluice/file.h - files that decide who gets in: keys, key sets, lists of tokens or addresses. They
 * are refused if others could have written them. Functions only, nothing to link with; any thread.
 *
 * The server opens its own files (configuration, TLS keys, secrets, plugins) with the same ones.
 */
#ifndef SLUICE_FILE_H
#define SLUICE_FILE_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum sl_file_kind {
    SL_FILE_READABLE = 0, /* everybody may know what is in it */
    SL_FILE_PRIVATE = 1   /* it holds a private key or a secret */
};

/* Whether nobody but its owner is in a file's group: the primary group of that name which Debian
 * makes for each user. With umask 002, the default of Debian 13, everything that users make is of
 * theirs. */
static inline bool sl_file_group_is_private(const struct stat *status)
{
    char user_text[4096], group_text[4096];
    struct passwd user, *owner = NULL;
    struct group entry, *group = NULL;
    if (getpwuid_r(status->st_uid, &user, user_text, sizeof user_text, &owner) != 0 ||
        owner == NULL || owner->pw_gid != status->st_gid ||
        getgrgid_r(status->st_gid, &entry, group_text, sizeof group_text, &group) != 0 ||
        group == NULL || strcmp(group->gr_name, owner->pw_name) != 0)
        return false;
    for (char **member = group->gr_mem; *member != NULL; member++)
        if (strcmp(*member, owner->pw_name) != 0)
            return false;
    return true;
}

/* Whether users other than the owner may change a file, or what is in a folder. */
static inline bool sl_file_is_writable_by_others(const struct stat *status)
{
    if ((status->st_mode & S_IWOTH) != 0)
        return true;
    return (status->st_mode & S_IWGRP) != 0 && !sl_file_group_is_private(status);
}

/* Why a file of this kind must not be used, in a sentence that goes on after its name and ends with
 * what mends it; NULL: it may. */
static inline const char *sl_file_fault(const struct stat *status, enum sl_file_kind kind)
{
    if (!S_ISREG(status->st_mode))
        return "it is not a regular file";
    if (sl_file_is_writable_by_others(status))
        return "others may write to it; mend it with: chmod go-w";
    if (kind == SL_FILE_PRIVATE && (status->st_mode & S_IROTH) != 0)
        return "others may read it, and it is a secret; mend it with: chmod o-r";
    return NULL;
}

/* Opens a file for reading. What is opened is judged, not the path, so that nobody can exchange it
 * in between; a FIFO does not make it wait. Returns a descriptor, which the caller closes, or -1
 * with a sentence in `error` (without the path in front). *status may be NULL. */
static inline int sl_file_open(const char *path_cstr, enum sl_file_kind kind, struct stat *status,
                               char *error, size_t error_size)
{
    struct stat found;
    int file = open(path_cstr, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0 || fstat(file, &found) != 0) {
        snprintf(error, error_size, "%s", strerror(errno));
    } else {
        const char *fault = sl_file_fault(&found, kind);
        if (fault == NULL) {
            if (status != NULL)
                *status = found;
            return file;
        }
        bool has_remedy = strstr(fault, "chmod") != NULL;
        int len = snprintf(error, error_size, "%s%s%s", fault, has_remedy ? " " : "",
                           has_remedy ? path_cstr : "");
        if (len < 0 && error_size > 0)
            error[0] = '\0';
    }
    if (file >= 0)
        close(file);
    return -1;
}

#endif
