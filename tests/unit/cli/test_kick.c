#include "cli/commands.h"

static void kick_with(struct command_run *run, struct cli_options options)
{
    run_command(run, cli_kick, options, ANSWERS(HTTP_ANSWER("200 OK", "{\"closed\": 12}")));
    assert_int_equal(run->status, 0);
}

static void a_client_is_closed_by_its_id(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_kick, (struct cli_options){.argument = "42"},
                ANSWERS(HTTP_ANSWER("200 OK", "{}")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "DELETE /api/v1/clients/42 HTTP/1.1\r\n"));
    assert_string_equal(run.printed.out, "client 42 is being closed\n");
}

static void an_id_with_words_of_its_own_is_sent_with_them(void **state)
{
    (void)state;
    struct command_run run;
    kick_with(&run, (struct cli_options){.argument = "42", .code = "4001", .reason = "go \"now\""});
    assert_non_null(strstr(run.admin.requests[0], "POST /api/v1/kick HTTP/1.1\r\n"));
    assert_non_null(strstr(run.admin.requests[0],
                           "{\"id\":\"42\",\"reason\":\"go \\\"now\\\"\",\"code\":4001}"));
    assert_string_equal(run.printed.out, "client 42 is being closed\n");
}

static void options_say_which_clients(void **state)
{
    (void)state;
    struct command_run run;
    kick_with(&run,
              (struct cli_options){
                  .identity = "ann", .address = "10.0.0.0/8", .endpoint = "/ws", .topic = "news"});
    assert_non_null(strstr(run.admin.requests[0],
                           "{\"identity\":\"ann\",\"address\":\"10.0.0.0/8\",\"endpoint\":\"/ws\","
                           "\"topic\":\"news\"}"));
    assert_string_equal(run.printed.out, "12 clients are being closed\n");
}

static void json_is_the_servers_answer(void **state)
{
    (void)state;
    struct command_run run;
    kick_with(&run, (struct cli_options){.topic = "news", .json = true});
    assert_string_equal(run.printed.out, "{\"closed\":12}\n");
}

static void a_wrong_command_line_is_not_sent(void **state)
{
    (void)state;
    static const struct {
        struct cli_options options;
        const char *text;
    } cases[] = {
        {{.argument = NULL}, "name a client by its id"},
        {{.argument = ""}, "name a client by its id"},
        {{.argument = "ann"}, "name a client by its id"},
        {{.argument = "1/2"}, "name a client by its id"},
        {{.argument = "-1"}, "name a client by its id"},
        {{.argument = "123456789012345678901"}, "name a client by its id"},
        {{.argument = "1", .topic = "news"}, "not by both"},
        {{.code = "4000"}, "name a client by its id"},
        {{.topic = "news", .code = "four"}, "--code needs"},
        {{.topic = "news", .code = "40000"}, "--code needs"},
        {{.topic = "news", .code = ""}, "--code needs"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_not_sent(cli_kick, cases[i].options, cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_is_closed_by_its_id),
        cmocka_unit_test(an_id_with_words_of_its_own_is_sent_with_them),
        cmocka_unit_test(options_say_which_clients),
        cmocka_unit_test(json_is_the_servers_answer),
        cmocka_unit_test(a_wrong_command_line_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
