/*
 * Reloading a running server: asked for by SIGHUP on the main thread, or by the admin API on one of
 * its threads, done on the main thread.
 *
 * Reloads are done one after the other, in the order in which they were asked for. One whose new
 * instances have not finished their create is under way until they have; meanwhile the main thread
 * goes on with its other work. What is asked for before the first configuration is in force begins
 * then.
 */
#ifndef SLUICE_CLI_SERVE_RELOAD_H
#define SLUICE_CLI_SERVE_RELOAD_H

#include "cli/cli.h"
#include "config/diagnostics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct admin;
struct event_ring;
struct front;
struct hub;
struct recorder;
struct hub_reload;
struct reload_order;
struct stop_signals;
struct watchdog;

/* One that has been asked for. */
struct reload_job {
    struct reload_job *next;
    struct reload_order *order;
    /* Called once, with 0 or a negative code; takes the job. */
    void (*end)(struct reload_job *job, int result);
    bool is_begun;
    struct config *config;  /* the new one; one reference */
    struct hub_reload *hub; /* what is prepared, while instances are awaited */
    int64_t began;          /* ns, monotonic */
    uint64_t replaced;      /* instances, before it */
};

/* The parts of a running server, in the order in which they start. */
struct server_parts {
    const struct cli_options *options;
    struct config *config;     /* that runs; one reference */
    struct event_ring *events; /* NULL: there is no admin listener to show them */
    struct stop_signals *signals;
    struct watchdog *watchdog;
    struct hub *hub;
    struct recorder *recorder; /* or NULL */
    struct front *front;
    struct admin *admin;
    pthread_mutex_t lock;    /* of `is_stopping` */
    bool is_stopping;        /* no reload is begun any more */
    struct reload_job *jobs; /* the first one is under way; main thread */
};

/* Begins the job, or lets it wait for those before it. If anything is wrong with the new
 * configuration, all of that is in the order's diagnostics and in the log, and what ran goes on.
 * Main thread. */
void serve_reload(struct server_parts *parts, struct reload_job *job);

/* The same for SIGHUP. */
void serve_reload_for_signal(struct server_parts *parts);

/* Goes on with what is under way, if it can, and with what waits. Main thread. */
void serve_reload_continue(struct server_parts *parts);

/* When to go on at the latest, ns, monotonic; INT64_MAX: nothing is under way. Main thread. */
int64_t serve_reload_deadline(const struct server_parts *parts);

/* Logs that one was asked for in vain, since the server is stopping. */
void serve_reload_refuse(const struct server_parts *parts, const char *who);

/* Has the main thread do that, and waits for it. `context` is the server's parts. Any other
 * thread. */
MUST_CHECK int serve_reload_from_elsewhere(void *context, struct reload_order *order);

/* Refuses reloads from now on. Does those that have been asked for; what waits for an instance, or
 * behind one that does, is given up. Main thread. */
void serve_reload_end(struct server_parts *parts);

/* Ends all jobs in vain. For serve_reload_end. */
void serve_reload_give_up(struct server_parts *parts);

#endif
