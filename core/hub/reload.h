/*
 * Reload: a new configuration is built beside the running one, and then the loops change over to
 * it, each between two events. Clients stay; messages in flight end on the chain that they began
 * with, whose instances are destroyed when nobody refers to them any more.
 *
 * Main thread. The first configuration of a hub goes the same way.
 */
#ifndef SLUICE_HUB_RELOAD_H
#define SLUICE_HUB_RELOAD_H

#include "base/error.h"
#include "config/config.h"
#include "config/diagnostics.h"

struct hub;
struct hub_reload;

/* Makes endpoints, loads plugins, creates instances. Nothing that runs changes. Takes a reference
 * to `config`. All errors go to `diagnostics`. Returns 0, ERR_CONFIG or ERR_NO_MEMORY. */
MUST_CHECK int hub_reload_prepare(struct hub *hub, struct config *config,
                                  struct diagnostics *diagnostics, struct hub_reload **out);

/* Asks the instances that take their options live, the only step that can still fail: then what ran
 * goes on. Else changes over; the loops follow at once. Owns `reload` in both cases. Returns 0 or
 * ERR_CONFIG (in `diagnostics`). */
MUST_CHECK int hub_reload_commit(struct hub *hub, struct hub_reload *reload,
                                 struct diagnostics *diagnostics);

/* Throws away what was prepared. NULL is fine. */
void hub_reload_abort(struct hub_reload *reload);

#endif
