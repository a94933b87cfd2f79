#include "pipeline/descriptor_set.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

int descriptor_set_init(struct descriptor_set *set)
{
    *set = (struct descriptor_set){.epoll_fd = epoll_create1(EPOLL_CLOEXEC)};
    return set->epoll_fd >= 0 ? OK : ERR_SYSTEM;
}

void descriptor_set_deinit(struct descriptor_set *set)
{
    struct descriptor_watch *next = set->first;
    while (next != NULL) {
        struct descriptor_watch *watch = next;
        next = watch->next;
        free(watch);
    }
    if (set->epoll_fd >= 0)
        close(set->epoll_fd);
}

struct descriptor_watch *descriptor_set_find(const struct descriptor_set *set, uint64_t id)
{
    struct descriptor_watch *watch = set->first;
    while (watch != NULL && watch->id != id)
        watch = watch->next;
    return watch;
}

/* -- the list -- */

static void link_watch(struct descriptor_set *set, struct descriptor_watch *watch)
{
    watch->next = set->first;
    set->first = watch;
    set->count++;
}

static void unlink_watch(struct descriptor_set *set, struct descriptor_watch *watch)
{
    struct descriptor_watch **link = &set->first;
    while (*link != watch)
        link = &(*link)->next;
    *link = watch->next;
    set->count--;
}

/* -- the epoll -- */

static int set_in_epoll(int epoll_fd, int operation, const struct descriptor_watch *watch,
                        uint32_t events)
{
    struct epoll_event event = {.data.u64 = watch->id};
    if (events == 0) /* Errors are told nevertheless: once, and then no more. */
        event.events |= EPOLLONESHOT;
    if ((events & SL_FD_READ) != 0)
        event.events |= EPOLLIN;
    if ((events & SL_FD_WRITE) != 0)
        event.events |= EPOLLOUT;
    return epoll_ctl(epoll_fd, operation, watch->fd, &event) == 0 ? OK : ERR_SYSTEM;
}

/* A pipe at its end is told as EPOLLHUP alone. */
uint32_t descriptor_events_of(uint32_t ready)
{
    uint32_t events = 0;
    if ((ready & (EPOLLIN | EPOLLHUP)) != 0)
        events |= SL_FD_READ;
    if ((ready & EPOLLOUT) != 0)
        events |= SL_FD_WRITE;
    if ((ready & (EPOLLERR | EPOLLHUP)) != 0)
        events |= SL_FD_ERROR;
    return events;
}

static void take_out(struct descriptor_set *set, const struct descriptor_watch *watch)
{
    if (set_in_epoll(set->epoll_fd, EPOLL_CTL_DEL, watch, 0) != OK)
        set->may_have_lost = true;
}

/* Another descriptor has got the number of one that was closed while it was watched. */
static void forget_namesake(struct descriptor_set *set, int fd)
{
    struct descriptor_watch *watch = set->first;
    while (watch != NULL && watch->fd != fd)
        watch = watch->next;
    if (watch == NULL)
        return;
    unlink_watch(set, watch);
    free(watch);
    set->may_have_lost = true;
}

const struct descriptor_watch *descriptor_set_add(struct descriptor_set *set,
                                                  const struct descriptor_watch *wanted)
{
    struct descriptor_watch *watch = malloc(sizeof *watch);
    if (watch == NULL)
        return NULL;
    *watch = *wanted;
    watch->id = ++set->last_id;
    if (set_in_epoll(set->epoll_fd, EPOLL_CTL_ADD, watch, watch->events) != OK) {
        free(watch);
        return NULL;
    }
    forget_namesake(set, watch->fd);
    link_watch(set, watch);
    return watch;
}

int descriptor_set_change(struct descriptor_set *set, struct descriptor_watch *watch,
                          uint32_t events)
{
    if (watch->events == events)
        return OK;
    int error = set_in_epoll(set->epoll_fd, EPOLL_CTL_MOD, watch, events);
    if (error == OK)
        watch->events = events;
    return error;
}

void descriptor_set_remove(struct descriptor_set *set, struct descriptor_watch *watch)
{
    unlink_watch(set, watch);
    take_out(set, watch);
    free(watch);
}

int descriptor_set_renew(struct descriptor_set *set, int epoll_fd)
{
    int before = set->epoll_fd;
    for (struct descriptor_watch *watch = set->first; watch != NULL; watch = watch->next)
        if (set_in_epoll(epoll_fd, EPOLL_CTL_ADD, watch, watch->events) != OK)
            watch->events = 0; /* It was closed. */
    set->epoll_fd = epoll_fd;
    set->may_have_lost = false;
    return before;
}
