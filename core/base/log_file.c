#include "base/log_file.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sluice/file.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_FILE_MODE 0640

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char used_path[PATH_MAX]; /* with the lock; "": standard error */

/* -- opening -- */

/* NULL: what was found may be appended to. */
static const char *fault_of(const struct stat *status)
{
    if (S_ISLNK(status->st_mode))
        return "it is a symbolic link, which somebody could point elsewhere; name the file itself";
    const char *fault = sl_file_fault(status, SL_FILE_READABLE);
    if (fault == NULL && status->st_nlink > 1)
        fault = "it has other names (hard links), so it may be somebody else's file";
    return fault;
}

/* Writes the sentence; a fault that a command mends ends with the command. */
static void describe_fault(const char *path, const char *fault, char text[LOG_FILE_TEXT_MAX])
{
    bool has_remedy = strstr(fault, "chmod") != NULL;
    snprintf(text, LOG_FILE_TEXT_MAX, "%s%s%s", fault, has_remedy ? " " : "",
             has_remedy ? path : "");
}

int log_file_open(const char *path, char text[LOG_FILE_TEXT_MAX])
{
    struct stat status;
    int fd =
        open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
             NEW_FILE_MODE);
    if (fd < 0 && (errno == ELOOP || errno == ENXIO) && lstat(path, &status) == 0 &&
        fault_of(&status) != NULL) {
        describe_fault(path, fault_of(&status), text);
        return -1;
    }
    if (fd < 0 || fstat(fd, &status) != 0) {
        snprintf(text, LOG_FILE_TEXT_MAX, "%s", strerror(errno));
    } else if (fault_of(&status) != NULL) {
        describe_fault(path, fault_of(&status), text);
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* The folder in which a file is created. */
static int check_folder(const char *path, char text[LOG_FILE_TEXT_MAX])
{
    char folder[PATH_MAX];
    struct stat status;
    const char *slash = strrchr(path, '/');
    int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", len, slash == NULL ? "." : path);
    if (stat(folder, &status) == 0 && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0)
        return OK;
    snprintf(text, LOG_FILE_TEXT_MAX, "the folder %s: %s", folder, strerror(errno));
    return ERR_SYSTEM;
}

int log_file_check(const char *path, char text[LOG_FILE_TEXT_MAX])
{
    struct stat status;
    if (lstat(path, &status) != 0 && errno == ENOENT)
        return check_folder(path, text);
    if (lstat(path, &status) != 0) {
        snprintf(text, LOG_FILE_TEXT_MAX, "%s", strerror(errno));
        return ERR_SYSTEM;
    }
    if (fault_of(&status) != NULL) {
        describe_fault(path, fault_of(&status), text);
        return ERR_SYSTEM;
    }
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0)
        return OK;
    snprintf(text, LOG_FILE_TEXT_MAX, "%s", strerror(errno));
    return ERR_SYSTEM;
}

/* -- the file in use -- */

int log_file_use(const char *path, int fd)
{
    if (path == NULL)
        fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (fd < 0)
        return ERR_SYSTEM;
    pthread_mutex_lock(&lock);
    int error = log_redirect(fd);
    if (error == OK)
        snprintf(used_path, sizeof used_path, "%s", path != NULL ? path : "");
    pthread_mutex_unlock(&lock);
    return error;
}

bool log_file_path(char path[PATH_MAX])
{
    pthread_mutex_lock(&lock);
    memcpy(path, used_path, sizeof used_path);
    pthread_mutex_unlock(&lock);
    return path[0] != '\0';
}

/* With the lock, so that a reload that changes the path comes before or after. */
static int reopen_used(char text[LOG_FILE_TEXT_MAX])
{
    char reason[LOG_FILE_TEXT_MAX] = "it cannot be redirected";
    if (used_path[0] == '\0') {
        snprintf(text, LOG_FILE_TEXT_MAX,
                 "the log goes to standard error; log.file has it go to a file");
        return ERR_NOT_FOUND;
    }
    int fd = log_file_open(used_path, reason);
    if (fd >= 0 && log_redirect(fd) == OK) {
        snprintf(text, LOG_FILE_TEXT_MAX, "%s", used_path);
        return OK;
    }
    snprintf(text, LOG_FILE_TEXT_MAX, "cannot open %.*s: %.200s; the log goes on in the old file",
             (int)(LOG_FILE_TEXT_MAX - 256), used_path, reason);
    return ERR_SYSTEM;
}

int log_file_reopen(const char *who, char text[LOG_FILE_TEXT_MAX])
{
    pthread_mutex_lock(&lock);
    int error = reopen_used(text);
    pthread_mutex_unlock(&lock);
    if (error == OK)
        log_info("log", "%s: opened %s again", who, text);
    else if (error == ERR_NOT_FOUND)
        log_warn("log", "%s: not reopened: %s", who, text);
    else
        log_error("log", "%s: not reopened: %s", who, text);
    return error;
}
