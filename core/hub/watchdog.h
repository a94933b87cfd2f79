/*
 * The watchdog: a thread that sees when a plugin's hook, offloaded work or a loop does not go on,
 * and says so while it lasts.
 *
 * It looks at what all threads note (base/watched.h), names what has gone on for watchdog.warn,
 * with a backtrace of that thread, and again each minute; keeps newcomers from loops that stand
 * still; and tells readiness and metrics. Created and destroyed on the main thread.
 */
#ifndef SLUICE_HUB_WATCHDOG_H
#define SLUICE_HUB_WATCHDOG_H

#include "base/error.h"
#include "base/watched.h"

#include <stdbool.h>
#include <stdint.h>

struct config;
struct hub;
struct watchdog;

#define WATCHDOG_TEXT_MAX (WATCHED_TEXT_MAX + 64)

/* Starts to watch with the configuration's limits. The hub may be given later (watchdog_use_hub),
 * so that plugins that hang in create are named too. Returns 0, ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int watchdog_create(const struct config *config, struct watchdog **out);

/* The hub whose loops are marked when they stand still, or NULL before it is destroyed. */
void watchdog_use_hub(struct watchdog *watchdog, struct hub *hub);

/* A reload changes the limits. */
void watchdog_configure(struct watchdog *watchdog, const struct config *config);

/* What stands still at the moment. Any thread. */
struct watchdog_status {
    unsigned stuck[WATCHED_KIND_COUNT]; /* threads, by kind */
    uint64_t stuck_total;               /* calls that were, since the start */
    int64_t oldest;                     /* age of the oldest in ns; 0: none */
    bool is_unready;                    /* one has been for watchdog.unready */
    char what[WATCHDOG_TEXT_MAX];       /* the oldest in words; "" */
};
void watchdog_read(struct watchdog *watchdog, struct watchdog_status *out);

/* Stops watching and frees. NULL is fine. */
void watchdog_destroy(struct watchdog *watchdog);

#endif
