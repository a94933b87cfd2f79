/*
 * sluice new-plugin: writes a folder with the beginning of a plugin.
 */
#ifndef SLUICE_WORKBENCH_NEW_PLUGIN_H
#define SLUICE_WORKBENCH_NEW_PLUGIN_H

#include <getopt.h>

/* The command with its own options; returns the exit status. */
int new_plugin_main(int argc, char **argv);

extern const char new_plugin_help[];
extern const struct option new_plugin_options[]; /* getopt_long's */

#endif
