/*
 * The functions of struct sl_host for what happens on an instance's own loop: timers, and
 * descriptors that it has watched. Any thread.
 */
#ifndef SLUICE_HOST_HOST_LOOP_H
#define SLUICE_HOST_HOST_LOOP_H

#include <sluice/plugin.h>

uint64_t host_timer_start(struct sl_instance *self, int64_t after, int64_t interval, uint64_t tag);
void host_timer_stop(struct sl_instance *self, uint64_t timer);

uint64_t host_fd_watch(struct sl_instance *self, int fd, uint32_t events,
                       void (*ready)(struct sl_instance *self, uint64_t watch, int fd,
                                     uint32_t events, void *context),
                       void *context);
int host_fd_change(struct sl_instance *self, uint64_t watch, uint32_t events);
void host_fd_unwatch(struct sl_instance *self, uint64_t watch);

#endif
