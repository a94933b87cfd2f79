#include "cli/cli.h"

#include "base/crash.h"
#include "config/paths.h"
#include "config/suggest.h"
#include "config/values.h"
#include "pipeline/option_check.h"

#include <getopt.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum command_uses { USES_NOTHING, USES_CONFIG, USES_ADMIN /* and the configuration */ };

/* One sub-command: what it is called, takes and does. */
struct command {
    const char *name;
    const char *argument; /* what its positional argument is called, or NULL: none */
    const char *summary;
    enum command_uses uses;
    int (*run)(const struct cli_options *options);
};

static const struct command commands[] = {
    {"serve", NULL, "run the server", USES_CONFIG, cli_serve},
    {"check", NULL, "check configuration and plugins, and print every endpoint's pipeline",
     USES_CONFIG, cli_check},
    {"plugins", "NAME", "list the plugins found, or one plugin's options", USES_CONFIG,
     cli_plugins},
    {"reload", NULL, "have the running server read its configuration anew", USES_ADMIN, cli_reload},
    {"status", NULL, "show who is connected and what the pipelines decide", USES_ADMIN, cli_status},
    {"clients", NULL, "list the clients of the running server", USES_ADMIN, cli_clients},
    {"kick", "ID", "close a client of the running server", USES_ADMIN, cli_kick},
    {"publish", "TEXT", "send a message, or standard input, to clients of the running server",
     USES_ADMIN, cli_publish},
    {"version", NULL, "print the version", USES_NOTHING, cli_version},
    {"help", "COMMAND", "explain a command", USES_NOTHING, cli_help},
};
#define COMMAND_COUNT (sizeof commands / sizeof *commands)

static const char config_options_help[] =
    "Options:\n"
    "  -c, --config FILE      the configuration (default: config/sluice.yaml beside the build,\n"
    "                         else etc/sluice/sluice.yaml of the installation)\n"
    "      --set KEY=VALUE    overrides a value: --set listen.0.address=127.0.0.1:9000\n"
    "      --log-level LEVEL  error, warn, info or debug\n"
    "  -v, --verbose          the same as --log-level debug\n"
    "  -q, --quiet            the same as --log-level error\n";

static const char admin_options_help[] =
    "      --admin ADDRESS    where the server's admin listener is: HOST:PORT or unix:PATH\n"
    "                         (default: admin.listen, a Unix socket first)\n"
    "      --token-file FILE  its token (default: admin.token_file)\n"
    "      --json             prints the server's answer as it is\n";

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
    fprintf(to, "\n%s\n'sluice help COMMAND' says more about one of them.\n", config_options_help);
}

static void print_command_help(const struct command *command)
{
    printf("Usage: sluice %s%s%s%s%s\n\n%c%s.\n", command->name,
           command->uses != USES_NOTHING ? " [-c FILE] [--set KEY=VALUE]..." : "",
           command->argument != NULL ? " [" : "",
           command->argument != NULL ? command->argument : "", command->argument != NULL ? "]" : "",
           command->summary[0] - 'a' + 'A', command->summary + 1);
    if (command->uses != USES_NOTHING)
        printf("\n%s", config_options_help);
    if (command->uses == USES_ADMIN)
        fputs(admin_options_help, stdout);
    if (command->run == cli_publish)
        puts("      --endpoint PATH    only to this endpoint's clients\n"
             "      --topic TOPIC      only to this topic's subscribers");
    if (command->run == cli_plugins)
        puts("      --markdown         prints a plugin's options as a page of documentation");
    if (command->run == cli_reload)
        puts("\nThe server reads the file, and keeps the --set values, that it was started with: "
             "--set "
             "and\nanother file are errors here.");
    if (command->run == cli_serve)
        puts(
            "      --record FILE      records who connects and what is sent, without credentials, "
            "for\n                         'sluice replay'; up to --record-limit SIZE (256MiB); "
            "goes on\n                         with a recording that is there\n"
            "      --plugins-in-place  loads plugin files themselves instead of private copies, so "
            "that\n                         debuggers find them; a rebuilt file is then not "
            "reloaded\n"
            "\nSIGINT (Ctrl-C) and SIGTERM close all clients with 1012 within shutdown.grace and "
            "end with\nstatus 0; a second one ends at once. SIGHUP reads the configuration anew.");
}

static int unknown_command(const char *name, const struct cli_extra *extras)
{
    struct suggestion suggestion = suggest_begin(name);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        suggest_offer(&suggestion, commands[i].name);
    for (; extras->name != NULL; extras++)
        suggest_offer(&suggestion, extras->name);
    fprintf(stderr, "sluice: there is no command '%s'", name);
    if (suggestion.nearest != NULL)
        fprintf(stderr, "; did you mean '%s'?", suggestion.nearest);
    fputs(" ('sluice help' lists them)\n", stderr);
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
        return unknown_command(options->argument, options->extras);
    print_command_help(command);
    return 0;
}

int cli_version(const struct cli_options *options)
{
    (void)options;
    puts("sluice " SLUICE_VERSION);
    return 0;
}

static bool add_override(struct cli_options *options, const char *path, const char *value)
{
    if (options->override_count == CLI_OVERRIDES_MAX) {
        fprintf(stderr, "sluice: more than %d values are overridden\n", CLI_OVERRIDES_MAX);
        return false;
    }
    options->overrides[options->override_count++] =
        (struct config_override){.path = path, .value = value};
    return true;
}

/* Splits KEY=VALUE in place. */
static bool add_set_option(struct cli_options *options, char *text)
{
    char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) {
        fprintf(stderr, "sluice: --set needs KEY=VALUE, for example --set log.level=debug\n");
        return false;
    }
    *equals = '\0';
    options->has_set = true;
    return add_override(options, text, equals + 1);
}

static bool set_record_limit(struct cli_options *options, const char *text)
{
    int64_t bytes = 0;
    if (size_parse(text, &bytes) != 0 || bytes <= 0) {
        fprintf(stderr, "sluice: --record-limit needs a size, like 64MiB\n");
        return false;
    }
    options->record_limit = (size_t)bytes;
    return true;
}

/* Options that only some commands have. */
static bool fits(const struct cli_options *options, const struct command *command)
{
    bool asks_admin = options->admin != NULL || options->token_file != NULL || options->json;
    if ((options->record != NULL || options->record_limit != 0) && command->run != cli_serve)
        fprintf(stderr, "sluice %s: --record is for 'serve'\n", command->name);
    else if (options->markdown && command->run != cli_plugins)
        fprintf(stderr, "sluice %s: --markdown is for 'plugins NAME'\n", command->name);
    else if (options->plugins_in_place && command->run != cli_serve)
        fprintf(stderr, "sluice %s: --plugins-in-place is for 'serve'\n", command->name);
    else if (asks_admin && command->uses != USES_ADMIN)
        fprintf(stderr,
                "sluice %s: --admin, --token-file and --json are for commands that ask a running "
                "server\n",
                command->name);
    else if ((options->endpoint != NULL || options->topic != NULL) && command->run != cli_publish)
        fprintf(stderr, "sluice %s: --endpoint and --topic are for 'publish'\n", command->name);
    else if (options->has_set && command->run == cli_reload)
        fputs("sluice reload: --set would not reach the running server, which reads its own file "
              "and keeps the values that it was started with; change the file, or use --admin if "
              "the server listens elsewhere\n",
              stderr);
    else
        return true;
    return false;
}

/* Parses what follows the command. Returns -1 to go on, or an exit status. */
static int parse_options(int argc, char **argv, const struct command *command,
                         struct cli_options *options)
{
    static const struct option long_options[] = {{"config", required_argument, NULL, 'c'},
                                                 {"set", required_argument, NULL, 's'},
                                                 {"log-level", required_argument, NULL, 'l'},
                                                 {"verbose", no_argument, NULL, 'v'},
                                                 {"quiet", no_argument, NULL, 'q'},
                                                 {"plugins-in-place", no_argument, NULL, 'p'},
                                                 {"markdown", no_argument, NULL, 'm'},
                                                 {"record", required_argument, NULL, 'r'},
                                                 {"record-limit", required_argument, NULL, 'L'},
                                                 {"admin", required_argument, NULL, 'a'},
                                                 {"token-file", required_argument, NULL, 't'},
                                                 {"json", no_argument, NULL, 'j'},
                                                 {"endpoint", required_argument, NULL, 'e'},
                                                 {"topic", required_argument, NULL, 'o'},
                                                 {"help", no_argument, NULL, 'h'},
                                                 {NULL, 0, NULL, 0}};
    int option;
    bool good = true;
    while (good && (option = getopt_long(argc, argv, "c:vqh", long_options, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config_file = optarg;
            break;
        case 's':
            good = add_set_option(options, optarg);
            break;
        case 'l':
            good = add_override(options, "log.level", optarg);
            break;
        case 'v':
            good = add_override(options, "log.level", "debug");
            break;
        case 'q':
            good = add_override(options, "log.level", "error");
            break;
        case 'p':
            options->plugins_in_place = true;
            break;
        case 'r':
            options->record = optarg;
            break;
        case 'L':
            good = set_record_limit(options, optarg);
            break;
        case 'm':
            options->markdown = true;
            break;
        case 'a':
            options->admin = optarg;
            break;
        case 't':
            options->token_file = optarg;
            break;
        case 'j':
            options->json = true;
            break;
        case 'e':
            options->endpoint = optarg;
            break;
        case 'o':
            options->topic = optarg;
            break;
        case 'h':
            print_command_help(command);
            return 0;
        default:
            good = false;
        }
    }
    return good && fits(options, command) ? -1 : EXIT_USAGE;
}

static int parse_argument(int argc, char **argv, const struct command *command,
                          struct cli_options *options)
{
    if (optind < argc && command->argument != NULL)
        options->argument = argv[optind++];
    if (optind == argc)
        return -1;
    fprintf(stderr, "sluice %s: do not know what to do with '%s' (see 'sluice help %s')\n",
            command->name, argv[optind], command->name);
    return EXIT_USAGE;
}

int cli_run(int argc, char **argv, const struct cli_extra *extras)
{
    struct cli_options options = {.extras = extras};
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
        return unknown_command(name, extras);
    argv[1] = argv[0]; /* getopt names the program in its messages */
    if (extra != NULL)
        return extra->run(argc - 1, argv + 1);
    int status = parse_options(argc - 1, argv + 1, command, &options);
    if (status < 0)
        status = parse_argument(argc - 1, argv + 1, command, &options);
    return status < 0 ? command->run(&options) : status;
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

struct config *cli_load_config(const struct cli_options *options)
{
    char path[PATH_MAX];
    struct diagnostics diagnostics;
    struct config *config = NULL;

    diagnostics_init(&diagnostics);
    int error = config_load_broken(cli_config_file(options, path, sizeof path), options->overrides,
                                   options->override_count, &diagnostics, &config);
    if (error == ERR_CONFIG && config != NULL) {
        crash_install(); /* Plugins are loaded. */
        option_check(config, NULL, &diagnostics);
    }
    diagnostics_print(&diagnostics);
    if (error == ERR_NO_MEMORY)
        fprintf(stderr, "sluice: %s\n", error_text(error));
    diagnostics_deinit(&diagnostics);
    if (error == OK)
        return config;
    config_destroy(config);
    return NULL;
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
