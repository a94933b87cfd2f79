/* core/cli/trace.c: what it asks, and how it shows what is answered. */
#include "cli/commands.h"

#define BEGUN HTTP_ANSWER("200 OK", "{\"trace\":\"00ab\",\"clients\":1,\"for_ms\":5000}")
#define ENDED HTTP_ANSWER("200 OK", "{\"ended\":\"00ab\"}")
#define READING(records, lost, over)                                                               \
    HTTP_ANSWER("200 OK", "{\"records\":[" records "],\"lost\":" lost ",\"over\":" over "}")

#define OF "{\"time\":\"2026-01-02T03:04:05.678901Z\",\"client\":\"7\",\"event\":"
#define STEPS                                                                                      \
    "\"plugins\":[{\"instance\":\"quota#1\",\"verdict\":\"continue\",\"mode\":\"shadow\","         \
    "\"ns\":900},{\"instance\":\"auth#1\",\"verdict\":\"drop\",\"mode\":\"enforce\",\"ns\":0}]"
#define DROPPED                                                                                    \
    OF "\"received\",\"direction\":\"in\",\"type\":\"text\",\"bytes\":3," STEPS                    \
       ",\"outcome\":\"dropped\",\"payload\":\"a\\u001b\\n\",\"payload_cut\":true}"
#define DELIVERED                                                                                  \
    OF "\"resumed\",\"direction\":\"in\",\"type\":\"text\",\"bytes\":3,\"plugins\":[],"            \
       "\"outcome\":\"delivered\",\"receivers\":12,\"bytes_out\":4,\"topic\":\"news\"}"
#define SENT                                                                                       \
    OF "\"sent\",\"direction\":\"out\",\"type\":\"binary\",\"bytes\":2,\"compressed\":true,"       \
       "\"payload_base64\":\"AAE=\"}"
#define CLOSES                                                                                     \
    OF "\"received\",\"direction\":\"in\",\"type\":\"text\",\"bytes\":1,\"plugins\":[],"           \
       "\"outcome\":\"closed\",\"code\":1008,\"reason\":\"no\\u0007\"}"
#define GONE OF "\"closed\",\"code\":1000,\"reason\":\"bye\",\"by\":\"peer\"}"

#define AT "03:04:05.678901 7 "

static void each_event_is_a_line(void **state)
{
    struct command_run run;
    (void)state;
    run_command(
        &run, cli_trace, (struct cli_options){.argument = "7"},
        ANSWERS(BEGUN,
                READING(OF "\"opened\"}," DROPPED "," DELIVERED "," SENT "," CLOSES "," GONE, "5",
                        "true"),
                ENDED));
    assert_int_equal(run.status, 0);
    assert_string_equal(
        run.printed.out,
        AT "opened\n" AT "in  text 3 B  quota#1 continue (shadow) 900 ns, auth#1 drop  -> dropped\n"
           "    \"a\\x1b\\n\"...\n" AT
           "in  text 3 B resumed  -> delivered to 12 of topic \"news\" as 4 B\n" AT
           "out binary 2 B compressed\n    base64 AAE=\n" AT
           "in  text 1 B  -> closed 1008 \"no\\x07\"\n" AT "closed 1000 \"bye\" by the peer\n"
           "5 lost: they came faster than they were read\n");
    assert_string_equal(run.printed.error, "sluice trace: 1 client, for 5 s; Ctrl-C ends it\n"
                                           "sluice trace: 3 messages, 5 records lost\n");
    assert_non_null(strstr(run.admin.requests[1], "GET /api/v1/traces/00ab HTTP/1.1\r\n"));
    assert_non_null(strstr(run.admin.requests[2], "DELETE /api/v1/traces/00ab HTTP/1.1\r\n"));
}

static void options_are_passed_on(void **state)
{
    struct command_run run;
    (void)state;
    run_command(
        &run, cli_trace,
        (struct cli_options){
            .identity = "ann", .endpoint = "/ws", .duration = "5m", .payload = "100", .json = true},
        ANSWERS(BEGUN, READING(DROPPED, "2", "true"), ENDED));
    assert_string_equal(strstr(run.admin.requests[0], "\r\n\r\n") + 4,
                        "{\"identity\":\"ann\",\"endpoint\":\"/ws\",\"for\":\"5m\","
                        "\"payload\":100}");
    assert_string_equal(run.printed.out, DROPPED "\n{\"event\":\"lost\",\"records\":2}\n");
    assert_string_equal(run.printed.error, "");
    run_command(&run, cli_trace, (struct cli_options){.argument = "7", .payload = ""},
                ANSWERS(BEGUN, READING("", "0", "true"), ENDED));
    assert_string_equal(strstr(run.admin.requests[0], "\r\n\r\n") + 4,
                        "{\"client\":\"7\",\"payload\":256}");
}

static void count_is_of_messages(void **state)
{
    struct command_run run;
    (void)state;
    run_command(
        &run, cli_trace, (struct cli_options){.argument = "7", .count = "2"},
        ANSWERS(BEGUN,
                READING(OF "\"opened\"}," SENT "," DELIVERED "," SENT "," SENT, "0", "false"),
                ENDED));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.printed.out,
                        AT "opened\n" AT "out binary 2 B compressed\n    base64 AAE=\n" AT
                           "in  text 3 B resumed  -> delivered to 12 of topic \"news\" as 4 B\n" AT
                           "out binary 2 B compressed\n    base64 AAE=\n");
}

static void it_ends_when_nothing_can_be_printed(void **state)
{
    struct command_run run;
    (void)state;
    run_command_to(OUTPUT_IS_FULL, &run, cli_trace, (struct cli_options){.argument = "7"},
                   ANSWERS(BEGUN, READING(SENT, "0", "false"), ENDED));
    assert_int_equal(run.status, 0); /* cli_run's is another */
    assert_non_null(strstr(run.admin.requests[2], "DELETE /api/v1/traces/00ab HTTP/1.1\r\n"));
}

static void a_server_that_refuses_or_goes_is_an_error(void **state)
{
    struct command_run run;
    (void)state;
    run_command(&run, cli_trace, (struct cli_options){.argument = "7"},
                ANSWERS(HTTP_ANSWER("404 Not Found",
                                    "{\"error\":\"not found\",\"detail\":\"no client\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_non_null(strstr(run.printed.error, "no client"));
    run_command(&run, cli_trace, (struct cli_options){.argument = "7"},
                ANSWERS(BEGUN, HTTP_ANSWER("404 Not Found",
                                           "{\"error\":\"not found\",\"detail\":\"ended\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
}

static void what_makes_no_sense_is_not_sent(void **state)
{
    static const struct {
        struct cli_options options;
        const char *hint;
    } wrong[] = {
        {{.argument = NULL}, "say whom"},
        {{.argument = "7", .identity = "ann"}, "say whom"},
        {{.argument = "7", .endpoint = "/ws"}, "--endpoint goes with"},
        {{.argument = "7", .count = "0"}, "--count needs"},
        {{.argument = "7", .payload = "x"}, "--payload needs"},
        {{.argument = "7", .payload = "4097"}, "--payload needs"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_not_sent(cli_trace, wrong[i].options, wrong[i].hint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_a_line),
        cmocka_unit_test(options_are_passed_on),
        cmocka_unit_test(count_is_of_messages),
        cmocka_unit_test(it_ends_when_nothing_can_be_printed),
        cmocka_unit_test(a_server_that_refuses_or_goes_is_an_error),
        cmocka_unit_test(what_makes_no_sense_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
