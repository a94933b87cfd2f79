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
    const char *record;   /* --record FILE, or NULL */
    size_t record_limit;
    const char *man;        /* --man FILE of help, or NULL */
    const char *plugins;    /* --plugins, or NULL */
    const char *admin;      /* --admin URL, or NULL: the configuration's */
    const char *token_file; /* --token-file, or NULL: the configuration's */
    const char *endpoint;   /* --endpoint, or NULL */
    const char *topic;      /* --topic, or NULL */
    const char *identity;   /* --identity, or NULL */
    const char *address;    /* --address, or NULL */
    const char *limit;      /* --limit, or NULL */
    const char *sort;       /* --sort, or NULL */
    const char *code;       /* --code, or NULL */
    const char *reason;     /* --reason, or NULL */
    const char *until;      /* --until, or NULL */
    const char *over;       /* --over, or NULL */
    const char *duration;   /* --for, or NULL */
    const char *count;      /* --count, or NULL */
    const char *interval;   /* --interval, or NULL */
    const char *event;      /* --event, or NULL */
    bool once;              /* --once */
    const char *payload;    /* --payload, "" without a value, or NULL */
    bool plugins_in_place;
    bool json;
    bool strict;   /* check */
    bool sources;  /* config */
    bool markdown; /* plugins NAME */
    bool keep;     /* --keep */
    bool wait;     /* --wait */
    bool stop;     /* --stop */
    bool follow;   /* --follow */
};

/* Parses and runs the whole command line. `extras` ends with a name that is NULL. */
int cli_run(int argc, char **argv, const struct cli_extra *extras);

/* The sub-commands. */
int cli_serve(const struct cli_options *options);
int cli_check(const struct cli_options *options);
int cli_show_config(const struct cli_options *options);
int cli_schema(const struct cli_options *options);
int cli_plugins(const struct cli_options *options);
int cli_reload(const struct cli_options *options);
int cli_log(const struct cli_options *options);
int cli_status(const struct cli_options *options);
int cli_clients(const struct cli_options *options);
int cli_top(const struct cli_options *options);
int cli_trace(const struct cli_options *options);
int cli_events(const struct cli_options *options);
int cli_kick(const struct cli_options *options);
int cli_ban(const struct cli_options *options);
int cli_unban(const struct cli_options *options);
int cli_bans(const struct cli_options *options);
int cli_publish(const struct cli_options *options);
int cli_drain(const struct cli_options *options);
int cli_completion(const struct cli_options *options);
int cli_version(const struct cli_options *options);
int cli_help(const struct cli_options *options);

#endif
