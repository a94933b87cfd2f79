/*
 * The options of the command line: what each is called, takes and means, and which commands have
 * it.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_ARGUMENTS_H
#define SLUICE_CLI_ARGUMENTS_H

#include "cli/cli.h"

#include <stdio.h>

/* Groups of options. Each command has a set of them. */
enum argument_group {
    ARGUMENTS_CONFIG = 1, /* which configuration; it does not harm where there is none to load */
    ARGUMENTS_SET = 2,
    ARGUMENTS_ADMIN = 4,
    ARGUMENTS_MESSAGE = 8,
    ARGUMENTS_MARKDOWN = 16,
    ARGUMENTS_RECORD = 32,
    ARGUMENTS_IN_PLACE = 64,
    ARGUMENTS_JSON = 128,
    ARGUMENTS_STRICT = 256,
    ARGUMENTS_CLIENTS = 512, /* which clients, beside those of ARGUMENTS_MESSAGE */
    ARGUMENTS_CLOSE = 1024,
    ARGUMENTS_ENDPOINT = 2048,
    ARGUMENTS_DRAIN = 4096,
    ARGUMENTS_LIST = 8192,
    ARGUMENTS_IDENTITY = 1 << 14,
    ARGUMENTS_TRACE = 1 << 15,
    ARGUMENTS_COUNT = 1 << 16,
    ARGUMENTS_TOP = 1 << 17,
    ARGUMENTS_UNBAN = 1 << 18, /* has no options of its own, but own texts for those of others */
    ARGUMENTS_SOURCES = 1 << 20,
    ARGUMENTS_BAN = 1 << 21,
    ARGUMENTS_FOR = 1 << 22,
    ARGUMENTS_PLUGINS = 1 << 24,
    ARGUMENTS_MAN = 1 << 25,
    ARGUMENTS_JSON_LOG =
        1 << 26, /* with ARGUMENTS_JSON: what it prints is the log, which becomes JSON */
    ARGUMENTS_EVENTS = 1 << 27,
};

#define ARGUMENTS_HELP (-1)

/* Reads the options of a command that has those of `groups` into `options`, whose `command` and
 * `json` say how errors are printed; texts are borrowed from argv, and --set's are split there.
 * argv[0] is the program. Afterwards optind is the first argument that is no option. Returns 0;
 * ARGUMENTS_HELP if help is asked for; or EXIT_USAGE, with the error printed. */
int arguments_parse(int argc, char **argv, unsigned groups, struct cli_options *options);

/* Whether --json is there, whatever is wrong with the rest: errors are JSON then, too. */
bool arguments_ask_for_json(int argc, char *const *argv);

/* A number from 1 on that an option was given; 0: it is none. */
unsigned arguments_count(const char *text);

/* What an option's value is, for completions. */
enum argument_value {
    ARGUMENT_VALUE_NONE, /* or one that may be left out, which stands behind '=' */
    ARGUMENT_VALUE_FILE,
    ARGUMENT_VALUE_LEVEL, /* a log level */
    ARGUMENT_VALUE_TEXT
};

#define ARGUMENT_TEXT_MAX 512
#define ARGUMENT_NAME_MAX 32

/* An option as completions show it. */
struct argument_shown {
    const char *name;
    char letter; /* or 0 */
    enum argument_group group;
    enum argument_value value;
    char value_name[ARGUMENT_NAME_MAX]; /* what its value is called; empty: it has none */
    char text[ARGUMENT_TEXT_MAX];       /* what it means, on one line; may be empty */
};

/* Describes the option in this row of the table to a command that has `groups`. Returns false
 * behind the last one. */
bool arguments_show(size_t row, unsigned groups, struct argument_shown *out);

/* Prints what the options mean to a command that has these groups. */
void arguments_print(FILE *to, unsigned groups);

#endif
