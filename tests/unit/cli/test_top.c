/* core/cli/top.c: what it asks, when it ends, and its errors. */
#include "cli/commands.h"
#include "cli/top_pages.h"

#include <cjson/cJSON.h>

#define PAGE(text) "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n" text

static const struct cli_options once = {.once = true, .interval = "100ms"};

static void one_interval_takes_two_pages_and_the_largest_queues(void **state)
{
    struct command_run run;
    (void)state;
    run_command(
        &run, cli_top, once,
        ANSWERS(PAGE(TOP_PAGE_BEFORE), HTTP_ANSWER("200 OK", TOP_CLIENTS), PAGE(TOP_PAGE_AFTER)));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "GET /metrics HTTP/1.1\r\n"));
    assert_non_null(
        strstr(run.admin.requests[1], "GET /api/v1/clients?sort=queue&limit=10 HTTP/1.1\r\n"));
    assert_non_null(strstr(run.printed.out, "sluice top: 12 clients, configuration 3, "));
    assert_non_null(strstr(run.printed.out, "\ndear#1 "));
    assert_null(strstr(run.printed.out, "\033"));
}

static void json_is_a_line_for_each_interval(void **state)
{
    struct command_run run;
    struct cli_options options = once;
    (void)state;
    options.json = true;
    run_command(
        &run, cli_top, options,
        ANSWERS(PAGE(TOP_PAGE_BEFORE), HTTP_ANSWER("200 OK", TOP_CLIENTS), PAGE(TOP_PAGE_AFTER)));
    cJSON *line = cJSON_Parse(run.printed.out);
    assert_non_null(line);
    assert_int_equal(cJSON_GetObjectItem(line, "clients")->valueint, 12);
    assert_ptr_equal(strchr(run.printed.out, '\n'), run.printed.out + strlen(run.printed.out) - 1);
    cJSON_Delete(line);
}

static void it_ends_when_nothing_can_be_printed(void **state)
{
    struct command_run run;
    (void)state;
    run_command_to(
        OUTPUT_IS_FULL, &run, cli_top, (struct cli_options){.interval = "100ms"},
        ANSWERS(PAGE(TOP_PAGE_BEFORE), HTTP_ANSWER("200 OK", TOP_CLIENTS), PAGE(TOP_PAGE_AFTER)));
    assert_int_equal(run.status, 0); /* cli_run's is another */
}

static void a_server_that_refuses_or_goes_is_an_error(void **state)
{
    static const char refused[] =
        HTTP_ANSWER("403 Forbidden", "{\"error\":\"forbidden\",\"detail\":\"no\"}");
    struct command_run run;
    (void)state;
    run_command(&run, cli_top, once, ANSWERS(refused));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_non_null(strstr(run.printed.error, "does not show its metrics (HTTP 403)"));
    run_command(&run, cli_top, once, ANSWERS(PAGE(TOP_PAGE_BEFORE), refused));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_non_null(strstr(run.printed.error, "forbidden: no (HTTP 403)"));
    run_command(&run, cli_top, once,
                ANSWERS(PAGE(TOP_PAGE_BEFORE), HTTP_ANSWER("200 OK", TOP_CLIENTS), ""));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_non_null(strstr(run.printed.error, "gave no answer"));
    assert_string_equal(run.printed.out, "");
}

static void what_makes_no_sense_is_not_sent(void **state)
{
    static const struct {
        struct cli_options options;
        const char *hint;
    } wrong[] = {
        {{.interval = "x"}, "--interval needs"},        {{.interval = "99ms"}, "--interval needs"},
        {{.interval = "61m"}, "--interval needs"},      {{.count = "0"}, "--count needs"},
        {{.count = "2", .once = true}, "--once means"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_not_sent(cli_top, wrong[i].options, wrong[i].hint);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_interval_takes_two_pages_and_the_largest_queues),
        cmocka_unit_test(json_is_a_line_for_each_interval),
        cmocka_unit_test(it_ends_when_nothing_can_be_printed),
        cmocka_unit_test(a_server_that_refuses_or_goes_is_an_error),
        cmocka_unit_test(what_makes_no_sense_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
