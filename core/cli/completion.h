/*
 * sluice completion: what shells need to complete command lines of sluice, from the tables of
 * commands and options.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_COMPLETION_H
#define SLUICE_CLI_COMPLETION_H

#include <cjson/cJSON.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

/* A command as completions show it. */
struct completed_command {
    const char *name;
    const char *argument; /* what its positional argument is called, or NULL */
    const char *summary;
    const char *note;             /* at the end of its help, or NULL */
    unsigned groups;              /* of options, see cli/arguments.h */
    const struct option *options; /* its own instead; or NULL */
};

/* Prints the script for "bash", "zsh" or "fish". `commands` end with a name that is NULL. Returns
 * false if the shell is another. */
bool completion_print(FILE *to, const char *shell, const struct completed_command *commands);

/* Describes a command for programs: {"name", "argument", "summary", "note", "options"}. An option
 * is
 * {"name", "letter", "value", "summary"}, without what it does not have. */
cJSON *completion_describe(const struct completed_command *command);

/* All of them: {"commands": [...]}. */
cJSON *completion_list(const struct completed_command *commands);

#endif
