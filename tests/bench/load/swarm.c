#include "swarm.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 512
#define OPENING_MAX 128 /* below every server's listen backlog */
#define STALL_SECONDS 30.0
#define SPARE_DESCRIPTORS 16

double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

void die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(1);
}

static void require_descriptors(size_t count)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("getrlimit: %s", strerror(errno));
    size_t needed = count + SPARE_DESCRIPTORS;
    if (limit.rlim_max < needed)
        die("%zu connections need %zu file descriptors, but this process may have %llu (ulimit "
            "-Hn)",
            count, needed, (unsigned long long)limit.rlim_max);
    if (limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        die("setrlimit: %s", strerror(errno));
}

void swarm_init(struct swarm *swarm, const struct options *options, size_t count)
{
    require_descriptors(count);
    *swarm = (struct swarm){.options = options, .count = count};
    swarm->epoll = epoll_create1(EPOLL_CLOEXEC);
    swarm->connections = calloc(count, sizeof *swarm->connections);
    if (swarm->epoll < 0 || !swarm->connections)
        die("cannot set up %zu connections: %s", count, strerror(errno));
    for (size_t i = 0; i < count; i++)
        swarm->connections[i].socket = -1;
}

size_t swarm_poll(struct swarm *swarm, double seconds, swarm_event on_event)
{
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(swarm->epoll, events, EVENTS_MAX, (int)(seconds * 1000));
    if (ready < 0 && errno != EINTR)
        die("epoll_wait: %s", strerror(errno));
    for (int i = 0; i < ready; i++)
        on_event(swarm, events[i].data.ptr, events[i].events);
    return ready > 0 ? (size_t)ready : 0;
}

static void on_opening(struct swarm *swarm, struct connection *connection, uint32_t events)
{
    const char *why = "";
    (void)events;
    if (connection->state == CONNECTION_OPEN) {
        if (connection_receive(connection, &swarm->total) < 0)
            die("the server closed a connection while the others were being opened");
        return;
    }
    int done = connection_advance(connection, swarm->options, &swarm->total, &why);
    if (done < 0)
        die("connection %zu of %zu: %s", (size_t)(connection - swarm->connections) + 1,
            swarm->count, why);
    swarm->opened += (size_t)done;
}

void swarm_open(struct swarm *swarm)
{
    size_t started = 0;
    size_t seen = 0;
    double moved = now_seconds();
    while (swarm->opened < swarm->count) {
        for (; started < swarm->count && started - swarm->opened < OPENING_MAX; started++)
            if (connection_start(&swarm->connections[started], swarm->options, swarm->epoll,
                                 started) < 0)
                die("connection %zu of %zu: %s", started + 1, swarm->count, strerror(errno));
        swarm_poll(swarm, 1, on_opening);
        if (swarm->opened != seen)
            moved = now_seconds();
        seen = swarm->opened;
        if (now_seconds() - moved > STALL_SECONDS)
            die("no answer for %.0f seconds: %zu of %zu connections are open", STALL_SECONDS,
                swarm->opened, swarm->count);
    }
}

void swarm_count(struct swarm *swarm, const struct frame_count *came)
{
    swarm->total.messages += came->messages;
    swarm->total.compressed += came->compressed;
    swarm->total.bytes += came->bytes;
}

void swarm_drop(struct swarm *swarm, struct connection *connection)
{
    connection_reset(connection);
    swarm->lost++;
}

void swarm_deinit(struct swarm *swarm)
{
    for (size_t i = 0; i < swarm->count; i++)
        connection_deinit(&swarm->connections[i]);
    free(swarm->connections);
    close(swarm->epoll);
}
