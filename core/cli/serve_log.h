/*
 * Where a server's log goes, as log.file says: at the start, after a reload, and when the file is
 * to be opened again.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_SERVE_LOG_H
#define SLUICE_CLI_SERVE_LOG_H

#include "base/error.h"

struct config;
struct diagnostics;

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

/* SIGUSR1: opens the file again. */
void serve_log_reopen(void);

/* The server has not started: tells standard error that a file says why. */
void serve_log_tell_failure(void);

#endif
