#include "cli/completion.h"

#include "cli/arguments.h"

#include <string.h>

#define LEVELS "error warn info debug"
#define SHELLS "bash zsh fish"

/* The plugins that there are, as shells ask for them. Bash and zsh take quotes of either kind. */
#define PLUGIN_NAMES                                                                               \
    "$(command sluice plugins 2>/dev/null | sed -n \"s/^\\([a-z0-9-]*\\) .*/\\1/p\")"

/* What may stand in the place of a command's argument. */
enum offer { OFFER_NOTHING, OFFER_WORDS, OFFER_COMMANDS, OFFER_PLUGINS, OFFER_FILES };

/* Of an argument in small letters that word is offered. `words` is set for OFFER_WORDS. */
static enum offer offer_for(const struct completed_command *command, const char **words)
{
    if (command->options != NULL)
        return OFFER_FILES;
    if (command->argument == NULL)
        return OFFER_NOTHING;
    bool is_shell = strcmp(command->argument, "SHELL") == 0;
    *words = is_shell ? SHELLS : command->argument;
    if (is_shell || (command->argument[0] >= 'a' && command->argument[0] <= 'z'))
        return OFFER_WORDS;
    if (strcmp(command->argument, "COMMAND") == 0)
        return OFFER_COMMANDS;
    return strcmp(command->name, "plugins") == 0 ? OFFER_PLUGINS : OFFER_NOTHING;
}

/* Prints one option of a command. */
typedef void print_option(FILE *to, const char *command, const struct argument_shown *option);

/* Calls `print` for each option of a command. */
static void print_options(FILE *to, const struct completed_command *command, print_option *print)
{
    struct argument_shown shown;
    for (size_t i = 0; command->options == NULL && arguments_show(i, command->groups, &shown); i++)
        if ((shown.group & command->groups) != 0)
            print(to, command->name, &shown);
    for (const struct option *option = command->options; option != NULL && option->name != NULL;
         option++) {
        shown = (struct argument_shown){.name = option->name,
                                        .value = option->has_arg == required_argument
                                                     ? ARGUMENT_VALUE_FILE
                                                     : ARGUMENT_VALUE_NONE};
        print(to, command->name, &shown);
    }
}

/* Prints a text that stands between single quotes, with `escaped` for a quote, and with a backslash
 * before the characters of `special`. */
static void print_quoted(FILE *to, const char *text, const char *escaped, const char *special)
{
    for (; *text != '\0'; text++) {
        if (strchr(special, *text) != NULL)
            fputc('\\', to);
        if (*text == '\'')
            fputs(escaped, to);
        else
            fputc(*text, to);
    }
}

/* -- bash -- */

static void print_bash_option(FILE *to, const char *command, const struct argument_shown *option)
{
    (void)command;
    fprintf(to, " --%s", option->name);
    if (option->letter != 0)
        fprintf(to, " -%c", option->letter);
}

static void print_names(FILE *to, const struct completed_command *commands)
{
    for (size_t i = 0; commands[i].name != NULL; i++)
        fprintf(to, "%s%s", i > 0 ? " " : "", commands[i].name);
}

static void print_bash_argument(FILE *to, const struct completed_command *command)
{
    const char *words = NULL;
    enum offer offer = offer_for(command, &words);
    if (offer == OFFER_WORDS)
        fprintf(to, "    *:%s:%s) words='%s' ;;\n", command->name, command->name, words);
    else if (offer == OFFER_PLUGINS)
        fprintf(to, "    *:%s:%s) words=%s ;;\n", command->name, command->name, PLUGIN_NAMES);
}

/* Where nothing is offered, bash offers files. */
static void print_bash(FILE *to, const struct completed_command *commands)
{
    fputs("# bash completion for sluice; written by 'sluice completion bash'\n"
          "_sluice() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words= word\n"
          "    COMPREPLY=()\n"
          "    case $cur in -*) prev= ;; esac\n"
          "    case $COMP_CWORD:$prev:${COMP_WORDS[1]} in\n"
          "    1:* | *:help:help) words='",
          to);
    print_names(to, commands);
    fputs("' ;;\n"
          "    *:--log-level:*) words='" LEVELS "' ;;\n",
          to);
    for (; commands->name != NULL; commands++) {
        print_bash_argument(to, commands);
        fprintf(to, "    *:%s) words='", commands->name);
        print_options(to, commands, print_bash_option);
        fputs("' ;;\n", to);
    }
    fputs("    esac\n"
          "    case $cur:$words in\n"
          "    -*:* | *:[!\\ ]*)\n"
          "        while IFS= read -r word; do\n"
          "            COMPREPLY+=(\"$word\")\n"
          "        done < <(compgen -W \"$words\" -- \"$cur\")\n"
          "        ;;\n"
          "    esac\n"
          "}\n"
          "complete -o bashdefault -o default -F _sluice sluice\n",
          to);
}

/* -- zsh -- */

static void print_zsh_option(FILE *to, const char *command, const struct argument_shown *option)
{
    static const char *const values[] = {
        [ARGUMENT_VALUE_NONE] = "",
        [ARGUMENT_VALUE_FILE] = ":file:_files",
        [ARGUMENT_VALUE_LEVEL] = ":level:(" LEVELS ")",
        [ARGUMENT_VALUE_TEXT] = ":value:",
    };
    (void)command;
    for (int i = 0; i < 2; i++) {
        if (i == 1 && option->letter == 0)
            break;
        if (i == 0)
            fprintf(to, " '*--%s[", option->name);
        else
            fprintf(to, " '*-%c[", option->letter);
        print_quoted(to, option->text, "'\\''", "[]\\");
        fprintf(to, "]%s'", values[option->value]);
    }
}

static void print_zsh_argument(FILE *to, const struct completed_command *command)
{
    const char *words = NULL;
    switch (offer_for(command, &words)) {
    case OFFER_WORDS:
        fprintf(to, " '1:%s:(%s)'", command->name, words);
        break;
    case OFFER_COMMANDS:
        fputs(" '1:command:{_describe -t commands command commands}'", to);
        break;
    case OFFER_PLUGINS:
        fputs(" '1:plugin:{compadd -- " PLUGIN_NAMES "}'", to);
        break;
    case OFFER_FILES:
        fputs(" '*:file:_files'", to);
        break;
    case OFFER_NOTHING:
        if (command->argument != NULL)
            fprintf(to, " '1:%s: '", command->argument);
        break;
    }
}

static void print_zsh(FILE *to, const struct completed_command *commands)
{
    fputs("#compdef sluice\n"
          "# zsh completion for sluice; written by 'sluice completion zsh'\n"
          "_sluice() {\n"
          "    local -a commands\n"
          "    commands=(",
          to);
    for (size_t i = 0; commands[i].name != NULL; i++) {
        fprintf(to, "\n        '%s:", commands[i].name);
        print_quoted(to, commands[i].summary, "'\\''", "\\");
        fputs("'", to);
    }
    fputs("\n    )\n"
          "    if (( CURRENT == 2 )); then\n"
          "        _describe -t commands command commands\n"
          "        return\n"
          "    fi\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $words[1] in\n",
          to);
    for (; commands->name != NULL; commands++) {
        fprintf(to, "    %s) _arguments", commands->name);
        print_options(to, commands, print_zsh_option);
        print_zsh_argument(to, commands);
        fputs(" ;;\n", to);
    }
    fputs("    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _sluice ]]; then\n"
          "    _sluice \"$@\"\n"
          "else\n"
          "    compdef _sluice sluice\n"
          "fi\n",
          to);
}

/* -- fish -- */

static void print_fish_option(FILE *to, const char *command, const struct argument_shown *option)
{
    static const char *const values[] = {
        [ARGUMENT_VALUE_NONE] = "",
        [ARGUMENT_VALUE_FILE] = " -r -F",
        [ARGUMENT_VALUE_LEVEL] = " -x -a '" LEVELS "'",
        [ARGUMENT_VALUE_TEXT] = " -x",
    };
    fprintf(to, "complete -c sluice -n '__fish_seen_subcommand_from %s' -l %s%s", command,
            option->name, values[option->value]);
    if (option->letter != 0)
        fprintf(to, " -s %c", option->letter);
    if (option->text[0] != '\0') {
        fputs(" -d '", to);
        print_quoted(to, option->text, "\\'", "\\");
        fputs("'", to);
    }
    fputs("\n", to);
}

/* Without a line here fish offers files. */
static void print_fish_argument(FILE *to, const struct completed_command *command,
                                const struct completed_command *commands)
{
    const char *words = NULL;
    enum offer offer = offer_for(command, &words);
    if (offer == OFFER_FILES)
        return;
    fprintf(to, "complete -c sluice -n '__fish_seen_subcommand_from %s' -f", command->name);
    if (offer != OFFER_NOTHING)
        fputs(" -a '", to);
    if (offer == OFFER_WORDS)
        fputs(words, to);
    else if (offer == OFFER_COMMANDS)
        print_names(to, commands);
    else if (offer == OFFER_PLUGINS)
        fputs("(command sluice plugins 2>/dev/null | string match -r \"^[a-z0-9-]+(?= )\")", to);
    fputs(offer != OFFER_NOTHING ? "'\n" : "\n", to);
}

static void print_fish(FILE *to, const struct completed_command *commands)
{
    fputs("# fish completion for sluice; written by 'sluice completion fish'\n", to);
    for (size_t i = 0; commands[i].name != NULL; i++) {
        fprintf(to, "complete -c sluice -n __fish_use_subcommand -f -a %s -d '", commands[i].name);
        print_quoted(to, commands[i].summary, "\\'", "\\");
        fputs("'\n", to);
        print_fish_argument(to, &commands[i], commands);
    }
    for (; commands->name != NULL; commands++)
        print_options(to, commands, print_fish_option);
}

bool completion_print(FILE *to, const char *shell, const struct completed_command *commands)
{
    static const struct {
        const char *shell;
        void (*print)(FILE *to, const struct completed_command *commands);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(shells[i].shell, shell) == 0) {
            shells[i].print(to, commands);
            return true;
        }
    }
    return false;
}

/* -- for programs -- */

static void add_if_any(cJSON *object, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        cJSON_AddStringToObject(object, name, text);
}

static void add_option(cJSON *options, const struct argument_shown *option, const char *value)
{
    const char letter[] = {option->letter, '\0'};
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", option->name);
    add_if_any(object, "letter", letter);
    add_if_any(object, "value", value);
    add_if_any(object, "summary", option->text);
    cJSON_AddItemToArray(options, object);
}

cJSON *completion_describe(const struct completed_command *command)
{
    struct argument_shown shown;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", command->name);
    add_if_any(object, "argument", command->argument);
    add_if_any(object, "summary", command->summary);
    add_if_any(object, "note", command->note);
    cJSON *options = cJSON_AddArrayToObject(object, "options");
    for (size_t i = 0; command->options == NULL && arguments_show(i, command->groups, &shown); i++)
        if ((shown.group & command->groups) != 0)
            add_option(options, &shown, shown.value_name);
    for (const struct option *own = command->options; own != NULL && own->name != NULL; own++) {
        shown = (struct argument_shown){.name = own->name};
        add_option(options, &shown, own->has_arg == required_argument ? "VALUE" : NULL);
    }
    return object;
}

cJSON *completion_list(const struct completed_command *commands)
{
    cJSON *object = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(object, "commands");
    for (; commands->name != NULL; commands++)
        cJSON_AddItemToArray(list, completion_describe(commands));
    return object;
}
