/*
 * sluice replay: recorded messages through a configuration's pipelines, offline.
 */
#ifndef SLUICE_WORKBENCH_REPLAY_H
#define SLUICE_WORKBENCH_REPLAY_H

#include <getopt.h>

/* The command with its own options; returns the exit status. */
int replay_main(int argc, char **argv);

extern const char replay_help[];
extern const struct option replay_options[]; /* getopt_long's */

#endif
