/* core/cli/events.c: what it asks, and how it shows what is answered. */
#include "cli/commands.h"

#define READING(events, missed, more)                                                              \
    HTTP_ANSWER("200 OK", "{\"events\":[" events "],\"next\":\"17\",\"missed\":" missed            \
                          ",\"more\":" more "}")
#define OF "{\"id\":\"17\",\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"warn\","
#define KICKED                                                                                     \
    OF "\"module\":\"client\",\"message\":\"go\\u001b\",\"event\":\"client_kicked\","              \
       "\"client\":\"7\",\"code\":4001,\"reason\":\"a \\\"b\\\"\",\"identity\":\"\",\"cut\":true}"

static void an_event_is_a_line_as_in_the_log(void **state)
{
    struct command_run run;
    (void)state;
    run_command(&run, cli_events, (struct cli_options){.argument = "7"},
                ANSWERS(READING(KICKED, "0", "false")));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.printed.out, "2026-01-02T03:04:05.678Z warn  client: go? "
                                         "event=client_kicked client=7 code=4001 "
                                         "reason=\"a \\\"b\\\"\" identity=\"\" cut=1\n");
    assert_non_null(
        strstr(run.admin.requests[0], "GET /api/v1/events?limit=20&client=7 HTTP/1.1\r\n"));
}

static void what_was_missed_is_said(void **state)
{
    struct command_run run;
    (void)state;
    run_command(&run, cli_events,
                (struct cli_options){.json = true, .event = "client kicked", .count = "500"},
                ANSWERS(READING(KICKED, "3", "false")));
    assert_string_equal(run.printed.out, "{\"event\":\"missed\",\"events\":3}\n" KICKED "\n");
    assert_non_null(strstr(run.admin.requests[0],
                           "GET /api/v1/events?limit=500&event=client%20kicked HTTP/1.1\r\n"));
}

static void following_goes_on_behind_the_cursor_until_the_server_is_gone(void **state)
{
    struct command_run run;
    (void)state;
    run_command(
        &run, cli_events, (struct cli_options){.follow = true},
        ANSWERS(READING("", "0", "true"), READING(KICKED, "0", "true"),
                HTTP_ANSWER("401 Unauthorized", "{\"error\":\"unauthorized\",\"detail\":\"no\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_non_null(strstr(run.printed.out, "client_kicked"));
    assert_non_null(
        strstr(run.admin.requests[1], "GET /api/v1/events?limit=500&after=17 HTTP/1.1\r\n"));
}

static void following_ends_when_nothing_can_be_printed(void **state)
{
    struct command_run run;
    (void)state;
    run_command_to(OUTPUT_IS_FULL, &run, cli_events, (struct cli_options){.follow = true},
                   ANSWERS(READING(KICKED, "0", "true")));
    assert_int_equal(run.status, 0); /* cli_run's is another */
}

static void what_is_no_number_of_events_is_refused(void **state)
{
    (void)state;
    assert_not_sent(cli_events, (struct cli_options){.count = "0"}, "--count");
    assert_not_sent(cli_events, (struct cli_options){.count = "501"}, "1 to 500");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_is_a_line_as_in_the_log),
        cmocka_unit_test(what_was_missed_is_said),
        cmocka_unit_test(following_goes_on_behind_the_cursor_until_the_server_is_gone),
        cmocka_unit_test(following_ends_when_nothing_can_be_printed),
        cmocka_unit_test(what_is_no_number_of_events_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
