/*
 * The file of bans, which somebody may have edited, read anew by a reload of the configuration.
 *
 * Main thread; other threads may look up, set and lift bans meanwhile.
 */
#ifndef SLUICE_HUB_BANS_RELOAD_H
#define SLUICE_HUB_BANS_RELOAD_H

#include "base/error.h"

#include <stdint.h>

struct bans;
struct config;
struct diagnostics;

/* What a reload's reading of the file has changed. */
struct bans_change {
    uint32_t set;    /* new ones, and those that say something else now */
    uint32_t lifted; /* those that are not in the file any more */
};

struct bans_reload;

/* Reads the file anew beside what is in force, which does not change. *out is NULL if there is
 * nothing to be read: no file in use; or the file is not there, or lacks a change that could not be
 * written, of which `diagnostics` warns. Returns 0, ERR_CONFIG (each line that is wrong is in
 * `diagnostics`), ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int bans_reload_prepare(struct bans *bans, const struct config *config,
                                   struct diagnostics *diagnostics, struct bans_reload **out);

/* From now on just the bans of the file are in force. After a change by somebody else meanwhile the
 * file is out of date and nothing changes, which is logged. `who` is for the log. Owns
 * `reload`, which may be NULL. */
void bans_reload_commit(struct bans *bans, struct bans_reload *reload, const char *who,
                        struct bans_change *out);

/* Throws away what was read. NULL is fine. */
void bans_reload_abort(struct bans_reload *reload);

#endif
