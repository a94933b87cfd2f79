#include "base/trusted_path.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sluice/file.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 40 /* as the kernel has it */

struct walk {
    int folder;          /* open, where we are */
    struct stat status;  /* its */
    char at[PATH_MAX];   /* its path, for messages */
    char rest[PATH_MAX]; /* still to go */
    unsigned links;      /* followed so far */
    char *text;
    size_t text_size;
};

static int refuse(const struct walk *walk, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse(const struct walk *walk, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(walk->text, walk->text_size, format, arguments);
    va_end(arguments);
    return ERR_SYSTEM;
}

static int fail(const struct walk *walk, const char *name)
{
    const char *slash = walk->at[1] != '\0' ? "/" : "";
    return refuse(walk, "%s%s%s: %s", walk->at, slash, name, strerror(errno));
}

/* -- where we are -- */

static void name_child(struct walk *walk, const char *name)
{
    if (strcmp(name, "..") == 0) {
        char *slash = strrchr(walk->at, '/');
        slash[slash == walk->at ? 1 : 0] = '\0';
    } else if (strcmp(name, ".") != 0) {
        size_t len = strlen(walk->at);
        snprintf(walk->at + len, sizeof walk->at - len, "%s%s", len > 1 ? "/" : "", name);
    }
}

/* Others may write to a folder with the sticky bit, but not exchange what is somebody else's. */
static int check_folder(const struct walk *walk)
{
    bool is_sticky = (walk->status.st_mode & S_ISVTX) != 0;
    if (!sl_file_is_writable_by_others(&walk->status) || is_sticky)
        return OK;
    return refuse(walk,
                  "%s is a folder that others may write to, so they could change what the server "
                  "runs; mend it with: chmod go-w %s",
                  walk->at, walk->at);
}

static int check_entry(const struct walk *walk, const char *name, const struct stat *entry)
{
    if (!sl_file_is_writable_by_others(&walk->status) || entry->st_uid == 0 ||
        entry->st_uid == geteuid())
        return OK;
    return refuse(walk,
                  "%s/%s belongs to user %u and lies in a folder that everybody may write to, so "
                  "that user could change what the server runs",
                  walk->at, name, (unsigned)entry->st_uid);
}

/* Takes the descriptor. */
static int enter(struct walk *walk, int folder, const char *name)
{
    if (walk->folder >= 0)
        close(walk->folder);
    walk->folder = folder;
    name_child(walk, name);
    if (fstat(folder, &walk->status) != 0)
        return fail(walk, "");
    return check_folder(walk);
}

static int enter_root(struct walk *walk)
{
    int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(walk->at, sizeof walk->at, "/");
    return root >= 0 ? enter(walk, root, ".") : fail(walk, "");
}

/* -- the way -- */

/* Cuts the next name off `rest`. False: there is none. */
static bool next_name(struct walk *walk, char name[NAME_MAX + 1])
{
    size_t slashes = strspn(walk->rest, "/");
    size_t len = strcspn(walk->rest + slashes, "/");
    if (len == 0 || len > NAME_MAX)
        return false;
    memcpy(name, walk->rest + slashes, len);
    name[len] = '\0';
    memmove(walk->rest, walk->rest + slashes + len, strlen(walk->rest + slashes + len) + 1);
    return true;
}

static int follow(struct walk *walk, int link, const char *name)
{
    char target[PATH_MAX], rest[PATH_MAX];
    ssize_t len = readlinkat(link, "", target, sizeof target - 1);
    if (len < 0)
        return fail(walk, name);
    target[len] = '\0';
    memcpy(rest, walk->rest, sizeof rest);
    int wanted = snprintf(walk->rest, sizeof walk->rest, "%s%s", target, rest);
    errno = ++walk->links > LINKS_MAX ? ELOOP : ENAMETOOLONG;
    if (walk->links > LINKS_MAX || wanted >= (int)sizeof walk->rest)
        return fail(walk, name);
    return target[0] == '/' ? enter_root(walk) : OK;
}

/* The file at the end of the way; it must be the very one that was judged. */
static int open_file(struct walk *walk, const char *name, const struct stat *judged,
                     struct stat *status)
{
    const char *slash = walk->at[1] != '\0' ? "/" : "";
    const char *fault = sl_file_fault(judged, SL_FILE_READABLE);
    if (fault != NULL) {
        errno = 0;
        bool has_remedy = strstr(fault, "chmod") != NULL;
        (void)refuse(walk, "%s%s%s: %s%s%s%s%s", walk->at, slash, name, fault,
                     has_remedy ? " " : "", has_remedy ? walk->at : "", has_remedy ? slash : "",
                     has_remedy ? name : "");
        return -1;
    }
    int file = openat(walk->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0 && fstat(file, status) == 0 && status->st_ino == judged->st_ino &&
        status->st_dev == judged->st_dev)
        return file;
    if (file >= 0) {
        close(file);
        errno = EAGAIN; /* Exchanged while we looked. */
    }
    (void)fail(walk, name);
    return -1;
}

/* One step. Returns OK to go on, an error, or ERR_CLOSED at the end: *file is open or -1. */
static int step(struct walk *walk, const char *name, struct stat *status, int *file)
{
    struct stat entry;
    int child = openat(walk->folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (child < 0)
        return fail(walk, name);
    int error = fstat(child, &entry) == 0 ? check_entry(walk, name, &entry) : fail(walk, name);
    if (error == OK && S_ISDIR(entry.st_mode))
        return enter(walk, child, name);
    if (error == OK && S_ISLNK(entry.st_mode)) {
        error = follow(walk, child, name);
    } else if (error == OK && walk->rest[0] != '\0') {
        errno = ENOTDIR;
        error = fail(walk, name);
    } else if (error == OK) {
        *file = open_file(walk, name, &entry, status);
        error = ERR_CLOSED;
    }
    close(child);
    return error;
}

static int walk_to_file(struct walk *walk, struct stat *status)
{
    char name[NAME_MAX + 1];
    int file = -1;
    int error = enter_root(walk);
    while (error == OK && next_name(walk, name))
        error = step(walk, name, status, &file);
    if (error == OK) {
        errno = EISDIR;
        (void)refuse(walk, "%s: it is not a regular file", walk->at);
    }
    return file;
}

int trusted_path_open(const char *path, struct stat *status, char *text, size_t text_size)
{
    struct walk walk = {.folder = -1, .text = text, .text_size = text_size};
    char here[PATH_MAX] = "";
    bool is_relative = path[0] != '/';
    errno = 0;
    if (is_relative && getcwd(here, sizeof here) == NULL) {
        (void)refuse(&walk, "%s: %s", path, strerror(errno));
        return -1;
    }
    if (snprintf(walk.rest, sizeof walk.rest, "%s/%s", here, path) >= (int)sizeof walk.rest) {
        (void)refuse(&walk, "%.100s...: %s", path, strerror(ENAMETOOLONG));
        return -1;
    }
    int file = walk_to_file(&walk, status);
    int error = errno;
    if (walk.folder >= 0)
        close(walk.folder);
    errno = error;
    return file;
}
