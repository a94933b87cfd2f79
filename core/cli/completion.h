/*
 * sluice completion: what shells need to complete command lines of sluice, from the tables of
 * commands and options.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_COMPLETION_H
#define SLUICE_CLI_COMPLETION_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

/* A command as completions show it. */
struct completed_command {
    const char *name;
    const char *summary;
    unsigned groups;              /* of options, see cli/arguments.h */
    const struct option *options; /* its own instead; or NULL */
};

/* Prints the script for "bash", "zsh" or "fish". `commands` end with a name that is NULL. Returns
 * false if the shell is another. */
bool completion_print(FILE *to, const char *shell, const struct completed_command *commands);

#endif
