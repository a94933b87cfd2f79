#include "host/host_loop.h"

#include "host/host_internal.h"
#include "pipeline/descriptor_watch.h"
#include "pipeline/instance_timer.h"

uint64_t host_timer_start(struct sl_instance *self, int64_t after, int64_t interval, uint64_t tag)
{
    return instance_timer_start(instance_of(self), after, interval, tag);
}

void host_timer_stop(struct sl_instance *self, uint64_t timer)
{
    instance_timer_stop(instance_of(self), timer);
}

uint64_t host_fd_watch(struct sl_instance *self, int fd, uint32_t events, descriptor_ready *ready,
                       void *context)
{
    return descriptor_watch(instance_of(self), fd, events, ready, context);
}

int host_fd_change(struct sl_instance *self, uint64_t watch, uint32_t events)
{
    return descriptor_watch_change(instance_of(self), watch, events) == OK ? 0 : -1;
}

void host_fd_unwatch(struct sl_instance *self, uint64_t watch)
{
    descriptor_unwatch(instance_of(self), watch);
}
