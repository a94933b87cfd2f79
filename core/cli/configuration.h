/*
 * The configuration that a command works with: which file it is, and what is said of its mistakes.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_CONFIGURATION_H
#define SLUICE_CLI_CONFIGURATION_H

#include "cli/cli.h"

/* The file to use: the one given; else config/sluice.yaml beside the build; else
 * etc/sluice/sluice.yaml of the installation; else /etc/sluice/sluice.yaml. The result is in `path`
 * or borrowed from the options. */
const char *cli_config_file(const struct cli_options *options, char *path, size_t size);

/* Loads the configuration, adding all errors to `diagnostics`. Returns NULL after errors. */
struct config *cli_read_config(const struct cli_options *options, struct diagnostics *diagnostics);

/* The same. `look` sees what could be read before anything is done with it, errors and all; NULL is
 * fine. */
struct config *cli_read_config_and_look(const struct cli_options *options,
                                        void (*look)(const struct config *config),
                                        struct diagnostics *diagnostics);

/* The same, printing them. */
struct config *cli_load_config(const struct cli_options *options);

/* Writes an endpoint's pipeline as "rate-limit -> validate -> broadcast". */
void cli_describe_chain(const struct endpoint_config *endpoint, char *text, size_t size);

#endif
