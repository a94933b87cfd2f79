/*
 * A connection from its opening to its end: lines of standard input go to the server, its messages
 * to standard output.
 *
 * Main thread; waits in poll. Interruptions are noted (cli/interruption.h): the first closes the
 * connection as the end of the input does.
 */
#ifndef SLUICE_CONNECT_SESSION_H
#define SLUICE_CONNECT_SESSION_H

#include "cli/cli.h"
#include "connect/printer.h"
#include "connect/stream.h"
#include "ws/client_side.h"

struct session_options {
    const struct cli_options *cli; /* how errors are printed */
    const char *shown;             /* the URL for messages: without its query */
    struct url url;
    struct stream_tls tls;
    struct client_request request;
    struct printer printer;
    size_t message_max;       /* bytes, of received messages and of lines */
    const char *const *sends; /* messages to begin with */
    size_t send_count;
    bool reads_input; /* standard input */
    bool stays;       /* when everything has been sent */
    unsigned wait;    /* ends after so many messages; 0: no such number */
    int64_t timeout;  /* ns for everything; 0: none */
};

/* Returns the exit status, see outcome.h. What is to be said of it has been said. */
int session_run(const struct session_options *options);

#endif
