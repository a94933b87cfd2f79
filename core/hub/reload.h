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
#include "hub/bans_reload.h"

#include <stdbool.h>
#include <stdint.h>

struct hub;
struct hub_reload;

/* A reload of the server that somebody asks for, and what has come of it. */
struct reload_order {
    const char *who;  /* asks */
    const char *file; /* the configuration's that is meant, or NULL; another than the server's is an
                         error */
    struct diagnostics *diagnostics;
    struct bans_change bans; /* by bans.file, which is read anew too */
    uint64_t replaced;       /* instances that new ones of the same name have replaced */
};

/* What a commit returns while new instances have not finished their create. */
#define HUB_RELOAD_AWAITED 1

/* Makes endpoints, loads plugins, creates instances. Nothing that runs changes. Takes a reference
 * to `config`. All errors go to `diagnostics`. Returns 0, ERR_CONFIG or ERR_NO_MEMORY. */
MUST_CHECK int hub_reload_prepare(struct hub *hub, struct config *config,
                                  struct diagnostics *diagnostics, struct hub_reload **out);

/* What a commit does when nothing of the hub's can fail any more, before it changes over; its error
 * makes the commit fail. To be set anew before each commit. */
void hub_reload_set_last_step(struct hub_reload *reload,
                              int (*step)(void *context, struct diagnostics *diagnostics),
                              void *context);

/* Asks the instances that take their options live, and creates those that they ask for in their
 * place: the only step that can still fail; then what ran goes on. Else changes over; the loops
 * follow at once. Owns `reload` in both cases. Returns 0, ERR_CONFIG (in `diagnostics`) or
 * ERR_NO_MEMORY; or HUB_RELOAD_AWAITED: nothing has changed, `reload` is still the caller's, who
 * calls again when it is not awaited any more. */
MUST_CHECK int hub_reload_commit(struct hub *hub, struct hub_reload *reload,
                                 struct diagnostics *diagnostics);

/* The loops begin to run only now: so does the time of the instances that are awaited. */
void hub_reload_count_anew(const struct hub_reload *reload);

/* Whether new instances are awaited whose deadline has not passed, and none of them has failed. The
 * control mailbox has a mail when that changes. */
bool hub_reload_is_awaited(const struct hub_reload *reload);

/* When the first deadline of those that are awaited passes, ns, monotonic; INT64_MAX: none is. */
int64_t hub_reload_deadline(const struct hub_reload *reload);

/* Waits until all loops have changed over to what was committed, for `timeout` ns at most. A client
 * whose message awaits a verdict changes over after that. Returns whether they have. Any thread but
 * the loops'. */
bool hub_reload_await(struct hub *hub, int64_t timeout);

/* Logs the plugins' instances that have come into force since the last call. */
void hub_announce_instances(struct hub *hub);

/* Throws away what was prepared. NULL is fine. */
void hub_reload_abort(struct hub_reload *reload);

/* -- for hub.c -- */

void hub_reload_init(struct hub *hub);
void hub_reload_deinit(struct hub *hub);

#endif
