/* core/cli/bans.c */
#include "cli/commands.h"

static void a_ban_is_sent_with_what_the_options_say(void **state)
{
    (void)state;
    struct command_run run;
    run_command(
        &run, cli_ban,
        (struct cli_options){.identity = "ann", .duration = "1h", .reason = "spam", .code = "4003"},
        ANSWERS(HTTP_ANSWER("200 OK", "{\"id\":7,\"closed\":2,\"saved\":true}")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "POST /api/v1/bans HTTP/1.1\r\n"));
    assert_non_null(
        strstr(run.admin.requests[0],
               "{\"keep\":false,\"identity\":\"ann\",\"for\":\"1h\",\"reason\":\"spam\","
               "\"code\":4003}"));
    assert_string_equal(run.printed.out, "ban 7 is in force; 2 clients are being closed\n");
}

static void a_ban_that_is_not_saved_is_told(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_ban, (struct cli_options){.address = "10.0.0.0/8", .keep = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"id\":8,\"closed\":0,\"saved\":false,"
                                              "\"detail\":\"the disk is full\"}")));
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.admin.requests[0], "{\"keep\":true,\"address\":\"10.0.0.0/8\"}"));
    assert_string_equal(run.printed.out, "ban 8 is in force; 0 clients are being closed\n");
    assert_non_null(
        strstr(run.printed.error, "not in the server's bans.file yet: the disk is full"));
}

static void a_ban_is_lifted_by_its_id_or_by_what_it_bans(void **state)
{
    (void)state;
    struct command_run run;
#define LIFTED HTTP_ANSWER("200 OK", "{\"lifted\":{\"id\":7},\"saved\":true}")
    run_command(&run, cli_unban, (struct cli_options){.argument = "7"}, ANSWERS(LIFTED));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "DELETE /api/v1/bans/7 HTTP/1.1\r\n"));
    assert_string_equal(run.printed.out, "ban 7 is lifted\n");
    run_command(&run, cli_unban, (struct cli_options){.identity = "ann b"}, ANSWERS(LIFTED));
    assert_non_null(
        strstr(run.admin.requests[0], "DELETE /api/v1/bans?identity=ann%20b HTTP/1.1\r\n"));
    run_command(&run, cli_unban, (struct cli_options){.address = "10.0.0.0/8", .json = true},
                ANSWERS(LIFTED));
    assert_non_null(
        strstr(run.admin.requests[0], "DELETE /api/v1/bans?address=10.0.0.0%2F8 HTTP/1.1\r\n"));
    assert_string_equal(run.printed.out, "{\"lifted\":{\"id\":7},\"saved\":true}\n");
}

static void all_pages_are_listed(void **state)
{
    (void)state;
    struct command_run run;
#define PAGES                                                                                      \
    ANSWERS(HTTP_ANSWER("200 OK", "{\"bans\":[{\"id\":1,\"identity\":\"a\\u0007nn\",\"until\":"    \
                                  "null,\"reason\":\"spam\"}],\"next\":\"1\"}"),                   \
            HTTP_ANSWER("200 OK", "{\"bans\":[{\"id\":2,\"address\":\"10.0.0.0/8\",\"until\":"     \
                                  "\"2030-01-01T00:00:00Z\",\"reason\":\"\"}]}"))
    run_command(&run, cli_bans, (struct cli_options){.json = false}, PAGES);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "GET /api/v1/bans?limit=1000&after=0 HTTP"));
    assert_non_null(strstr(run.admin.requests[1], "GET /api/v1/bans?limit=1000&after=1 HTTP"));
    assert_non_null(strstr(run.printed.out, "1        for good             identity a?nn "));
    assert_non_null(strstr(run.printed.out, "2        2030-01-01T00:00:00Z address  10.0.0.0/8 "));
    run_command(&run, cli_bans, (struct cli_options){.json = true}, PAGES);
    assert_non_null(strstr(run.printed.out, "{\"bans\":[{\"id\":1,"));
    assert_non_null(strstr(run.printed.out, "},{\"id\":2,"));
    assert_non_null(strstr(run.printed.out, "}]}\n"));
    run_command(&run, cli_bans, (struct cli_options){.json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"bans\":[]}")));
    assert_string_equal(run.printed.out, "{\"bans\":[]}\n");
}

static void a_wrong_command_line_is_not_sent(void **state)
{
    static const struct {
        int (*run)(const struct cli_options *options);
        struct cli_options options;
        const char *text;
    } cases[] = {
        {cli_ban, {.argument = NULL}, "say whom"},
        {cli_ban, {.identity = "ann", .address = "10.0.0.1"}, "say whom"},
        {cli_ban, {.identity = "ann", .duration = "1h", .until = "x"}, "not by both"},
        {cli_ban, {.identity = "ann", .code = "40"}, "--code needs a close code"},
        {cli_unban, {.argument = NULL}, "name one ban"},
        {cli_unban, {.argument = "1", .identity = "ann"}, "name one ban"},
        {cli_unban, {.argument = "x"}, "is a number"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_not_sent(cases[i].run, cases[i].options, cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ban_is_sent_with_what_the_options_say),
        cmocka_unit_test(a_ban_that_is_not_saved_is_told),
        cmocka_unit_test(a_ban_is_lifted_by_its_id_or_by_what_it_bans),
        cmocka_unit_test(all_pages_are_listed),
        cmocka_unit_test(a_wrong_command_line_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
