/*
 * The timers of an instance.
 *
 * They all fire on one loop, the instance's home, so that its on_timer is never called twice at
 * once. Starting and stopping from elsewhere goes through that loop's mailbox, in order. They end
 * when nothing but them is left of the instance.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_TIMER_H
#define SLUICE_PIPELINE_INSTANCE_TIMER_H

#include "pipeline/instance.h"

#include <stdint.h>

/* Starts one; see sl_host. Any thread. Returns its id, or 0. */
uint64_t instance_timer_start(struct instance *instance, int64_t after, int64_t interval,
                              uint64_t tag);

/* Stops one. Any thread. */
void instance_timer_stop(struct instance *instance, uint64_t id);

/* Ends all timers, and takes no more. Only on the home loop. */
void instance_timers_end(struct instance *instance);

#endif
