#include "admin/admin_socket.h"

#include "admin/admin_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0755
#define MODES 0777

/* Makes the folder of the socket, if the folder above is there. open_folder reports a failure. */
static void make_folder(const char *path)
{
    char folder[sizeof(struct sockaddr_storage)];
    const char *slash = strrchr(path, '/');
    size_t len = (size_t)(slash - path);
    memcpy(folder, path, len);
    folder[len] = '\0';
    if (len > 0)
        (void)mkdir(folder, FOLDER_MODE);
}

/* Returns why a socket at the path cannot be replaced. NULL: nobody listens on it any more; only a
 * refused connection says that. A socket of another kind, or one that may not be opened, was not
 * left behind by a server of ours. */
static const char *why_socket_stays(const struct bind_address *address)
{
    int error = 0;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return strerror(errno);
    if (connect(fd, (const struct sockaddr *)&address->socket_address,
                address->socket_address_len) != 0)
        error = errno;
    close(fd);
    switch (error) {
    case ECONNREFUSED:
    case ENOENT:
        return NULL;
    case 0:
    case EAGAIN: /* Its backlog is full. */
        return "another server listens there";
    default:
        return "there is a socket that something else uses, or that you may not open; remove it, "
               "or choose another path";
    }
}

/* Returns why there can be no listener at the path; NULL: there can. */
static const char *obstacle_at_path(const struct bind_address *address)
{
    struct stat found;
    if (lstat(bind_address_path(address), &found) != 0)
        return errno == ENOENT ? NULL : strerror(errno);
    if (!S_ISSOCK(found.st_mode))
        return "there is a file that is not a socket; remove it, or choose another path";
    return why_socket_stays(address);
}

static int open_folder(const char *path)
{
    char folder[sizeof(struct sockaddr_storage)];
    size_t len = (size_t)(strrchr(path, '/') - path) + 1;
    memcpy(folder, path, len);
    folder[len] = '\0';
    return open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Gives the socket its mode and then its name, which takes the place of one that was left behind.
 */
static int move_into_place(struct admin_listener *listener, const char *made, mode_t mode)
{
    struct stat found;
    const char *path = bind_address_path(&listener->address);
    if (chmod(made, mode) != 0 || stat(made, &found) != 0 || rename(made, path) != 0)
        return ERR_SYSTEM;
    listener->socket_file = found.st_ino;
    return OK;
}

/* Listens on a file with a name of our choice, since CivetWeb takes parts of some paths for
 * options. umask gives the file its mode from the beginning; for a moment it applies to files that
 * other threads make, too. */
static int start_in_folder(int folder, struct admin_listener *listener, const struct config *config,
                           const char **failure)
{
    char made[64];
    char text[80];
    struct bind_address renamed;
    mode_t mode = (mode_t)config->admin_socket_mode;
    snprintf(made, sizeof made, "/proc/self/fd/%d/.sluice-%d", folder, (int)getpid());
    snprintf(text, sizeof text, "unix:%s", made);
    int error = bind_address_parse(&renamed, text, false);
    if (error != OK)
        return error;
    (void)unlink(made); /* left by a process with the same number */
    mode_t before = umask(MODES & ~mode);
    error = civetweb_context_start(&listener->civetweb, config, &renamed);
    umask(before);
    if (error == OK && move_into_place(listener, made, mode) != OK) {
        *failure = strerror(errno);
        error = ERR_SYSTEM;
    }
    if (error != OK)
        (void)unlink(made);
    return error;
}

int admin_socket_start(struct admin_listener *listener, const struct config *config,
                       const char **failure)
{
    const char *path = bind_address_path(&listener->address);
    make_folder(path);
    const char *obstacle = obstacle_at_path(&listener->address);
    if (obstacle != NULL) {
        *failure = obstacle;
        return ERR_SYSTEM;
    }
    int folder = open_folder(path);
    if (folder < 0) {
        *failure = "its folder does not exist and could not be made; systemd makes it for "
                   "RuntimeDirectory=, else make it, or choose another path";
        return ERR_SYSTEM;
    }
    int error = start_in_folder(folder, listener, config, failure);
    close(folder);
    return error;
}

void admin_socket_remove(const struct admin_listener *listener)
{
    struct stat found;
    const char *path = bind_address_path(&listener->address);
    if (listener->socket_file != 0 && lstat(path, &found) == 0 &&
        found.st_ino == listener->socket_file)
        (void)unlink(path);
}
