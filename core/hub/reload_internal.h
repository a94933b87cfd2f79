/*
 * What the parts of a reload share.
 */
#ifndef SLUICE_HUB_RELOAD_INTERNAL_H
#define SLUICE_HUB_RELOAD_INTERNAL_H

#include "client/shard.h"
#include "hub/reload.h"
#include "pipeline/chain.h"

/* What one endpoint changes to. */
struct endpoint_change {
    struct endpoint *endpoint;
    struct endpoint_setup *setup; /* one reference; NULL: the configuration has it no more */
};

/* One loop's order to change over. */
struct switch_mail {
    struct mail mail; /* first */
    struct sweep sweep;
    struct hub_reload *reload;
};

struct hub_reload {
    struct mail done; /* to the main thread, when all loops have changed over */
    struct hub *hub;
    struct config *config;     /* one reference */
    struct plugin_set plugins; /* of the new configuration; after the commit, of the old one */
    struct endpoint_change *changes; /* owned */
    size_t change_count;
    struct switch_mail *mails; /* owned; one for each loop */
    struct change_list live;   /* options that instances take live */
    int (*last_step)(void *context, struct diagnostics *diagnostics); /* of a commit, or NULL */
    void *last_context;
    bool was_offered; /* they have been, so that hooks may still read them */
    bool is_void;     /* refused: the loops only pass by, so that no hook still reads its options */
    _Atomic unsigned loops_to_go;
};

/* -- reload_prepare.c -- */

/* Builds the set-ups of all endpoints of the new configuration. All errors go to `diagnostics`.
 * Returns 0, ERR_CONFIG or ERR_NO_MEMORY. */
MUST_CHECK int reload_prepare_endpoints(struct hub_reload *reload, struct diagnostics *diagnostics);

/* Notes the endpoints that the new configuration does not have. */
void reload_prepare_removals(struct hub_reload *reload);

/* -- reload_awaited.c -- */

/* Looks whether all new instances have finished their create. Failures, and deadlines that have
 * passed, go to `diagnostics`. Returns 0, ERR_CONFIG or HUB_RELOAD_AWAITED. */
MUST_CHECK int reload_check_created(struct hub_reload *reload, struct diagnostics *diagnostics);

/* Nobody waits any more for the create of a new instance, though it may be there for a while. */
void reload_forget_creations(const struct hub_reload *reload);

#endif
