/*
 * The command line: sub-commands, the options that they share, and what they print.
 *
 * Main thread. Every command returns the process's exit status: 0 done, 1 the thing asked about is
 * wrong, 2 usage.
 */
#ifndef SLUICE_CLI_CLI_H
#define SLUICE_CLI_CLI_H

#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

struct option;

#define EXIT_WRONG 1
#define EXIT_USAGE 2

#define CLI_OVERRIDES_MAX 64

/* A command that another library brings, with options of its own. */
struct cli_extra {
    const char *name;
    const char *argument;
    const char *summary;
    const char *help;                  /* what 'sluice help NAME' prints */
    const struct option *options;      /* getopt_long's */
    int (*run)(int argc, char **argv); /* argv[0] is the program; returns the exit status */
};

struct cli_options {
    const struct cli_extra *extras; /* ends with a name that is NULL */
    const char *command;            /* its name; NULL: not run from the command line */
    const char *config_file;        /* as given, or NULL */
    struct config_override overrides[CLI_OVERRIDES_MAX];
    size_t override_count;
    const char *argument; /* the one positional argument, or NULL */
    bool plugins_in_place;
    const char *record; /* --record FILE, or NULL */
    size_t record_limit;
    bool json;
    bool strict;            /* check */
    bool markdown;          /* plugins NAME */
    const char *admin;      /* --admin URL, or NULL: the configuration's */
    const char *token_file; /* --token-file, or NULL: the configuration's */
    const char *endpoint;   /* --endpoint, or NULL */
    const char *topic;      /* --topic, or NULL */
    const char *identity;   /* --identity, or NULL */
    const char *address;    /* --address, or NULL */
    const char *limit;      /* --limit, or NULL */
    const char *code;       /* --code, or NULL */
    const char *reason;     /* --reason, or NULL */
    const char *over;       /* --over, or NULL */
    bool wait;              /* --wait */
    bool stop;              /* --stop */
};

/* Parses and runs the whole command line. `extras` ends with a name that is NULL. */
int cli_run(int argc, char **argv, const struct cli_extra *extras);

/* The file to use: the one given; else config/sluice.yaml beside the build; else
 * etc/sluice/sluice.yaml of the installation; else /etc/sluice/sluice.yaml. The result is in `path`
 * or borrowed from the options. */
const char *cli_config_file(const struct cli_options *options, char *path, size_t size);

/* Loads the configuration, adding all errors to `diagnostics`. Returns NULL after errors. */
struct config *cli_read_config(const struct cli_options *options, struct diagnostics *diagnostics);

/* The same, printing them. */
struct config *cli_load_config(const struct cli_options *options);

/* The sub-commands. */
int cli_serve(const struct cli_options *options);
int cli_check(const struct cli_options *options);
int cli_plugins(const struct cli_options *options);
int cli_reload(const struct cli_options *options);
int cli_log(const struct cli_options *options);
int cli_status(const struct cli_options *options);
int cli_clients(const struct cli_options *options);
int cli_kick(const struct cli_options *options);
int cli_publish(const struct cli_options *options);
int cli_drain(const struct cli_options *options);
int cli_completion(const struct cli_options *options);
int cli_version(const struct cli_options *options);
int cli_help(const struct cli_options *options);

/* Writes an endpoint's pipeline as "rate-limit -> validate -> broadcast". */
void cli_describe_chain(const struct endpoint_config *endpoint, char *text, size_t size);

#endif
