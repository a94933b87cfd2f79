/*
 * Descriptors that instances have watched: they are looked at when the test says so, in real time.
 */
#include "workbench/fake_internal.h"

#include <poll.h>

#define WATCHES_MAX 256 /* as the server's default for one instance */

struct fake_watch {
    struct instance *instance;
    struct fake_readiness how; /* its `events` are those that are watched for */
};

static struct fake_watch watches[WATCHES_MAX]; /* the first `count`; with the fake host's lock */
static size_t count;

static struct fake_watch *find_watch(uint64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (watches[i].how.watch == id)
            return &watches[i];
    return NULL;
}

static bool is_watched(const struct instance *instance, int fd)
{
    for (size_t i = 0; i < count; i++)
        if (watches[i].instance == instance && watches[i].how.fd == fd)
            return true;
    return false;
}

/* -- the functions of struct sl_host -- */

static bool are_events(uint32_t events)
{
    return (events & ~((uint32_t)SL_FD_READ | (uint32_t)SL_FD_WRITE)) == 0;
}

static uint64_t watch_fd(struct sl_instance *self, int fd, uint32_t events,
                         void (*ready)(struct sl_instance *, uint64_t, int, uint32_t, void *),
                         void *context)
{
    struct instance *instance = (struct instance *)self;
    struct pollfd asked = {.fd = fd};
    uint64_t id = 0;
    if (ready == NULL || !are_events(events) || fd < 0 || poll(&asked, 1, 0) < 0 ||
        (asked.revents & POLLNVAL) != 0 || fake_allocation_is_to_fail())
        return 0;
    fake_lock();
    if (count < WATCHES_MAX && !is_watched(instance, fd)) {
        id = fake.next_id++;
        watches[count++] = (struct fake_watch){instance, {id, fd, events, ready, context}};
    }
    fake_unlock();
    return id;
}

static int change_watch(struct sl_instance *self, uint64_t id, uint32_t events)
{
    (void)self;
    fake_lock();
    struct fake_watch *watch = find_watch(id);
    bool is_taken = watch != NULL && are_events(events);
    if (is_taken)
        watch->how.events = events;
    fake_unlock();
    return is_taken ? 0 : -1;
}

static void unwatch_fd(struct sl_instance *self, uint64_t id)
{
    (void)self;
    fake_lock();
    struct fake_watch *watch = find_watch(id);
    if (watch != NULL)
        *watch = watches[--count];
    fake_unlock();
}

void fake_watches_provide(struct sl_host *host)
{
    host->fd_watch = watch_fd;
    host->fd_change = change_watch;
    host->fd_unwatch = unwatch_fd;
}

bool fake_has_watches(void)
{
    fake_lock();
    bool has_any = count > 0;
    fake_unlock();
    return has_any;
}

void fake_watches_forget(const struct instance *instance)
{
    fake_lock();
    for (size_t i = count; i-- > 0;)
        if (watches[i].instance == instance)
            watches[i] = watches[--count];
    fake_unlock();
}

/* -- looking at them -- */

/* What is to be looked at, and whose it is. */
static nfds_t list_watches(struct pollfd asked[WATCHES_MAX], uint64_t ids[WATCHES_MAX])
{
    nfds_t used = 0;
    fake_lock();
    for (size_t i = 0; i < count; i++) {
        uint32_t events = watches[i].how.events;
        if (events == 0)
            continue;
        asked[used] =
            (struct pollfd){.fd = watches[i].how.fd,
                            .events = (short)(((events & SL_FD_READ) != 0 ? POLLIN : 0) |
                                              ((events & SL_FD_WRITE) != 0 ? POLLOUT : 0))};
        ids[used++] = watches[i].how.watch;
    }
    fake_unlock();
    return used;
}

/* A pipe at its end is told as POLLHUP alone. */
static uint32_t events_of(short ready)
{
    return ((ready & (POLLIN | POLLHUP)) != 0 ? (uint32_t)SL_FD_READ : 0) |
           ((ready & POLLOUT) != 0 ? (uint32_t)SL_FD_WRITE : 0) |
           ((ready & (POLLERR | POLLHUP)) != 0 ? (uint32_t)SL_FD_ERROR : 0);
}

/* Returns whether it was called: an earlier callback may have ended the watch, or changed it. */
static bool call_ready(uint64_t id, const struct pollfd *found)
{
    fake_lock();
    const struct fake_watch *there = find_watch(id);
    struct fake_watch watch = there != NULL ? *there : (struct fake_watch){.instance = NULL};
    fake_unlock();
    if (watch.instance == NULL || found->revents == 0)
        return false;
    if ((found->revents & POLLNVAL) != 0)
        fake_fail("descriptor %d was closed while it was watched: call host->fd_unwatch before "
                  "close",
                  found->fd);
    uint32_t wanted = watch.how.events | (watch.how.events != 0 ? (uint32_t)SL_FD_ERROR : 0);
    watch.how.events = events_of(found->revents) & wanted;
    if (watch.how.events == 0)
        return false;
    fake_shim_ready(watch.instance, &watch.how);
    return true;
}

bool fake_poll(int milliseconds)
{
    struct pollfd asked[WATCHES_MAX];
    uint64_t ids[WATCHES_MAX];
    bool has_called = false;
    nfds_t used = list_watches(asked, ids);
    if (used == 0 || poll(asked, used, milliseconds) <= 0)
        return false;
    for (nfds_t i = 0; i < used; i++)
        has_called |= call_ready(ids[i], &asked[i]);
    return has_called;
}
