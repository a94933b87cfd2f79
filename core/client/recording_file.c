#include "client/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char first_bytes[] = "{\"event\":\"";

static int refuse(char reason[RECORDING_FILE_TEXT_MAX], const char *words)
{
    snprintf(reason, RECORDING_FILE_TEXT_MAX, "%s", words);
    return ERR_SYSTEM;
}

/* -- opening -- */

static int check_status(const struct recording_file *file, struct stat *status,
                        char reason[RECORDING_FILE_TEXT_MAX])
{
    if (fstat(file->fd, status) != 0)
        return refuse(reason, strerror(errno));
    if (!S_ISREG(status->st_mode))
        return refuse(reason, "it is there already and no regular file");
    if (status->st_uid != geteuid())
        return refuse(reason, "it is there already and belongs to another user");
    if ((status->st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return refuse(reason, "it is there already and others may read or write it; chmod go= it, "
                              "or use another name");
    if (flock(file->fd, LOCK_EX | LOCK_NB) != 0)
        return refuse(reason, "another server records to it");
    return OK;
}

static bool is_recording(const struct recording_file *file)
{
    char start[sizeof first_bytes - 1];
    return pread(file->fd, start, sizeof start, 0) == sizeof start &&
           memcmp(start, first_bytes, sizeof start) == 0;
}

/* Where the last whole line ends. */
static off_t end_of_lines(const struct recording_file *file, off_t size)
{
    char piece[4096];
    while (size > 0) {
        off_t from = size > (off_t)sizeof piece ? size - (off_t)sizeof piece : 0;
        ssize_t got = pread(file->fd, piece, (size_t)(size - from), from);
        if (got <= 0)
            return 0;
        const char *newline = memrchr(piece, '\n', (size_t)got);
        if (newline != NULL)
            return from + (newline - piece) + 1;
        size = from;
    }
    return 0;
}

/* A server that was killed leaves half a line. */
static int go_on(struct recording_file *file, const struct stat *status,
                 char reason[RECORDING_FILE_TEXT_MAX])
{
    if (!is_recording(file))
        return refuse(reason, "it is there already and is no recording, so it is left alone");
    off_t end = end_of_lines(file, status->st_size);
    if (end != status->st_size && ftruncate(file->fd, end) != 0)
        return refuse(reason, strerror(errno));
    file->is_continued = true;
    file->size = (size_t)end;
    return OK;
}

int recording_file_open(struct recording_file *file, const char *path, size_t limit,
                        char reason[RECORDING_FILE_TEXT_MAX])
{
    struct stat status;
    *file = (struct recording_file){.limit = limit};
    file->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file->fd < 0)
        return refuse(reason, strerror(errno));
    int error = check_status(file, &status, reason);
    if (error == OK && status.st_size > 0)
        error = go_on(file, &status, reason);
    if (error != OK)
        recording_file_close(file);
    return error;
}

void recording_file_close(struct recording_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    file->fd = -1;
}

/* -- writing -- */

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t written = write(fd, data, len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        data += written;
        len -= (size_t)written;
    }
    return 0;
}

/* In one call, which is all that it takes unless the disk is full. */
static int write_line(int fd, const char *line, size_t len)
{
    char newline = '\n';
    const struct iovec parts[] = {{.iov_base = (void *)(uintptr_t)line, .iov_len = len},
                                  {.iov_base = &newline, .iov_len = 1}};
    ssize_t written = writev(fd, parts, 2);
    if (written < 0)
        return errno == EINTR ? write_line(fd, line, len) : -1;
    if ((size_t)written > len)
        return 0;
    if (write_all(fd, line + written, len - (size_t)written) != 0)
        return -1;
    return write_all(fd, &newline, 1);
}

int recording_file_append(struct recording_file *file, const char *line, size_t len)
{
    if (file->is_over)
        return ERR_CLOSED;
    if (len >= file->limit || file->size > file->limit - len - 1) {
        file->is_over = true; /* Nothing smaller either. */
        return ERR_LIMIT;
    }
    if (write_line(file->fd, line, len) == 0) {
        file->size += len + 1;
        return OK;
    }
    int error = errno;
    int cut = ftruncate(file->fd, (off_t)file->size); /* Half a line is worse than none. */
    (void)cut;                                        /* Replay knows half a last line. */
    file->is_over = true;
    errno = error;
    return ERR_SYSTEM;
}
