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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_fetched_until_the_last),
        cmocka_unit_test(a_terminal_does_not_see_control_characters),
        cmocka_unit_test(all_pages_are_one_list_in_json),
        cmocka_unit_test(a_refused_page_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
