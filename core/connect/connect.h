/*
 * sluice connect: a WebSocket client for the terminal.
 *
 * Main thread.
 */
#ifndef SLUICE_CONNECT_CONNECT_H
#define SLUICE_CONNECT_CONNECT_H

#include <getopt.h>

extern const char connect_help[];
extern const struct option connect_options[]; /* getopt_long's */

/* argv[0] is the program. Returns the exit status, see outcome.h. */
int connect_main(int argc, char **argv);

#endif
