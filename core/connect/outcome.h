/*
 * How a connection came to its end, for people or as JSON, and as the exit status.
 *
 * Main thread.
 */
#ifndef SLUICE_CONNECT_OUTCOME_H
#define SLUICE_CONNECT_OUTCOME_H

#include "cli/cli.h"
#include "connect/conversation.h"

/* The exit statuses of 'sluice connect' beside 0, EXIT_WRONG (of our own doing) and EXIT_USAGE. */
enum connect_status {
    CONNECT_NO_CONNECTION = 3, /* nobody answers there, or TLS came to nothing */
    CONNECT_REFUSED = 4,       /* the upgrade was answered with something else than 101 */
    CONNECT_CLOSED = 5,        /* the server closed with a code that is not 1000, or was lost */
    CONNECT_BROKEN = 6,        /* the server does not speak the protocol */
    CONNECT_TOO_FEW = 7        /* --timeout came before the messages of --wait */
};

/* Says what a conversation that is over has come to, unless all is as it was asked for. `url` is
 * what was asked for, without its query. Returns the exit status. */
int outcome_report(const struct cli_options *options, const struct conversation *conversation,
                   const char *url);

#endif
