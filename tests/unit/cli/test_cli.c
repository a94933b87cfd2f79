#include "cli/cli.h"
#include "printing.h"

#include <string.h>

static struct printed printed;

static int run_extra(int argc, char **argv)
{
    printf("%d %s\n", argc, argv[argc - 1]);
    return 7;
}

static const struct cli_extra extras[] = {
    {"new-plugin", "NAME", "begin a plugin", "Usage: sluice new-plugin\n", NULL, run_extra},
    {NULL, NULL, NULL, NULL, NULL, NULL},
};

/* Runs the command line of these words. */
static int run_line_to(bool is_full, const char *const *words)
{
    char *argv[8] = {"sluice"};
    int argc = 1;
    for (; words[argc - 1] != NULL; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];
    optind = 0; /* glibc's way to begin anew */
    struct printing printing = printing_begin();
    if (is_full)
        printing_fill_disk();
    int status = cli_run(argc, argv, extras);
    printing_end(&printing, &printed);
    return status;
}

static int run_line(const char *const *words)
{
    return run_line_to(false, words);
}

#define RUN(...) run_line((const char *const[]){__VA_ARGS__, NULL})

static void without_a_command_the_usage_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(run_line((const char *const[]){NULL}), EXIT_USAGE);
    assert_string_equal(printed.out, "");
    assert_non_null(strstr(printed.error, "Usage: sluice COMMAND [OPTIONS]\n"));
}

static void help_lists_all_commands_or_explains_one(void **state)
{
    (void)state;
    static const char *const forms[] = {"help", "--help", "-h"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(RUN(forms[i]), 0);
        assert_non_null(strstr(printed.out, "\n  serve              run the server\n"));
        assert_non_null(strstr(printed.out, "\n  new-plugin [NAME]  begin a plugin\n"));
    }
    assert_int_equal(RUN("help", "kick"), 0);
    assert_non_null(strstr(
        printed.out, "Usage: sluice kick [-c FILE] [--set KEY=VALUE]... [ID]\n"
                     "\nClose a client of the running server, or all that the options mean.\n"));
    assert_int_equal(RUN("help", "new-plugin"), 0);
    assert_string_equal(printed.out, "Usage: sluice new-plugin\n");
    assert_int_equal(RUN("version", "--help"), 0);
    assert_string_equal(printed.out, "Usage: sluice version\n\nPrint the version.\n");
}

static void what_cannot_be_printed_is_an_error(void **state)
{
    (void)state;
    static const char *const lines[][4] = {
        {"version"},        {"version", "--json"}, {"help"}, {"help", "kick"}, {"kick", "--help"},
        {"help", "--json"}, {"completion", "bash"}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        assert_int_equal(run_line_to(true, lines[i]), EXIT_WRONG);
        assert_non_null(strstr(printed.error, "sluice: cannot write to standard output"));
    }
    assert_int_equal(run_line_to(true, (const char *const[]){"new-plugin", NULL}), 7);
    assert_int_equal(run_line_to(true, (const char *const[]){"relaod", "--json", NULL}),
                     EXIT_USAGE);
}

static void an_unknown_command_names_the_nearest(void **state)
{
    (void)state;
    assert_int_equal(RUN("relaod"), EXIT_USAGE);
    assert_string_equal(printed.error, "sluice: there is no command 'relaod'; did you mean "
                                       "'reload'? ('sluice help' lists them)\n");
    assert_int_equal(RUN("help", "new-plugn"), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "did you mean 'new-plugin'?"));
    assert_int_equal(RUN("relaod", "--json"), EXIT_USAGE);
    assert_string_equal(printed.out,
                        "{\"error\":\"usage\",\"detail\":\"there is no command 'relaod'; "
                        "did you mean 'reload'? ('sluice help' lists them)\"}\n");
    assert_int_equal(RUN("xyzzy"), EXIT_USAGE);
    assert_null(strstr(printed.error, "did you mean"));
}

static void a_url_in_the_commands_place_is_not_repeated(void **state)
{
    (void)state;
    assert_int_equal(RUN("ws://localhost/ws?token=secret"), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "sluice connect URL"));
    assert_null(strstr(printed.error, "secret"));
}

static void an_option_in_the_commands_place_is_said_to_be_one(void **state)
{
    (void)state;
    assert_int_equal(RUN("-c", "my.yaml", "serve"), EXIT_USAGE);
    assert_string_equal(printed.error, "sluice: '-c' stands where the command belongs: sluice "
                                       "COMMAND [OPTIONS]\n");
}

static void the_version_is_printed(void **state)
{
    (void)state;
    assert_int_equal(RUN("version"), 0);
    assert_int_equal(strncmp(printed.out, "sluice ", 7), 0);
    assert_int_equal(RUN("--version"), 0);
    assert_int_equal(RUN("version", "--json"), 0);
    assert_int_equal(strncmp(printed.out, "{\"version\":\"", 12), 0);
}

static void programs_can_ask_for_commands_and_options(void **state)
{
    (void)state;
    assert_int_equal(RUN("help", "--json"), 0);
    assert_ptr_equal(strstr(printed.out, "{\"commands\":[{\"name\":\"serve\","), printed.out);
    assert_int_equal(RUN("completion", "--json"), 0);
    assert_ptr_equal(strstr(printed.out, "{\"commands\":[{\"name\":\"serve\","), printed.out);
    assert_int_equal(RUN("help", "kick", "--json"), 0);
    assert_ptr_equal(strstr(printed.out, "{\"name\":\"kick\",\"argument\":\"ID\","), printed.out);
    assert_int_equal(RUN("help", "kik", "--json"), EXIT_USAGE);
    assert_ptr_equal(strstr(printed.out, "{\"error\":\"usage\","), printed.out);
}

static void commands_of_others_get_the_rest_of_the_line(void **state)
{
    (void)state;
    assert_int_equal(RUN("new-plugin", "--language", "c"), 7);
    assert_string_equal(printed.out, "3 c\n");
}

static void what_is_too_much_is_refused(void **state)
{
    (void)state;
    assert_int_equal(RUN("version", "now"), EXIT_USAGE);
    assert_string_equal(printed.error, "sluice version: do not know what to do with 'now' (see "
                                       "'sluice help version')\n");
    assert_int_equal(RUN("help", "kick", "reload"), EXIT_USAGE);
    assert_non_null(strstr(printed.error, "'reload'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_command_the_usage_is_an_error),
        cmocka_unit_test(help_lists_all_commands_or_explains_one),
        cmocka_unit_test(what_cannot_be_printed_is_an_error),
        cmocka_unit_test(an_unknown_command_names_the_nearest),
        cmocka_unit_test(a_url_in_the_commands_place_is_not_repeated),
        cmocka_unit_test(an_option_in_the_commands_place_is_said_to_be_one),
        cmocka_unit_test(the_version_is_printed),
        cmocka_unit_test(programs_can_ask_for_commands_and_options),
        cmocka_unit_test(commands_of_others_get_the_rest_of_the_line),
        cmocka_unit_test(what_is_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
