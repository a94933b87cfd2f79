#include "cli/completion.h"

#include "cli/arguments.h"
#include "unit.h"

#include <string.h>

static const struct option own[] = {{"against", required_argument, NULL, 'a'},
                                    {"list", no_argument, NULL, 'l'},
                                    {NULL, 0, NULL, 0}};

static const struct completed_command commands[] = {
    {"check", "check the server's files", ARGUMENTS_CONFIG | ARGUMENTS_STRICT, NULL},
    {"version", "print it", ARGUMENTS_SET, NULL},
    {"replay", "again", 0, own},
    {NULL, NULL, 0, NULL},
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
    assert_non_null(strstr(text, "1:* | *:help:help) words='check version replay' ;;\n"));
    assert_non_null(strstr(text,
                           "    *:check) words=' --config -c --log-level --verbose -v --quiet "
                           "-q --strict --help -h' ;;\n"));
    assert_non_null(strstr(text, "    *:version) words=' --set' ;;\n"));
    assert_non_null(strstr(text, "    *:replay) words=' --against --list' ;;\n"));
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
    assert_non_null(strstr(text, "    replay) _arguments '*--against[]:file:_files' '*--list[]'"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bash_gets_a_list_of_words_for_each_command),
        cmocka_unit_test(zsh_gets_meanings_with_quotes_escaped),
        cmocka_unit_test(fish_gets_a_line_for_each_option),
        cmocka_unit_test(other_shells_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
