#include "cli/commands.h"

#define DRAIN(endpoint, state, clients)                                                            \
    HTTP_ANSWER("200 OK",                                                                          \
                "{\"draining\":true,\"drains\":[{\"endpoint\":" endpoint ",\"state\":\"" state     \
                "\",\"clients\":" clients ",\"closed\":2,\"left_ms\":1500}]}")
#define STOPPED(count, draining, drains)                                                           \
    HTTP_ANSWER("200 OK",                                                                          \
                "{\"draining\":" draining ",\"drains\":[" drains "],\"stopped\":" count "}")
#define WHOLE                                                                                      \
    "{\"endpoint\":null,\"state\":\"closing\",\"clients\":3,\"closed\":2,\"left_ms\":1500}"
#define OTHER                                                                                      \
    "{\"endpoint\":\"/other\",\"state\":\"drained\",\"clients\":0,\"closed\":2,\"left_ms\":1500}"
#define NOTHING HTTP_ANSWER("200 OK", "{\"draining\":false,\"drains\":[]}")

static const char *body_of(const struct command_run *run)
{
    return strstr(run->admin.requests[0], "\r\n\r\n") + 4;
}

static void the_whole_server_is_meant_if_nothing_is_said(void **state)
{
    struct command_run run;
    (void)state;
    run_command(&run, cli_drain, (struct cli_options){0}, ANSWERS(DRAIN("null", "closing", "3")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "POST /api/v1/drain HTTP/1.1\r\n"));
    assert_string_equal(body_of(&run), "{}");
    assert_string_equal(run.printed.out,
                        "all endpoints: closing, 3 clients left, 2 closed, 1.5 s to go\n");
}

static void an_endpoint_and_a_pace_are_passed_on(void **state)
{
    struct command_run run;
    (void)state;
    const struct cli_options options = {.endpoint = "/ws", .over = "5m", .json = true};
    run_command(&run, cli_drain, options, ANSWERS(NOTHING));
    assert_string_equal(body_of(&run), "{\"endpoint\":\"/ws\",\"over\":\"5m\"}");
    assert_string_equal(run.printed.out, "{\"draining\":false,\"drains\":[]}\n");
}

static void stop_stops_and_takes_no_pace(void **state)
{
    struct command_run run;
    (void)state;
    run_command(&run, cli_drain, (struct cli_options){.stop = true},
                ANSWERS(STOPPED("2", "false", "")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "POST /api/v1/drain/stop HTTP/1.1\r\n"));
    assert_string_equal(run.printed.out, "stopped; new clients come in again\n");
    assert_int_equal(cli_drain(&(struct cli_options){.stop = true, .wait = true}), EXIT_USAGE);
    assert_int_equal(cli_drain(&(struct cli_options){.stop = true, .over = "1s"}), EXIT_USAGE);
}

static void a_stop_says_what_it_has_changed(void **state)
{
    static const struct cli_options stop = {.stop = true},
                                    stop_one = {.stop = true, .endpoint = "/ws"};
    struct command_run run;
    (void)state;
    run_command(&run, cli_drain, stop, ANSWERS(STOPPED("0", "false", "")));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.printed.out, "nothing was drained\n");
    run_command(&run, cli_drain, stop_one, ANSWERS(STOPPED("0", "false", OTHER)));
    assert_string_equal(run.printed.out,
                        "/ws was not drained\n/other: drained, 0 clients left, 2 closed\n");
    run_command(&run, cli_drain, stop_one, ANSWERS(STOPPED("1", "false", OTHER)));
    assert_string_equal(
        run.printed.out,
        "stopped; new clients come in again\n/other: drained, 0 clients left, 2 closed\n");
    run_command(&run, cli_drain, stop_one, ANSWERS(STOPPED("1", "true", WHOLE)));
    assert_string_equal(run.printed.out,
                        "stopped, but all endpoints are drained still\n"
                        "all endpoints: closing, 3 clients left, 2 closed, 1.5 s to go\n");
}

static void waiting_ends_when_the_drain_that_was_asked_for_has_ended(void **state)
{
    struct command_run run;
    (void)state;
    const struct cli_options options = {.endpoint = "/ws", .wait = true};
    run_command(&run, cli_drain, options,
                ANSWERS(DRAIN("\"/ws\"", "closing", "3"), DRAIN("\"/ws\"", "drained", "0")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[1], "GET /api/v1/drain HTTP/1.1\r\n"));
    assert_string_equal(run.printed.out, "/ws: drained, 0 clients left, 2 closed\n");
}

static void waiting_for_one_that_is_stopped_is_an_error(void **state)
{
    struct command_run run;
    (void)state;
    run_command(&run, cli_drain, (struct cli_options){.wait = true},
                ANSWERS(DRAIN("null", "closing", "3"), DRAIN("\"/ws\"", "closing", "3")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_non_null(strstr(run.printed.error, "the drain was stopped"));
}

static void a_refusal_is_an_error(void **state)
{
    struct command_run run;
    (void)state;
    run_command(&run, cli_drain, (struct cli_options){.wait = true},
                ANSWERS(HTTP_ANSWER("409 Conflict",
                                    "{\"error\":\"conflict\",\"detail\":\"it is stopping\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_non_null(strstr(run.printed.error, "it is stopping"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_server_is_meant_if_nothing_is_said),
        cmocka_unit_test(an_endpoint_and_a_pace_are_passed_on),
        cmocka_unit_test(stop_stops_and_takes_no_pace),
        cmocka_unit_test(a_stop_says_what_it_has_changed),
        cmocka_unit_test(waiting_ends_when_the_drain_that_was_asked_for_has_ended),
        cmocka_unit_test(waiting_for_one_that_is_stopped_is_an_error),
        cmocka_unit_test(a_refusal_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
