/*
 * Asking a running server: one HTTP request to its admin listener.
 *
 * Main thread; waits at most ADMIN_CLIENT_TIMEOUT seconds.
 */
#ifndef SLUICE_CLI_ADMIN_CLIENT_H
#define SLUICE_CLI_ADMIN_CLIENT_H

#include "base/buffer.h"
#include "cli/cli.h"

#define ADMIN_CLIENT_TIMEOUT 60 /* seconds: a reload creates plugins, which may take their time */

/* Sends `method` for `path` to the admin listener that the options or the configuration name, and
 * appends the zero-terminated body of the answer to `body`. Returns the HTTP status, or -1: no
 * answer; that has been said on standard error then. */
int admin_client_ask(const struct cli_options *options, const char *method, const char *path,
                     struct buffer *body);

#endif
