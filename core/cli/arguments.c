/* Long on purpose: a table of all options, and what reads it. */
#include "cli/arguments.h"

#include "cli/argument_text.h"
#include "cli/cli_error.h"
#include "config/values.h"
#include "config/wrong_option.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum argument_kind {
    KIND_TEXT,     /* its argument is put into a member */
    KIND_OPTIONAL, /* the same with an argument that may be left out, "" then */
    KIND_FLAG,     /* a member becomes true */
    KIND_SIZE,     /* its argument is a size for a member */
    KIND_SET,      /* its argument is KEY=VALUE */
    KIND_OVERRIDE, /* its argument is the value of `key` */
    KIND_LEVEL,    /* `value` is the value of `key` */
    KIND_HELP
};

/* What an option means to some commands. */
struct own_help {
    unsigned groups; /* a command that has one of these */
    const char *help;
};

#define OWN_HELPS_MAX 3

struct argument {
    const char *name;
    enum argument_group group;
    enum argument_kind kind;
    char letter;                        /* the short form, or 0 */
    size_t member;                      /* of struct cli_options */
    const char *key;                    /* of the configuration */
    const char *value;                  /* for the key */
    const char *help;                   /* whole lines, or NULL */
    struct own_help own[OWN_HELPS_MAX]; /* in place of it; the first one that fits */
};

#define MEMBER(name) .member = offsetof(struct cli_options, name)

/* In the order of the help, and of the errors if several options do not fit. */
static const struct argument arguments[] = {
    {"config", ARGUMENTS_CONFIG, KIND_TEXT, .letter = 'c', MEMBER(config_file),
     .help = "  -c, --config FILE      the configuration (default: config/sluice.yaml beside the "
             "build,\n"
             "                         else etc/sluice/sluice.yaml of the installation)\n"},
    {"set", ARGUMENTS_SET, KIND_SET,
     .help = "      --set KEY=VALUE    overrides a value: --set listen.0.address=127.0.0.1:9000\n"},
    {"log-level", ARGUMENTS_CONFIG, KIND_OVERRIDE, .key = "log.level",
     .help = "      --log-level LEVEL  error, warn, info or debug\n"},
    {"verbose", ARGUMENTS_CONFIG, KIND_LEVEL, .letter = 'v', .key = "log.level", .value = "debug",
     .help = "  -v, --verbose          the same as --log-level debug\n"},
    {"quiet", ARGUMENTS_CONFIG, KIND_LEVEL, .letter = 'q', .key = "log.level", .value = "error",
     .help = "  -q, --quiet            the same as --log-level error\n"},
    {"record", ARGUMENTS_RECORD, KIND_TEXT, MEMBER(record),
     .help = "      --record FILE      records who connects and what is sent, without credentials, "
             "for\n"
             "                         'sluice replay'; goes on with a recording that is there\n"},
    {"record-limit", ARGUMENTS_RECORD, KIND_SIZE, MEMBER(record_limit),
     .help = "      --record-limit SIZE  how large the recording may become (default: 256MiB)\n"},
    {"strict", ARGUMENTS_STRICT, KIND_FLAG, MEMBER(strict),
     .help = "      --strict           warnings count: the exit status is 1 if there is any\n"},
    {"markdown", ARGUMENTS_MARKDOWN, KIND_FLAG, MEMBER(markdown),
     .help = "      --markdown         prints a plugin's options as a page of documentation\n"},
    {"sources", ARGUMENTS_SOURCES, KIND_FLAG, MEMBER(sources),
     .help = "      --sources          says where each value came from\n"},
    {"plugins", ARGUMENTS_PLUGINS, KIND_TEXT, MEMBER(plugins),
     .help = "      --plugins FOLDER   the folder of the plugins (default: plugins.path)\n"},
    {"plugins-in-place", ARGUMENTS_IN_PLACE, KIND_FLAG, MEMBER(plugins_in_place),
     .help = "      --plugins-in-place  loads plugin files themselves instead of private copies, "
             "so that\n"
             "                         debuggers find them; a rebuilt file is then not reloaded\n"},
    {"admin", ARGUMENTS_ADMIN, KIND_TEXT, MEMBER(admin),
     .help = "      --admin ADDRESS    where the server's admin listener is: HOST:PORT or "
             "unix:PATH\n"
             "                         (default: admin.listen, a Unix socket first)\n"},
    {"token-file", ARGUMENTS_ADMIN, KIND_TEXT, MEMBER(token_file),
     .help = "      --token-file FILE  its token (default: admin.token_file)\n"},
    {"json", ARGUMENTS_JSON, KIND_FLAG, MEMBER(json),
     .help = "      --json             prints one line of JSON, errors included\n"},
    {"endpoint", ARGUMENTS_ENDPOINT, KIND_TEXT, MEMBER(endpoint),
     .help = "      --endpoint PATH    only this endpoint's clients\n"},
    {"topic", ARGUMENTS_MESSAGE, KIND_TEXT, MEMBER(topic),
     .help = "      --topic TOPIC      only this topic's subscribers\n"},
    {"identity", ARGUMENTS_IDENTITY, KIND_TEXT, MEMBER(identity),
     .help = "      --identity NAME    only clients that are identified as NAME\n",
     .own = {{ARGUMENTS_BAN, "      --identity NAME    bans who is identified as NAME\n"},
             {ARGUMENTS_UNBAN, "      --identity NAME    lifts the ban of this identity\n"}}},
    {"address", ARGUMENTS_CLIENTS, KIND_TEXT, MEMBER(address),
     .help =
         "      --address ADDRESS  only clients from this address or prefix, like 192.0.2.0/24\n",
     .own = {{ARGUMENTS_BAN, "      --address ADDRESS  bans an address or prefix, like "
                             "192.0.2.0/24\n"},
             {ARGUMENTS_UNBAN, "      --address ADDRESS  lifts the ban of this address or "
                               "prefix\n"}}},
    {"limit", ARGUMENTS_LIST, KIND_TEXT, MEMBER(limit),
     .help = "      --limit N          at most N clients\n"},
    {"sort", ARGUMENTS_LIST, KIND_TEXT, MEMBER(sort),
     .help = "      --sort KEY         the largest first: queue, age, bytes, messages, drops\n"
             "                         or last-heard\n"},
    {"code", ARGUMENTS_CLOSE, KIND_TEXT, MEMBER(code),
     .help = "      --code CODE        the close code, like 1012 or 4000 (default: 1008)\n",
     .own = {{ARGUMENTS_BAN,
              "      --code CODE        the close code of clients that are connected "
              "(default: 1008)\n"}}},
    {"reason", ARGUMENTS_CLOSE, KIND_TEXT, MEMBER(reason),
     .help = "      --reason TEXT      the close reason (default: closed by the administrator)\n",
     .own = {{ARGUMENTS_BAN,
              "      --reason TEXT      why, for the list of bans; the close reason, "
              "too (default of that:\n"
              "                         banned)\n"}}},
    {"for", ARGUMENTS_FOR, KIND_TEXT, MEMBER(duration),
     .help = "      --for DURATION     for this time, like 30s or 24h\n",
     .own = {{ARGUMENTS_BAN,
              "      --for DURATION     for this time, like 30m or 24h (default: for "
              "good)\n"},
             {ARGUMENTS_TRACE, "      --for DURATION     ends after this time (default: 30s; at "
                               "most 1h)\n"}}},
    {"until", ARGUMENTS_BAN, KIND_TEXT, MEMBER(until),
     .help = "      --until TIME       until then, in UTC: 2026-12-31T23:59:59Z\n"},
    {"keep", ARGUMENTS_BAN, KIND_FLAG, MEMBER(keep),
     .help = "      --keep             clients that are connected stay\n"},
    {"over", ARGUMENTS_DRAIN, KIND_TEXT, MEMBER(over),
     .help = "      --over DURATION    closes them spread evenly over this time: 30s, 5m (default: "
             "the\n"
             "                         server's shutdown.grace)\n"},
    {"wait", ARGUMENTS_DRAIN, KIND_FLAG, MEMBER(wait),
     .help =
         "      --wait             ends when all clients are gone, and says how many are left\n"},
    {"stop", ARGUMENTS_DRAIN, KIND_FLAG, MEMBER(stop),
     .help = "      --stop             stops the drain: new clients come in again\n"},
    {"count", ARGUMENTS_COUNT, KIND_TEXT, MEMBER(count),
     .help = "      --count N          ends after N\n",
     .own = {{ARGUMENTS_TRACE, "      --count N          ends after N messages\n"},
             {ARGUMENTS_TOP, "      --count N          ends after N intervals\n"},
             {ARGUMENTS_EVENTS, "      --count N          begins with the last N events (default: "
                                "20; at most 500)\n"}}},
    {"event", ARGUMENTS_EVENTS, KIND_TEXT, MEMBER(event),
     .help = "      --event NAME       only events of this name, like reload_done; all are in\n"
             "                         docs/log-events.md\n"},
    {"follow", ARGUMENTS_EVENTS, KIND_FLAG, MEMBER(follow), .letter = 'f',
     .help = "  -f, --follow           goes on with what happens, until Ctrl-C\n"},
    {"interval", ARGUMENTS_TOP, KIND_TEXT, MEMBER(interval),
     .help = "      --interval DURATION  how long an interval is: 1s (the default), 500ms, 1m\n"},
    {"once", ARGUMENTS_TOP, KIND_FLAG, MEMBER(once),
     .help = "      --once             ends after one interval\n"},
    {"payload", ARGUMENTS_TRACE, KIND_OPTIONAL, MEMBER(payload),
     .help = "      --payload[=BYTES]  shows the first bytes of each message, too (256; at most "
             "4096)\n"},
    {"man", ARGUMENTS_MAN, KIND_TEXT, MEMBER(man),
     .help = "      --man FILE         prints the command's man page, with the prose in FILE\n"},
    {"help", ARGUMENTS_CONFIG, KIND_HELP, .letter = 'h',
     .help = "  -h, --help             explains the command\n"},
};
#define ARGUMENT_COUNT (sizeof arguments / sizeof *arguments)

/* What a command is told that does not have an option of the group. All have ARGUMENTS_CONFIG. */
static const struct {
    enum argument_group group;
    const char *text;
} refusals[] = {
    {ARGUMENTS_RECORD, "--record is for 'serve'"},
    {ARGUMENTS_MARKDOWN, "--markdown is for 'plugins NAME'"},
    {ARGUMENTS_IN_PLACE, "--plugins-in-place is for 'serve'"},
    {ARGUMENTS_STRICT, "--strict is for 'check'"},
    {ARGUMENTS_SOURCES, "--sources is for 'config'"},
    {ARGUMENTS_PLUGINS, "--plugins is for 'schema'"},
    {ARGUMENTS_MAN, "--man is for 'help COMMAND'"},
    {ARGUMENTS_ADMIN, "--admin and --token-file are for commands that ask a running server"},
    {ARGUMENTS_MESSAGE, "--topic is for 'publish', 'clients' and 'kick'"},
    {ARGUMENTS_IDENTITY, "--identity is for 'clients', 'kick', 'ban', 'unban' and 'trace'"},
    {ARGUMENTS_CLIENTS, "--address is for 'clients', 'kick', 'ban' and 'unban'"},
    {ARGUMENTS_TRACE, "--payload is for 'trace'"},
    {ARGUMENTS_FOR, "--for is for 'ban' and 'trace'"},
    {ARGUMENTS_COUNT, "--count is for 'trace', 'top' and 'events'"},
    {ARGUMENTS_EVENTS, "--event and --follow are for 'events'"},
    {ARGUMENTS_TOP, "--interval and --once are for 'top'"},
    {ARGUMENTS_LIST, "--limit and --sort are for 'clients'"},
    {ARGUMENTS_CLOSE, "--code and --reason are for 'kick' and 'ban'"},
    {ARGUMENTS_BAN, "--until and --keep are for 'ban'"},
    {ARGUMENTS_ENDPOINT, "--endpoint is for 'publish', 'clients', 'kick', 'trace' and 'drain'"},
    {ARGUMENTS_DRAIN, "--over, --wait and --stop are for 'drain'"},
    {ARGUMENTS_SET,
     "--set would not reach the running server, which reads its own file and keeps the "
     "values that it was started with; change the file, or use --admin if the server "
     "listens elsewhere"},
};

static const char *refusal(enum argument_group group)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].group == group)
            return refusals[i].text;
    return NULL;
}

static bool takes_text(const struct argument *argument)
{
    return argument->kind == KIND_TEXT || argument->kind == KIND_SIZE ||
           argument->kind == KIND_SET || argument->kind == KIND_OVERRIDE;
}

static bool add_override(struct cli_options *options, const char *path, const char *value)
{
    if (options->override_count == CLI_OVERRIDES_MAX) {
        cli_error(options, "usage", "more than %d values are overridden", CLI_OVERRIDES_MAX);
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
        cli_error(options, "usage", "--set needs KEY=VALUE, for example --set log.level=debug");
        return false;
    }
    *equals = '\0';
    return add_override(options, text, equals + 1);
}

static bool put_size(struct cli_options *options, const struct argument *argument, const char *text)
{
    int64_t bytes = 0;
    if (size_parse(text, &bytes) != 0 || bytes <= 0) {
        cli_error(options, "usage", "--%s needs a size, like 64MiB", argument->name);
        return false;
    }
    *(size_t *)(void *)((char *)options + argument->member) = (size_t)bytes;
    return true;
}

/* Takes one option. Returns whether it is good. */
static bool take_argument(struct cli_options *options, const struct argument *argument, char *text)
{
    void *member = (char *)options + argument->member;
    switch (argument->kind) {
    case KIND_TEXT:
        *(const char **)member = text;
        return true;
    case KIND_OPTIONAL:
        *(const char **)member = text != NULL ? text : "";
        return true;
    case KIND_FLAG:
        *(bool *)member = true;
        return true;
    case KIND_SIZE:
        return put_size(options, argument, text);
    case KIND_SET:
        return add_set_option(options, text);
    case KIND_OVERRIDE:
        return add_override(options, argument->key, text);
    case KIND_LEVEL:
        return add_override(options, argument->key, argument->value);
    case KIND_HELP:
        break;
    }
    return true;
}

/* getopt's form of the table; an option's value is its row. With ':' in front of the letters getopt
 * leaves the errors to us. */
static void describe_to_getopt(struct option long_options[static ARGUMENT_COUNT + 1],
                               char letters[static 2 * ARGUMENT_COUNT + 2])
{
    *letters++ = ':';
    for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
        int has_text = takes_text(&arguments[i])            ? required_argument
                       : arguments[i].kind == KIND_OPTIONAL ? optional_argument
                                                            : no_argument;
        long_options[i] = (struct option){arguments[i].name, has_text, NULL, (int)i};
        if (arguments[i].letter != 0)
            *letters++ = arguments[i].letter;
        if (arguments[i].letter != 0 && has_text == required_argument)
            *letters++ = ':';
    }
    long_options[ARGUMENT_COUNT] = (struct option){NULL, 0, NULL, 0};
    *letters = '\0';
}

/* The row of what getopt has returned: the row itself, or a letter. NULL: getopt did not know it.
 */
static const struct argument *argument_found(int option)
{
    if (option >= 0 && (size_t)option < ARGUMENT_COUNT)
        return &arguments[option];
    for (size_t i = 0; i < ARGUMENT_COUNT; i++)
        if (arguments[i].letter != 0 && arguments[i].letter == option)
            return &arguments[i];
    return NULL;
}

/* Says which of the given options the command does not have. Returns whether it has all. */
static bool check_groups(const struct cli_options *options, unsigned groups,
                         const bool given[ARGUMENT_COUNT])
{
    for (size_t i = 0; i < ARGUMENT_COUNT; i++) {
        const char *text = refusal(arguments[i].group);
        if (given[i] && (groups & arguments[i].group) == 0 && text != NULL) {
            cli_error(options, "usage", "%s", text);
            return false;
        }
    }
    return true;
}

/* Whether the option itself was there: the word may have been another option's value. */
static bool is_flag_given(size_t member, const bool given[ARGUMENT_COUNT])
{
    for (size_t i = 0; i < ARGUMENT_COUNT; i++)
        if (given[i] && arguments[i].kind == KIND_FLAG && arguments[i].member == member)
            return true;
    return false;
}

/* Says what is wrong with what getopt_long has not taken. */
static int refuse_option(const struct cli_options *options, const struct option *known,
                         char *const *argv, int result)
{
    char text[256];
    wrong_option_describe(known, argv, result, text, sizeof text);
    cli_error(options, "usage", "%s (see 'sluice help %s')", text, options->command);
    return EXIT_USAGE;
}

int arguments_parse(int argc, char **argv, unsigned groups, struct cli_options *options)
{
    struct option long_options[ARGUMENT_COUNT + 1];
    char letters[2 * ARGUMENT_COUNT + 2];
    bool given[ARGUMENT_COUNT] = {false};
    int option;

    describe_to_getopt(long_options, letters);
    while ((option = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
        const struct argument *argument = argument_found(option);
        if (argument == NULL)
            return refuse_option(options, long_options, argv, option);
        if (!take_argument(options, argument, optarg))
            return EXIT_USAGE;
        if (argument->kind == KIND_HELP)
            return ARGUMENTS_HELP;
        given[argument - arguments] = true;
    }
    if (!check_groups(options, groups, given))
        return EXIT_USAGE;
    options->json = is_flag_given(offsetof(struct cli_options, json), given);
    if (!options->json || (groups & ARGUMENTS_JSON_LOG) == 0)
        return 0;
    options->json = false;
    return add_override(options, "log.format", "json") ? 0 : EXIT_USAGE;
}

bool arguments_ask_for_json(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

unsigned arguments_count(const char *text)
{
    bool is_number =
        text[0] != '\0' && strlen(text) <= 9 && strspn(text, "0123456789") == strlen(text);
    return is_number ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* What the option means to a command that has `groups`. */
static const char *help_of(const struct argument *argument, unsigned groups)
{
    for (size_t i = 0; i < OWN_HELPS_MAX; i++)
        if ((argument->own[i].groups & groups) != 0)
            return argument->own[i].help;
    return argument->help;
}

void arguments_print(FILE *to, unsigned groups)
{
    for (size_t i = 0; i < ARGUMENT_COUNT; i++)
        if ((groups & arguments[i].group) != 0 && arguments[i].help != NULL)
            fputs(help_of(&arguments[i], groups), to);
}

static enum argument_value value_kind(const struct argument *argument)
{
    if (!takes_text(argument))
        return ARGUMENT_VALUE_NONE;
    if (argument->kind == KIND_OVERRIDE)
        return ARGUMENT_VALUE_LEVEL;
    bool is_file = argument->help != NULL && strstr(argument->help, " FILE  ") != NULL;
    return is_file ? ARGUMENT_VALUE_FILE : ARGUMENT_VALUE_TEXT;
}

bool arguments_show(size_t row, unsigned groups, struct argument_shown *out)
{
    if (row >= ARGUMENT_COUNT)
        return false;
    const struct argument *argument = &arguments[row];
    *out = (struct argument_shown){.name = argument->name,
                                   .letter = argument->letter,
                                   .group = argument->group,
                                   .value = value_kind(argument)};
    const char *help = help_of(argument, groups);
    if (help != NULL) {
        argument_text_value(help, out->value_name);
        argument_text_meaning(help, out->text);
    }
    return true;
}
