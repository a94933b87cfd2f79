#include "cli/commands.h"

static void says_which_file_is_open_again(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_log, (struct cli_options){.argument = "reopen"},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"file\": \"/var/log/sluice.log\"}")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "POST /api/v1/log/reopen HTTP/1.1\r\n"));
    assert_string_equal(run.printed.out, "reopened: the log goes to /var/log/sluice.log\n");
}

static void says_why_not(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_log, (struct cli_options){.argument = "reopen"},
                ANSWERS(HTTP_ANSWER("409 Conflict",
                                    "{\"error\": \"not reopened\", \"detail\": \"no file\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.error, "sluice: not reopened: no file (HTTP 409)\n");
}

static void in_json_the_answer_is_printed(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_log, (struct cli_options){.argument = "reopen", .json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"file\": \"/a\"}")));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.printed.out, "{\"file\":\"/a\"}\n");
}

static void what_it_does_not_know_is_usage(void **state)
{
    (void)state;
    assert_int_equal(cli_log(&(struct cli_options){.argument = NULL}), EXIT_USAGE);
    assert_int_equal(cli_log(&(struct cli_options){.argument = "open"}), EXIT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_which_file_is_open_again),
        cmocka_unit_test(says_why_not),
        cmocka_unit_test(in_json_the_answer_is_printed),
        cmocka_unit_test(what_it_does_not_know_is_usage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
