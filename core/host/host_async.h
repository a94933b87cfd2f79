/*
 * The host's functions for what happens later: deferral, offloaded work, timers.
 */
#ifndef SLUICE_HOST_HOST_ASYNC_H
#define SLUICE_HOST_HOST_ASYNC_H

#include <sluice/plugin.h>

struct option_set;

/* As struct sl_host documents them. */
enum sl_verdict host_defer(struct sl_instance *self, struct sl_client *client,
                           const struct sl_deferral *how, struct sl_ticket *ticket);
int host_offload(struct sl_instance *self, uint64_t client_id,
                 void (*work)(struct sl_instance *self, void *context),
                 void (*done)(struct sl_instance *self, struct sl_client *client, void *context),
                 void *context);
uint64_t host_timer_start(struct sl_instance *self, int64_t after, int64_t interval, uint64_t tag);
void host_timer_stop(struct sl_instance *self, uint64_t timer);

/* The options of an instance for whoever asks on this thread: a hook, offloaded work, or a thread
 * of the plugin's own; see instance_options.h. */
struct option_set *host_options(const struct sl_instance *self);

#endif
