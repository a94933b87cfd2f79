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
    assert_string_equal(
        run.printed.out,
        "ID                   ADDRESS                  ENDPOINT         STATE        AGE s  SILENT "
        "s  QUEUED B        IN B       OUT B     IN MSG    OUT MSG  DROPPED TOPICS IDENTITY\n"
        "1                    10.0.0.1:5               /ws                               0       "
        "0.0         0           0           0          0          0        0      0 ann\n"
        "2                    [2001:db8::1]:5          /ws                               0       "
        "0.0         0           0           0          0          0        0      0 \n");
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

static void a_list_that_fails_after_its_first_page_is_one_json_text(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_clients, (struct cli_options){.json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": [1, 2], \"next\": \"2\"}"),
                        HTTP_ANSWER("503 Service Unavailable", "{\"error\": \"busy\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.out, "{\"clients\":[1,2],\"error\":\"busy\"}\n");
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

static void a_row_has_state_silence_queue_counts_and_topics(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_clients, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER(
                    "200 OK", "{\"clients\": [{\"id\": \"7\", \"address\": \"10.0.0.1\", "
                              "\"port\": 5, \"state\": \"closing\", \"silent_ms\": 1500, "
                              "\"age_ms\": 61000, \"bytes_in\": 700, \"bytes_out\": 9000, "
                              "\"messages_in\": 8, \"messages_out\": 4294967295, "
                              "\"messages_dropped\": 2, "
                              "\"queued_bytes\": 4096, \"topics\": 3, \"endpoint\": \"/ws\"}]}")));
    assert_non_null(strstr(run.printed.out,
                           " /ws              closing         61       1.5      4096         700 "
                           "       9000          8 4294967295        2      3 "));
}

static void the_largest_come_first_if_that_is_asked_for(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_clients, (struct cli_options){.sort = "queue", .identity = "ann"},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": []}")));
    assert_non_null(strstr(run.admin.requests[0],
                           "GET /api/v1/clients?limit=100&identity=ann&sort=queue HTTP/1.1\r\n"));
    run_command(&run, cli_clients, (struct cli_options){.sort = "age", .limit = "7"},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": []}")));
    assert_non_null(
        strstr(run.admin.requests[0], "GET /api/v1/clients?limit=7&sort=age HTTP/1.1\r\n"));
}

static void options_say_which_clients(void **state)
{
    (void)state;
    struct command_run run;
    run_command(
        &run, cli_clients,
        (struct cli_options){
            .identity = "\xc3\xa4 &b", .address = "10.0.0.0/8", .endpoint = "/ws", .topic = "news"},
        ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": []}")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0],
                           "GET /api/v1/clients?limit=1000&identity=%C3%A4%20%26b&"
                           "address=10.0.0.0%2F8&endpoint=%2Fws&topic=news HTTP/1.1\r\n"));
}

static void no_more_than_the_limit_are_asked_for(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_clients, (struct cli_options){.limit = "1001", .json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": [1], \"next\": \"5\"}"),
                        HTTP_ANSWER("200 OK", "{\"clients\": [2]}")));
    assert_non_null(strstr(run.admin.requests[0], "?limit=1000 HTTP"));
    assert_non_null(strstr(run.admin.requests[1], "?limit=1000&after=5 HTTP"));
    run_command(&run, cli_clients, (struct cli_options){.limit = "1", .json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": [1], \"next\": \"5\"}")));
    assert_non_null(strstr(run.admin.requests[0], "?limit=1 HTTP"));
    assert_string_equal(run.printed.out, "{\"clients\":[1]}\n");
}

static void nobody_is_an_empty_list(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_clients, (struct cli_options){.json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": []}")));
    assert_string_equal(run.printed.out, "{\"clients\":[]}\n");
}

static void a_wrong_limit_is_not_sent(void **state)
{
    (void)state;
    static const char *const limits[] = {"", "0", "-1", "x", "1x", "9999999999"};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        assert_not_sent(cli_clients, (struct cli_options){.limit = limits[i]}, "--limit needs");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_fetched_until_the_last),
        cmocka_unit_test(a_terminal_does_not_see_control_characters),
        cmocka_unit_test(all_pages_are_one_list_in_json),
        cmocka_unit_test(a_list_that_fails_after_its_first_page_is_one_json_text),
        cmocka_unit_test(a_refused_page_ends_it),
        cmocka_unit_test(a_row_has_state_silence_queue_counts_and_topics),
        cmocka_unit_test(the_largest_come_first_if_that_is_asked_for),
        cmocka_unit_test(options_say_which_clients),
        cmocka_unit_test(no_more_than_the_limit_are_asked_for),
        cmocka_unit_test(nobody_is_an_empty_list),
        cmocka_unit_test(a_wrong_limit_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
