#include "cli/commands.h"

static void says_which_configuration_is_in_force_and_what_to_look_at(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_reload, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER(
                    "200 OK", "{\"generation\": 3, \"warnings\": [{\"file\": \"a.yaml\","
                              " \"line\": 2, \"column\": 1, \"message\": \"loops: later\"}]}")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "POST /api/v1/reload HTTP/1.1\r\n"));
    assert_non_null(strstr(run.admin.requests[0], "\r\nContent-Length: 0\r\n"));
    assert_string_equal(run.printed.out, "reloaded: configuration 3 is in force\n");
    assert_string_equal(run.printed.error, "a.yaml:2:1: loops: later (a warning)\n");
}

static void says_what_is_not_yet_done_and_which_bans_have_changed(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_reload, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"generation\": 3, \"complete\": false,"
                                              " \"replaced\": 1, \"bans_set\": 2,"
                                              " \"bans_lifted\": 1}")));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.printed.out, "reloaded: configuration 3 is in force, but a loop has "
                                         "not changed over to it yet\n"
                                         "replaced: 1 of the plugins' instances\n"
                                         "bans.file: 2 set, 1 lifted\n");
}

static void shows_all_errors_with_their_places(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_reload, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER("422 Unprocessable Entity",
                                    "{\"error\": \"config\", \"errors\": [{\"file\": \"a.yaml\","
                                    " \"line\": 2, \"column\": 9, \"message\": \"loops: wrong\"},"
                                    " {\"file\": \"b.pem\", \"message\": \"expired\"}]}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.error, "a.yaml:2:9: loops: wrong\n"
                                           "b.pem: expired\n"
                                           "sluice: not reloaded: what ran before goes on\n");
}

static void without_a_list_the_error_itself_is_shown(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_reload, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER("409 Conflict",
                                    "{\"error\": \"conflict\", \"detail\": \"it stops\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.error, "sluice: conflict: it stops\n"
                                           "sluice: not reloaded: what ran before goes on\n");
}

static void in_json_the_answer_is_printed_as_it_is(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_reload, (struct cli_options){.json = true},
                ANSWERS(HTTP_ANSWER("422 Unprocessable Entity", "{ \"errors\": [] }")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.out, "{\"errors\":[]}\n");
}

static void what_is_no_answer_of_a_server_is_no_success(void **state)
{
    (void)state;
    static const char *const bodies[] = {HTTP_ANSWER("200 OK", "hello"), HTTP_ANSWER("200 OK", ""),
                                         HTTP_ANSWER("200 OK", "[]"),
                                         HTTP_ANSWER("502 Bad Gateway", "hello")};
    for (size_t i = 0; i < 2 * sizeof bodies / sizeof *bodies; i++) {
        struct command_run run;
        bool json = i % 2 == 1;
        run_command(&run, cli_reload, (struct cli_options){.json = json}, ANSWERS(bodies[i / 2]));
        assert_int_equal(run.status, EXIT_WRONG);
        assert_non_null(strstr(json ? run.printed.out : run.printed.error,
                               "no JSON object: is this the admin listener?"));
        assert_null(strstr(run.printed.out, "reloaded"));
    }
}

static void a_file_that_is_given_is_named_by_its_whole_path(void **state)
{
    (void)state;
    struct command_run run;
    char folder[] = "/tmp/sluice-reload-XXXXXX", path[64], twisted[96], expected[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.yaml", folder);
    snprintf(twisted, sizeof twisted, "%s/../%s/a.yaml", folder, strrchr(folder, '/') + 1);
    fclose(fopen(path, "w"));
    run_command(&run, cli_reload, (struct cli_options){.config_file = twisted},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"generation\": 3}")));
    snprintf(expected, sizeof expected, "\r\n\r\n{\"file\":\"%s\"}", path);
    assert_non_null(strstr(run.admin.requests[0], expected));
    unlink(path);
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_which_configuration_is_in_force_and_what_to_look_at),
        cmocka_unit_test(says_what_is_not_yet_done_and_which_bans_have_changed),
        cmocka_unit_test(shows_all_errors_with_their_places),
        cmocka_unit_test(without_a_list_the_error_itself_is_shown),
        cmocka_unit_test(in_json_the_answer_is_printed_as_it_is),
        cmocka_unit_test(what_is_no_answer_of_a_server_is_no_success),
        cmocka_unit_test(a_file_that_is_given_is_named_by_its_whole_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
