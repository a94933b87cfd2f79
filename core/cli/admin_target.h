/*
 * Which running server a command asks: its address and token, from the command line or from the
 * configuration.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_ADMIN_TARGET_H
#define SLUICE_CLI_ADMIN_TARGET_H

#include "cli/cli.h"

#include <limits.h>
#include <stdbool.h>

#define ADMIN_TOKEN_MAX 1024

struct admin_target {
    const struct cli_options *options; /* say how errors are printed */
    char address[256];                 /* "127.0.0.1:9090", or the path of a Unix socket */
    bool is_unix;
    char host[256];
    char port[16];
    char token[ADMIN_TOKEN_MAX]; /* empty: none; the caller wipes it */
    char source[PATH_MAX];       /* where the address is from, for messages */
};

/* Finds the target. Returns false after it has said what is missing. */
bool admin_target_find(const struct cli_options *options, struct admin_target *target);

#endif
