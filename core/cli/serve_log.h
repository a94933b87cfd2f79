/*
 * Where a server's log goes, as log.file says: at the start, after a reload, and when the file is
 * to be opened again. And the last events, for the admin listener.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_SERVE_LOG_H
#define SLUICE_CLI_SERVE_LOG_H

#include "base/error.h"

struct cli_options;
struct config;
struct diagnostics;
struct event_ring;

/* From now on the log is written as the configuration says. */
void serve_log_configure(const struct config *config);

/* How errors of the configuration are written, which is its to say: --set log.format is heard at
 * once, the file when it was read, whatever else is wrong with it. */
void serve_log_expect(const struct cli_options *options);
void serve_log_use_format(const struct config *config);

/* Says what is wrong with log.file without opening it, for `sluice check`. Returns 0 or ERR_CONFIG.
 */
MUST_CHECK int serve_log_check(const struct config *config, struct diagnostics *diagnostics);

/* Opens log.file, and then starts the log's queue in front of it; without a file, of standard
 * error. Returns 0 or ERR_CONFIG: then nothing has been started. */
MUST_CHECK int serve_log_start(const struct config *config, struct diagnostics *diagnostics);

/* A reload: opens log.file of the new configuration, and then has the log go there. *fd is -1 if
 * there is no file. Returns 0 or ERR_CONFIG. */
MUST_CHECK int serve_log_prepare(const struct config *config, struct diagnostics *diagnostics,
                                 int *fd);
void serve_log_commit(const struct config *config, int fd);
void serve_log_abort(int fd);

/* From now on the last events are kept, if there is an admin listener to show them; *out is NULL if
 * not. Returns 0 or a negative code. */
MUST_CHECK int serve_log_keep_events(const struct config *config, struct event_ring **out);

/* No other thread logs events any more. NULL is fine. */
void serve_log_forget_events(struct event_ring *events);

/* SIGUSR1: opens the file again. */
void serve_log_reopen(void);

/* The server has not started: tells standard error that a file says why. */
void serve_log_tell_failure(void);

#endif
