/*
 * Offloaded work: a plugin's blocking call on a worker thread, whose result comes back to the loop
 * of the client that it is about, or to the instance's home.
 *
 * A job holds a reference to its instance until it has come back.
 */
#ifndef SLUICE_PIPELINE_OFFLOAD_H
#define SLUICE_PIPELINE_OFFLOAD_H

#include "base/error.h"

#include <sluice/plugin.h>

struct instance;
struct option_set;

/* Runs `work` on a worker thread and then `done`, which may be NULL, as sl_host says. Any thread.
 * Returns 0, ERR_INVALID (no work), ERR_CLOSED (the instance or the server ends), ERR_LIMIT (the
 * queue is full), ERR_NO_MEMORY or ERR_SYSTEM; neither is called then. */
MUST_CHECK int offload_post(struct instance *instance, uint64_t client_id,
                            void (*work)(struct sl_instance *self, void *context),
                            void (*done)(struct sl_instance *self, struct sl_client *client,
                                         void *context),
                            void *context);

/* The options of an instance for the calling thread: for a hook, offloaded work, or a thread of the
 * plugin's own; see instance_options.h. */
struct option_set *offload_options(struct instance *instance);

#endif
