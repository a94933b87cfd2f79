#include "cli/commands.h"

#define CLIENT(id, address, identity)                                                              \
    "{\"id\": \"" id "\", \"address\": \"" address                                                 \
    "\", \"port\": 5, \"endpoint\": \"/ws\", \"identity\": " identity "}"

static void pages_are_fetched_until_the_last(void **state)
{
    (void)state;
    struct command_run run;
    run_command(
        &run, cli_clients, (struct cli_options){0},
        ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": [" CLIENT("1", "10.0.0.1",
                                                               "\"ann\"") "], \"next\": \"77\"}"),
                HTTP_ANSWER("200 OK", "{\"clients\": [" CLIENT("2", "2001:db8::1", "null") "]}")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "GET /api/v1/clients?limit=1000 HTTP/1.1\r\n"));
    assert_non_null(
        strstr(run.admin.requests[1], "GET /api/v1/clients?limit=1000&after=77 HTTP/1.1\r\n"));
    assert_string_equal(run.printed.out,
                        "ID                   ADDRESS                  ENDPOINT         IDENTITY\n"
                        "1                    10.0.0.1:5               /ws              ann\n"
                        "2                    [2001:db8::1]:5          /ws              \n");
}

static void a_terminal_does_not_see_control_characters(void **state)
{
    (void)state;
    struct command_run run;
    run_command(
        &run, cli_clients, (struct cli_options){0},
        ANSWERS(HTTP_ANSWER(
            "200 OK", "{\"clients\": [" CLIENT("1", "10.0.0.1",
                                               "\"a\\u001b[2J\\u007fb\\u009bc\\u00e4\\n\"") "]}")));
    assert_non_null(strstr(run.printed.out, " a?[2J?b?c\xc3\xa4?\n"));
}

static void all_pages_are_one_list_in_json(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_clients, (struct cli_options){.json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": [1, 2], \"next\": \"2\"}"),
                        HTTP_ANSWER("200 OK", "{\"clients\": [3]}")));
    assert_string_equal(run.printed.out, "{\"clients\":[1,2,3]}\n");
}

static void a_refused_page_ends_it(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_clients, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": [], \"next\": \"2\"}"),
                        HTTP_ANSWER("503 Service Unavailable", "{\"error\": \"busy\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.out, "");
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

static void what_is_no_id_is_not_asked_for(void **state)
{
    (void)state;
    static const char *const ids[] = {NULL, "", "ann", "1/2", "-1", "123456789012345678901"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct printed printed;
        const struct cli_options options = {.argument = ids[i], .admin = "unix:/nowhere"};
        struct printing printing = printing_begin();
        int status = cli_kick(&options);
        printing_end(&printing, &printed);
        assert_int_equal(status, EXIT_USAGE);
        assert_non_null(strstr(printed.error, "name a client by its id"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_fetched_until_the_last),
        cmocka_unit_test(a_terminal_does_not_see_control_characters),
        cmocka_unit_test(all_pages_are_one_list_in_json),
        cmocka_unit_test(a_refused_page_ends_it),
        cmocka_unit_test(a_client_is_closed_by_its_id),
        cmocka_unit_test(what_is_no_id_is_not_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
