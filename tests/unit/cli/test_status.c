#include "cli/commands.h"

#define COUNT HTTP_ANSWER("200 OK", "{\"clients\": 1, \"by_endpoint\": {\"/ws\": 1, \"/b\": 0}}")

static void shows_clients_and_what_instances_decided(void **state)
{
    (void)state;
    struct command_run run;
    run_command(
        &run, cli_status, (struct cli_options){0},
        ANSWERS(COUNT, HTTP_ANSWER(
                           "200 OK",
                           "{\"generation\": 4, \"endpoints\": [{\"path\": \"/ws\", \"pipeline\": ["
                           "{\"instance\": \"auth#0\", \"plugin\": \"auth\", \"version\": \"2\","
                           " \"mode\": \"shadow\", \"verdicts\": {\"continue\": 7, \"deny\": 0},"
                           " \"over_budget\": 1,"
                           " \"latency_ns\": {\"count\": 7, \"p50\": 850, \"p99\": 12300}},"
                           "{\"instance\": \"quota#1\", \"plugin\": \"quota\", \"version\": \"1\","
                           " \"mode\": \"enforce\", \"verdicts\": {},"
                           " \"latency_ns\": {\"count\": 0}}]}]}")));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "GET /api/v1/count "));
    assert_non_null(strstr(run.admin.requests[1], "GET /api/v1/pipeline "));
    assert_string_equal(run.printed.out,
                        "1 client, configuration 4\n"
                        "/ws: 1 client\n"
                        "  auth#0 (auth 2), shadow: continue 7, over budget 1; p50 850 ns p99 "
                        "12.3 us\n"
                        "  quota#1 (quota 1): over budget 0\n"
                        "/b: 0 clients\n");
}

static void shows_what_instances_have_to_do_with_each_other(void **state)
{
    (void)state;
    struct command_run run;
    run_command(
        &run, cli_status, (struct cli_options){0},
        ANSWERS(
            COUNT,
            HTTP_ANSWER(
                "200 OK",
                "{\"generation\": 4, \"awaited\": [{\"endpoint\": \"/b\", \"instance\": "
                "\"late#2\"}],"
                " \"endpoints\": [{\"path\": \"/ws\", \"pipeline\": ["
                "{\"instance\": \"a#1\", \"plugin\": \"a\", \"version\": \"1\", \"over_budget\": 0,"
                " \"provides\": [{\"name\": \"names\", \"version\": \"1.2\"}],"
                " \"finds\": [], \"listens\": []},"
                "{\"instance\": \"b#1\", \"plugin\": \"b\", \"version\": \"2\", \"over_budget\": 0,"
                " \"provides\": [], \"finds\": ["
                "{\"name\": \"names\", \"wanted\": \"1.0\", \"version\": \"1.2\", \"provider\": "
                "\"a#1\"},"
                "{\"name\": \"bills\", \"wanted\": \"2.0\"}],"
                " \"listens\": [\"gone\", \"evil\\u001b\"]}]}]}")));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.printed.out,
                        "1 client, configuration 4\n"
                        "a reload waits for late#2 of /b, whose create has not finished yet\n"
                        "/ws: 1 client\n"
                        "  a#1 (a 1): over budget 0\n"
                        "    provides names 1.2\n"
                        "  b#1 (b 2): over budget 0\n"
                        "    finds names 1.2 of a#1\n"
                        "    does not find bills 2.0\n"
                        "    listens to gone\n"
                        "    listens to evil?\n"
                        "/b: 0 clients\n");
}

static void says_what_the_start_waits_for(void **state)
{
    (void)state;
    struct command_run run;
    run_command(
        &run, cli_status, (struct cli_options){0},
        ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": 0, \"by_endpoint\": {}}"),
                HTTP_ANSWER("200 OK", "{\"generation\": 0, \"awaited\": [{\"endpoint\": \"/b\","
                                      " \"instance\": \"late#2\"}], \"endpoints\": []}")));
    assert_string_equal(run.printed.out,
                        "0 clients, configuration 0\n"
                        "the start waits for late#2 of /b, whose create has not finished yet\n");
}

static void in_json_both_answers_are_one(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_status, (struct cli_options){.json = true},
                ANSWERS(HTTP_ANSWER("200 OK", "{\"clients\": 1}"),
                        HTTP_ANSWER("200 OK", "{\"generation\": 4}")));
    assert_string_equal(run.printed.out, "{\"clients\":1,\"pipeline\":{\"generation\":4}}\n");
}

static void a_refusal_ends_it(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_status, (struct cli_options){0},
                ANSWERS(COUNT, HTTP_ANSWER("503 Service Unavailable", "{\"error\": \"busy\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.out, "");
    assert_string_equal(run.printed.error, "sluice: busy:  (HTTP 503)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_clients_and_what_instances_decided),
        cmocka_unit_test(shows_what_instances_have_to_do_with_each_other),
        cmocka_unit_test(says_what_the_start_waits_for),
        cmocka_unit_test(in_json_both_answers_are_one),
        cmocka_unit_test(a_refusal_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
