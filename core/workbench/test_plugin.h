/*
 * sluice test-plugin: the contract's checks and scenarios against a built plugin.
 */
#ifndef SLUICE_WORKBENCH_TEST_PLUGIN_H
#define SLUICE_WORKBENCH_TEST_PLUGIN_H

/* The command with its own options; returns the exit status. */
int test_plugin_main(int argc, char **argv);

extern const char test_plugin_help[];

#endif
