/*
 * datagrams: publishes to a topic what other programs send to a Unix datagram socket, a message
 * each. Clients of the endpoint are subscribed to the topic as they come.
 */
#include <sluice/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DATAGRAM_MAX 65536

struct state {
    int socket; /* -1: none */
    struct sockaddr_un address;
    struct stat file; /* as it was made */
    struct sl_string topic;
};

static const struct sl_option options[] = {
    {.name = "socket",
     .type = SL_OPTION_STRING,
     .flags = SL_OPTION_REQUIRED,
     .minimum = 1,
     .maximum = 107,
     .summary = "Where the socket is made; one that is there is replaced"},
    {.name = "topic",
     .type = SL_OPTION_STRING,
     .default_value = "datagrams",
     .minimum = 1,
     .maximum = 255,
     .summary = "The topic that its datagrams go to"},
};

/* One datagram a call: as long as there are more, it is called again. */
static void on_ready(struct sl_instance *self, uint64_t watch, int fd, uint32_t events,
                     void *context)
{
    char data[DATAGRAM_MAX];
    const struct state *state = self->state;
    ssize_t len = recv(fd, data, sizeof data, 0);
    (void)watch;
    (void)events;
    (void)context;
    if (len >= 0)
        self->host->publish(self, NULL, state->topic.data, state->topic.len, SL_TEXT, data,
                            (size_t)len); /* Nothing, if it is not UTF-8. */
}

static int open_socket(struct sl_instance *self, struct sl_string path)
{
    struct state *state = self->state;
    struct sockaddr_un *address = &state->address;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    address->sun_family = AF_UNIX;
    if (fd < 0 || path.len >= sizeof address->sun_path) {
        errno = fd < 0 ? errno : ENAMETOOLONG;
    } else {
        memcpy(address->sun_path, path.data, path.len);
        unlink(address->sun_path);
        if (bind(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
            stat(address->sun_path, &state->file) == 0)
            return fd;
    }
    sl_fail(self, "socket %s: %s", path.data, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Its file goes with it, unless another instance has made a new one there, as one does that
 * replaces this one. */
static void close_socket(const struct state *state)
{
    struct stat now;
    if (stat(state->address.sun_path, &now) == 0 && now.st_dev == state->file.st_dev &&
        now.st_ino == state->file.st_ino)
        unlink(state->address.sun_path);
    close(state->socket);
}

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    state->socket = -1;
    state->topic = sl_option_string(self, "topic");
    if (self->host->mode(self) == SL_MODE_CHECK)
        return 0; /* `sluice check` makes no socket. */
    state->socket = open_socket(self, sl_option_string(self, "socket"));
    if (state->socket < 0)
        return SL_ERROR;
    if (self->host->fd_watch(self, state->socket, SL_FD_READ, on_ready, NULL) != 0)
        return 0;
    close_socket(state);
    return sl_fail(self, "the socket cannot be watched");
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    const struct state *state = self->state;
    self->host->subscribe(client, state->topic.data, state->topic.len);
}

/* The watch is over. */
static void destroy(struct sl_instance *self)
{
    const struct state *state = self->state;
    if (state->socket >= 0)
        close_socket(state);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "datagrams",
    .version = "1.0.0",
    .summary = "Publishes what comes in on a Unix datagram socket",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .create = create,
    .destroy = destroy,
    .on_open = on_open,
};
