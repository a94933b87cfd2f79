/*
 * Whether a client that a reload has brought to a chain would still be let in: on_recheck, the hook
 * behind an endpoint's `on_reload: recheck`.
 *
 * Only the client's loop.
 */
#ifndef SLUICE_PIPELINE_CHAIN_RECHECK_H
#define SLUICE_PIPELINE_CHAIN_RECHECK_H

#include <sluice/plugin.h>

/* Asks the stages of the client's chain, in order, until one objects or closes the client. Returns
 * SL_CONTINUE, SL_DENY, or SL_ERROR: a stage could not tell, and its on_error is deny. */
enum sl_verdict chain_recheck(struct sl_client *client);

#endif
