#include "cli/cli.h"

#include "base/crash.h"
#include "cli/arguments.h"
#include "cli/cli_error.h"
#include "cli/completion.h"
#include "config/paths.h"
#include "config/suggest.h"
#include "pipeline/option_check.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The options of commands that load a configuration; of those that ask a running server; and of
 * those that do neither, where --set is harmless. */
#define LOADING (ARGUMENTS_CONFIG | ARGUMENTS_SET)
#define ANSWERING (LOADING | ARGUMENTS_JSON)
#define ASKING (ANSWERING | ARGUMENTS_ADMIN)
#define NEITHER ARGUMENTS_SET

/* One sub-command: what it is called, takes and does. */
struct command {
    const char *name;
    const char *argument; /* what its positional argument is called, or NULL: none */
    const char *summary;
    unsigned groups; /* of options, see arguments.h */
    int (*run)(const struct cli_options *options);
    const char *note; /* at the end of its help, or NULL */
};

static const struct command commands[] = {
    {"serve", NULL, "run the server", LOADING | ARGUMENTS_RECORD | ARGUMENTS_IN_PLACE, cli_serve,
     "SIGINT (Ctrl-C) and SIGTERM close all clients with 1012 within shutdown.grace and end with\n"
     "status 0; a second one ends at once. SIGHUP reads the configuration anew.\n"},
    {"check", NULL, "check configuration and plugins, and print every endpoint's pipeline",
     ANSWERING | ARGUMENTS_STRICT, cli_check, NULL},
    {"plugins", "NAME", "list the plugins found, or one plugin's options",
     ANSWERING | ARGUMENTS_MARKDOWN, cli_plugins, NULL},
    {"reload", NULL, "have the running server read its configuration anew", ASKING & ~ARGUMENTS_SET,
     cli_reload,
     "The server reads the file, and keeps the --set values, that it was started with: --set and\n"
     "another file are errors here.\n"},
    {"log", "reopen", "have the running server open the file of its log again",
     ASKING & ~ARGUMENTS_SET, cli_log, NULL},
    {"status", NULL, "show who is connected and what the pipelines decide", ASKING, cli_status,
     NULL},
    {"clients", NULL, "list the clients of the running server",
     ASKING | ARGUMENTS_ENDPOINT | ARGUMENTS_MESSAGE | ARGUMENTS_CLIENTS | ARGUMENTS_LIST,
     cli_clients,
     "Only those of which all is true that the options say. SILENT is how long nothing was heard\n"
     "from a client, QUEUED what waits to be sent to it.\n"},
    {"kick", "ID", "close a client of the running server, or all that the options mean",
     ASKING | ARGUMENTS_MESSAGE | ARGUMENTS_ENDPOINT | ARGUMENTS_CLIENTS | ARGUMENTS_CLOSE,
     cli_kick,
     "Name a client by its id, or say which clients by one or more of --identity, --address,\n"
     "--endpoint and --topic, all of which must be true of a client.\n"},
    {"publish", "TEXT", "send a message, or standard input, to clients of the running server",
     ASKING | ARGUMENTS_MESSAGE | ARGUMENTS_ENDPOINT, cli_publish, NULL},
    {"drain", NULL, "close the clients of the running server at a pace, and let no new ones in",
     ASKING | ARGUMENTS_ENDPOINT | ARGUMENTS_DRAIN, cli_drain,
     "Without --endpoint all clients are closed, and /readyz answers 503 from now on; new ones "
     "come\n"
     "in for shutdown.delay still. The server stays drained until 'sluice drain --stop', which\n"
     "without --endpoint stops all drains.\n"},
    {"completion", "SHELL", "print what bash, zsh or fish needs to complete commands", NEITHER,
     cli_completion, NULL},
    {"version", NULL, "print the version", NEITHER | ARGUMENTS_JSON, cli_version, NULL},
    {"help", "COMMAND", "explain a command", NEITHER, cli_help, NULL},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)
#define EXTRAS_MAX 8

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static const struct cli_extra *find_extra(const struct cli_extra *extras, const char *name)
{
    while (extras->name != NULL && strcmp(extras->name, name) != 0)
        extras++;
    return extras->name != NULL ? extras : NULL;
}

static void print_synopsis(FILE *to, const char *name, const char *argument, const char *summary)
{
    char synopsis[64];
    snprintf(synopsis, sizeof synopsis, "%s%s%s%s", name, argument != NULL ? " [" : "",
             argument != NULL ? argument : "", argument != NULL ? "]" : "");
    fprintf(to, "  %-18s %s\n", synopsis, summary);
}

static void print_usage(FILE *to, const struct cli_extra *extras)
{
    fputs("Usage: sluice COMMAND [OPTIONS]\n\n"
          "A WebSocket server whose behaviour is made of plugins.\n\nCommands:\n",
          to);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        print_synopsis(to, commands[i].name, commands[i].argument, commands[i].summary);
    for (; extras->name != NULL; extras++)
        print_synopsis(to, extras->name, extras->argument, extras->summary);
    fputs("\nOptions:\n", to);
    arguments_print(to, LOADING);
    fputs("\n'sluice help COMMAND' says more about one of them.\n", to);
}

static void print_command_help(const struct command *command)
{
    bool has_options = (command->groups & ARGUMENTS_CONFIG) != 0;
    printf("Usage: sluice %s%s%s%s%s\n\n%c%s.\n", command->name,
           has_options ? " [-c FILE] [--set KEY=VALUE]..." : "",
           command->argument != NULL ? " [" : "",
           command->argument != NULL ? command->argument : "", command->argument != NULL ? "]" : "",
           command->summary[0] - 'a' + 'A', command->summary + 1);
    if (has_options) {
        fputs("\nOptions:\n", stdout);
        arguments_print(stdout, command->groups | ARGUMENTS_SET);
    }
    if (command->note != NULL)
        printf("\n%s", command->note);
}

static int unknown_command(const struct cli_options *options, const char *name)
{
    struct suggestion suggestion = suggest_begin(name);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        suggest_offer(&suggestion, commands[i].name);
    for (const struct cli_extra *extra = options->extras; extra->name != NULL; extra++)
        suggest_offer(&suggestion, extra->name);
    if (name[0] == '-')
        cli_error(options, "usage",
                  "'%s' stands where the command belongs: sluice COMMAND [OPTIONS]", name);
    else if (suggestion.nearest != NULL)
        cli_error(options, "usage",
                  "there is no command '%s'; did you mean '%s'? ('sluice help' lists them)", name,
                  suggestion.nearest);
    else
        cli_error(options, "usage", "there is no command '%s' ('sluice help' lists them)", name);
    return EXIT_USAGE;
}

int cli_help(const struct cli_options *options)
{
    if (options->argument == NULL) {
        print_usage(stdout, options->extras);
        return 0;
    }
    const struct command *command = find_command(options->argument);
    const struct cli_extra *extra = find_extra(options->extras, options->argument);
    if (extra != NULL) {
        fputs(extra->help, stdout);
        return 0;
    }
    if (command == NULL)
        return unknown_command(options, options->argument);
    print_command_help(command);
    return 0;
}

int cli_version(const struct cli_options *options)
{
    if (!options->json) {
        puts("sluice " SLUICE_VERSION);
        return 0;
    }
    cJSON *answer = cJSON_CreateObject();
    cJSON_AddStringToObject(answer, "version", SLUICE_VERSION);
    return cli_print_json(answer) ? 0 : EXIT_WRONG;
}

int cli_completion(const struct cli_options *options)
{
    struct completed_command all[COMMAND_COUNT + EXTRAS_MAX + 1] = {{.name = NULL}};
    size_t count = 0;
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        all[count++] = (struct completed_command){
            .name = commands[i].name, .summary = commands[i].summary, .groups = commands[i].groups};
    for (size_t i = 0; i < EXTRAS_MAX && options->extras[i].name != NULL; i++)
        all[count++] = (struct completed_command){.name = options->extras[i].name,
                                                  .summary = options->extras[i].summary,
                                                  .options = options->extras[i].options};
    if (options->argument != NULL && completion_print(stdout, options->argument, all))
        return 0;
    cli_error(options, "usage", "name the shell: bash, zsh or fish");
    return EXIT_USAGE;
}

/* Takes the positional argument. Returns 0, or EXIT_USAGE if there is more than the command takes.
 */
static int parse_argument(int argc, char **argv, const struct command *command,
                          struct cli_options *options)
{
    if (optind < argc && command->argument != NULL)
        options->argument = argv[optind++];
    if (optind == argc)
        return 0;
    cli_error(options, "usage", "do not know what to do with '%s' (see 'sluice help %s')",
              argv[optind], command->name);
    return EXIT_USAGE;
}

static int run_command(int argc, char **argv, const struct command *command,
                       struct cli_options *options)
{
    options->command = command->name;
    int status = arguments_parse(argc, argv, command->groups, options);
    if (status == ARGUMENTS_HELP) {
        print_command_help(command);
        return 0;
    }
    if (status == 0)
        status = parse_argument(argc, argv, command, options);
    return status == 0 ? command->run(options) : status;
}

int cli_run(int argc, char **argv, const struct cli_extra *extras)
{
    struct cli_options options = {.extras = extras, .json = arguments_ask_for_json(argc, argv)};
    if (argc < 2) {
        print_usage(stderr, extras);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    else if (strcmp(name, "--version") == 0)
        name = "version";
    const struct command *command = find_command(name);
    const struct cli_extra *extra = find_extra(extras, name);
    if (command == NULL && extra == NULL)
        return unknown_command(&options, name);
    argv[1] = argv[0];
    return extra != NULL ? extra->run(argc - 1, argv + 1)
                         : run_command(argc - 1, argv + 1, command, &options);
}

/* -- what the commands share -- */

/* Copies `file` to `path` if there is one. Takes `file`. */
static bool take_if_there(char *file, char *path, size_t size)
{
    bool is_there = file != NULL && strlen(file) < size && access(file, F_OK) == 0;
    if (is_there)
        memcpy(path, file, strlen(file) + 1);
    free(file);
    return is_there;
}

const char *cli_config_file(const struct cli_options *options, char *path, size_t size)
{
    if (options->config_file != NULL)
        return options->config_file;
    if (take_if_there(path_in_prefix("config/sluice.yaml"), path, size) ||
        take_if_there(path_in_prefix("etc/sluice/sluice.yaml"), path, size))
        return path;
    return "/etc/sluice/sluice.yaml";
}

struct config *cli_read_config(const struct cli_options *options, struct diagnostics *diagnostics)
{
    char path[PATH_MAX];
    struct config *config = NULL;
    int error = config_load_broken(cli_config_file(options, path, sizeof path), options->overrides,
                                   options->override_count, diagnostics, &config);
    if (error == ERR_CONFIG && config != NULL) {
        crash_install(); /* Plugins are loaded. */
        option_check(config, NULL, diagnostics);
    }
    if (error == ERR_NO_MEMORY)
        cli_error(options, "no_memory", "%s", error_text(error));
    if (error == OK)
        return config;
    config_destroy(config);
    return NULL;
}

struct config *cli_load_config(const struct cli_options *options)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct config *config = cli_read_config(options, &diagnostics);
    cli_print_findings(options, &diagnostics);
    diagnostics_deinit(&diagnostics);
    return config;
}

void cli_describe_chain(const struct endpoint_config *endpoint, char *text, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < endpoint->pipeline_length && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s -> ", endpoint->pipeline[i].plugin);
    if (len < size)
        snprintf(text + len, size - len, "broadcast%s",
                 endpoint->echo ? "" : " (not to the sender)");
}
