/*
 * sluice test-plugin: the contract's checks and scenarios against a built plugin.
 */
#ifndef SLUICE_WORKBENCH_TEST_PLUGIN_H
#define SLUICE_WORKBENCH_TEST_PLUGIN_H

#include <getopt.h>

/* The command with its own options; returns the exit status. */
int test_plugin_main(int argc, char **argv);

extern const char test_plugin_help[];
extern const struct option test_plugin_options[]; /* getopt_long's */

#endif
