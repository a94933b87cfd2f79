#include "cli/cli.h"

#include "cli/arguments.h"
#include "cli/cli_error.h"
#include "cli/completion.h"
#include "cli/man_page.h"
#include "config/suggest.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
    {"serve", NULL, "run the server",
     ANSWERING | ARGUMENTS_JSON_LOG | ARGUMENTS_RECORD | ARGUMENTS_IN_PLACE, cli_serve,
     "SIGINT (Ctrl-C) and SIGTERM close all clients with 1012 within shutdown.grace and end with\n"
     "status 0, a second one at once. SIGHUP reads the configuration anew. --json: a JSON log.\n"},
    {"check", NULL, "check configuration and plugins, and print every endpoint's pipeline",
     ANSWERING | ARGUMENTS_STRICT, cli_check, NULL},
    {"config", NULL, "print the configuration in force: every key, defaults included",
     ANSWERING | ARGUMENTS_SOURCES, cli_show_config,
     "What it prints is a configuration that means the same, with absolute paths. Of secrets,\n"
     "and of maps, which may hold some, it shows ${NAME}, not what the environment has for it.\n"},
    {"schema", NULL,
     "print a JSON Schema of the configuration and all plugins' options, for editors",
     ANSWERING | ARGUMENTS_PLUGINS, cli_schema,
     "For yaml-language-server: save it, and begin the configuration with the line\n"
     "# yaml-language-server: $schema=FILE\n"},
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
    {"top", NULL, "show what the running server does, interval by interval",
     ASKING | ARGUMENTS_TOP | ARGUMENTS_COUNT, cli_top,
     "Rates are a second. BUSY is the share of a loop's, or of one core's, time; a plugin's is\n"
     "that of its calls, the most expensive first. On a terminal the figures are drawn anew in\n"
     "their place, as many as fit, until Ctrl-C; otherwise they are printed one by one.\n"},
    {"clients", NULL, "list the clients of the running server",
     ASKING | ARGUMENTS_ENDPOINT | ARGUMENTS_MESSAGE | ARGUMENTS_CLIENTS | ARGUMENTS_IDENTITY |
         ARGUMENTS_LIST,
     cli_clients,
     "Only those of which all is true that the options say. SILENT is how long nothing was heard\n"
     "from a client, QUEUED what waits to be sent to it.\n"},
    {"kick", "ID", "close a client of the running server, or all that the options mean",
     ASKING | ARGUMENTS_MESSAGE | ARGUMENTS_ENDPOINT | ARGUMENTS_CLIENTS | ARGUMENTS_IDENTITY |
         ARGUMENTS_CLOSE,
     cli_kick,
     "Name a client by its id, or say which clients by one or more of --identity, --address,\n"
     "--endpoint and --topic, all of which must be true of a client.\n"},
    {"trace", "CLIENT", "show the way of each message of a client, as it happens",
     ASKING | ARGUMENTS_IDENTITY | ARGUMENTS_ENDPOINT | ARGUMENTS_TRACE | ARGUMENTS_COUNT |
         ARGUMENTS_FOR,
     cli_trace,
     "Name a client by its id, or all that are or become identified as --identity. Each line has\n"
     "when, the client, the direction, the type and size; for what the client sends also each\n"
     "plugin's verdict and time, and what became of the message. It ends after --for, after\n"
     "--count messages, when the client leaves, or with Ctrl-C.\n"},
    {"events", "CLIENT", "show the last events of the running server, and those that come",
     ASKING | ARGUMENTS_EVENTS | ARGUMENTS_COUNT, cli_events,
     "Events of the log, from level info on; of a client, those about it: with log.access: all,\n"
     "or log.level: debug. With --count the last N (20, at most 500).\n"},
    {"ban", NULL, "keep an identity, or an address or prefix, out of the running server",
     ASKING | ARGUMENTS_IDENTITY | ARGUMENTS_CLIENTS | ARGUMENTS_CLOSE | ARGUMENTS_BAN |
         ARGUMENTS_FOR,
     cli_ban,
     "Upgrades are refused with 403 from now on, and clients that are connected are closed.\n"
     "A second ban of the same identity or prefix replaces the first.\n"},
    {"unban", "ID", "lift a ban", ASKING | ARGUMENTS_IDENTITY | ARGUMENTS_CLIENTS | ARGUMENTS_UNBAN,
     cli_unban,
     "Name the ban by its id, which 'sluice bans' shows, by --identity or by --address.\n"},
    {"bans", NULL, "list who is banned", ASKING, cli_bans, NULL},
    {"publish", "TEXT", "send a message, or standard input, to clients of the running server",
     ASKING | ARGUMENTS_MESSAGE | ARGUMENTS_ENDPOINT, cli_publish, NULL},
    {"drain", NULL, "close the clients of the running server at a pace, and let no new ones in",
     ASKING | ARGUMENTS_ENDPOINT | ARGUMENTS_DRAIN, cli_drain,
     "Without --endpoint all clients are closed, and /readyz answers 503 from now on; new ones\n"
     "come in for shutdown.delay still. The server stays drained until 'sluice drain --stop',\n"
     "which without --endpoint stops all drains.\n"},
    {"completion", "SHELL", "print what bash, zsh or fish needs to complete commands",
     NEITHER | ARGUMENTS_JSON, cli_completion, NULL},
    {"version", NULL, "print the version", NEITHER | ARGUMENTS_JSON, cli_version, NULL},
    {"help", "COMMAND", "explain a command", NEITHER | ARGUMENTS_MAN | ARGUMENTS_JSON, cli_help,
     NULL},
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
    else if (strstr(name, "://") != NULL) /* It is not repeated: its query may hold a token. */
        cli_error(options, "usage", "a URL is no command; did you mean 'sluice connect URL'?");
    else if (suggestion.nearest != NULL)
        cli_error(options, "usage",
                  "there is no command '%s'; did you mean '%s'? ('sluice help' lists them)", name,
                  suggestion.nearest);
    else
        cli_error(options, "usage", "there is no command '%s' ('sluice help' lists them)", name);
    return EXIT_USAGE;
}

/* Prints the man page of one of the two. Returns the exit status. */
static int print_man_page(const struct cli_options *options, const struct command *command,
                          const struct cli_extra *extra)
{
    struct man_page page = {.version = SLUICE_VERSION, .prose = options->man};
    if (extra != NULL) {
        page.name = extra->name;
        page.summary = extra->summary;
        page.help = extra->help;
    } else {
        page.name = command->name;
        page.argument = command->argument;
        page.summary = command->summary;
        page.groups = (command->groups & ARGUMENTS_CONFIG) != 0 ? command->groups : 0;
        page.note = command->note;
    }
    if (man_page_print(stdout, &page))
        return 0;
    cli_error(options, "failed", "%s: %s", options->man, strerror(errno));
    return EXIT_WRONG;
}

static void describe_all(const struct cli_extra *extras,
                         struct completed_command all[COMMAND_COUNT + EXTRAS_MAX + 1])
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        *all++ = (struct completed_command){.name = commands[i].name,
                                            .argument = commands[i].argument,
                                            .summary = commands[i].summary,
                                            .note = commands[i].note,
                                            .groups = commands[i].groups};
    for (size_t i = 0; i < EXTRAS_MAX && extras[i].name != NULL; i++)
        *all++ = (struct completed_command){
            .name = extras[i].name, .summary = extras[i].summary, .options = extras[i].options};
    all->name = NULL;
}

/* All commands, or the one that is asked about, which there is. Returns the exit status. */
static int print_as_json(const struct cli_options *options)
{
    struct completed_command all[COMMAND_COUNT + EXTRAS_MAX + 1];
    const struct completed_command *one = all;
    describe_all(options->extras, all);
    while (options->argument != NULL && strcmp(one->name, options->argument) != 0)
        one++;
    cJSON *value = options->argument != NULL ? completion_describe(one) : completion_list(all);
    return cli_print_json(value) ? 0 : EXIT_WRONG;
}

int cli_help(const struct cli_options *options)
{
    const char *name = options->argument != NULL ? options->argument : "help";
    if (options->argument == NULL && !options->json) {
        print_usage(stdout, options->extras);
        return 0;
    }
    const struct command *command = find_command(name);
    const struct cli_extra *extra = find_extra(options->extras, name);
    if (command == NULL && extra == NULL)
        return unknown_command(options, name);
    if (options->json)
        return print_as_json(options);
    if (options->man != NULL)
        return print_man_page(options, command, extra);
    if (extra != NULL) {
        fputs(extra->help, stdout);
        return 0;
    }
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
    struct completed_command all[COMMAND_COUNT + EXTRAS_MAX + 1];
    if (options->argument == NULL && options->json)
        return print_as_json(options);
    describe_all(options->extras, all);
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

/* What was printed has to have arrived. Returns the exit status. */
static int end_output(int status)
{
    bool is_flushed = fflush(stdout) == 0;
    int error = errno;
    if (status != 0 || (is_flushed && !ferror(stdout)))
        return status;
    fprintf(stderr, "sluice: cannot write to standard output%s%s\n", is_flushed ? "" : ": ",
            is_flushed ? "" : strerror(error));
    return EXIT_WRONG;
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
    return end_output(extra != NULL ? extra->run(argc - 1, argv + 1)
                                    : run_command(argc - 1, argv + 1, command, &options));
}
