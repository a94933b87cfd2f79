#include "cli/completion.h"

#include "cli/arguments.h"
#include "unit.h"

#include <string.h>

static const struct option own[] = {{"against", required_argument, NULL, 'a'},
                                    {"list", no_argument, NULL, 'l'},
                                    {NULL, 0, NULL, 0}};

static const struct completed_command commands[] = {
    {"check", NULL, "check the server's files", "So.\n", ARGUMENTS_CONFIG | ARGUMENTS_STRICT, NULL},
    {"version", NULL, "print it", NULL, ARGUMENTS_SET, NULL},
    {"replay", "FILE", "again", NULL, 0, own},
    {"log", "reopen", "open it", NULL, ARGUMENTS_SET, NULL},
    {"plugins", "NAME", "list them", NULL, ARGUMENTS_SET, NULL},
    {"kick", "ID", "close it", NULL, ARGUMENTS_SET, NULL},
    {NULL, NULL, NULL, NULL, 0, NULL},
};

/* The script for a shell. */
static const char *print(const char *shell)
{
    static char text[32768];
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_true(completion_print(file, shell, commands));
    fclose(file);
    return text;
}

static void bash_gets_a_list_of_words_for_each_command(void **state)
{
    (void)state;
    const char *text = print("bash");
    assert_non_null(
        strstr(text, "1:* | *:help:help) words='check version replay log plugins kick' ;;\n"));
    assert_non_null(strstr(text,
                           "    *:check) words=' --config -c --log-level --verbose -v --quiet "
                           "-q --strict --help -h' ;;\n"));
    assert_non_null(strstr(text, "    *:version) words=' --set' ;;\n"));
    assert_non_null(strstr(text, "    *:replay) words=' --against --list' ;;\n"));
    assert_non_null(
        strstr(text, "    *:log:log) words='reopen' ;;\n    *:log) words=' --set' ;;\n"));
    assert_non_null(strstr(text, "    *:plugins:plugins) words=$(command sluice plugins "));
    assert_null(strstr(text, "*:kick:kick)"));
}

static void zsh_gets_meanings_with_quotes_escaped(void **state)
{
    (void)state;
    const char *text = print("zsh");
    assert_int_equal(strncmp(text, "#compdef sluice\n", 16), 0);
    assert_non_null(strstr(text, "'check:check the server'\\''s files'\n"));
    assert_non_null(strstr(text, " '*--strict[warnings count: the exit status is 1 if there is "
                                 "any]'"));
    assert_non_null(strstr(text,
                           " '*--log-level[error, warn, info or debug]:level:(error warn info "
                           "debug)'"));
    assert_non_null(strstr(text, "    replay) _arguments '*--against[]:file:_files' '*--list[]'"
                                 " '*:file:_files' ;;\n"));
    assert_non_null(strstr(text, " '1:log:(reopen)' ;;\n"));
    assert_non_null(strstr(text, " '1:plugin:{compadd -- $(command sluice plugins "));
    assert_non_null(strstr(text, " '1:ID: ' ;;\n"));
}

static void fish_gets_a_line_for_each_option(void **state)
{
    (void)state;
    const char *text = print("fish");
    assert_non_null(strstr(text, " -a check -d 'check the server\\'s files'\n"));
    assert_non_null(strstr(text,
                           "complete -c sluice -n '__fish_seen_subcommand_from check' -l config "
                           "-r -F -s c -d 'the configuration "));
    assert_non_null(
        strstr(text, "complete -c sluice -n '__fish_seen_subcommand_from replay' -l list\n"));
    assert_non_null(
        strstr(text, "complete -c sluice -n '__fish_seen_subcommand_from log' -f -a 'reopen'\n"));
    assert_non_null(strstr(text, "complete -c sluice -n '__fish_seen_subcommand_from kick' -f\n"));
}

static void other_shells_are_refused(void **state)
{
    (void)state;
    char text[8] = "";
    FILE *file = fmemopen(text, sizeof text, "w");
    assert_false(completion_print(file, "csh", commands));
    fclose(file);
    assert_string_equal(text, "");
}

static void programs_get_what_each_command_has(void **state)
{
    (void)state;
    cJSON *list = completion_list(commands);
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(list, "commands");
    assert_int_equal(cJSON_GetArraySize(all), 6);
    const cJSON *check = cJSON_GetArrayItem(all, 0);
    const cJSON *options = cJSON_GetObjectItemCaseSensitive(check, "options");
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(check, "note")), "So.\n");
    assert_null(cJSON_GetObjectItem(check, "argument"));
    char *text = cJSON_PrintUnformatted(cJSON_GetArrayItem(options, 0));
    assert_non_null(strstr(
        text, "{\"name\":\"config\",\"letter\":\"c\",\"value\":\"FILE\",\"summary\":\"the "));
    cJSON_free(text);
    text = cJSON_PrintUnformatted(cJSON_GetArrayItem(all, 2));
    assert_string_equal(text, "{\"name\":\"replay\",\"argument\":\"FILE\",\"summary\":\"again\","
                              "\"options\":[{\"name\":\"against\",\"value\":\"VALUE\"},"
                              "{\"name\":\"list\"}]}");
    cJSON_free(text);
    cJSON_Delete(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bash_gets_a_list_of_words_for_each_command),
        cmocka_unit_test(zsh_gets_meanings_with_quotes_escaped),
        cmocka_unit_test(fish_gets_a_line_for_each_option),
        cmocka_unit_test(other_shells_are_refused),
        cmocka_unit_test(programs_get_what_each_command_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
