/*
 * Reloading a running server: asked for by SIGHUP on the main thread, or by the admin API on one of
 * its threads, done on the main thread.
 */
#ifndef SLUICE_CLI_SERVE_RELOAD_H
#define SLUICE_CLI_SERVE_RELOAD_H

#include "cli/cli.h"
#include "config/diagnostics.h"

#include <pthread.h>
#include <stdbool.h>

struct admin;
struct front;
struct hub;
struct recorder;
struct stop_signals;
struct watchdog;

/* The parts of a running server, in the order in which they start. */
struct server_parts {
    const struct cli_options *options;
    struct config *config; /* that runs; one reference */
    struct stop_signals *signals;
    struct watchdog *watchdog;
    struct hub *hub;
    struct recorder *recorder; /* or NULL */
    struct front *front;
    struct admin *admin;
    pthread_mutex_t lock; /* of `is_stopping` */
    bool is_stopping;     /* no reload is begun any more */
};

/* From now on the log is written as the configuration says. Main thread. */
void serve_configure_log(const struct config *config);

/* Reads the configuration anew and changes over to it. If anything is wrong with it, all of that is
 * in `diagnostics` and in the log, and what ran goes on. `file`: the one that whoever asks means,
 * or NULL; another than the server's is an error. Main thread. Returns 0 or a negative code. */
MUST_CHECK int serve_reload(struct server_parts *parts, const char *file,
                            struct diagnostics *diagnostics);

/* Has the main thread do that, and waits for it. `context` is the server's parts. Any other
 * thread. */
MUST_CHECK int serve_reload_from_elsewhere(void *context, const char *file,
                                           struct diagnostics *diagnostics);

/* Refuses reloads from now on, and does those that have been asked for. Main thread. */
void serve_reload_end(struct server_parts *parts);

#endif
