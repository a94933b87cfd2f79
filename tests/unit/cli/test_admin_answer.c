#include "cli/admin_client.h"
#include "cli/commands.h"

static const struct admin_client_request request = {.method = "GET", .path = "/api/v1/count"};

/* Fetches and prints the answer, as a command. */
static int fetch_and_print(const struct cli_options *options)
{
    cJSON *answer = admin_client_fetch(options, &request);
    if (answer == NULL)
        return EXIT_WRONG;
    admin_client_print(answer);
    cJSON_Delete(answer);
    return 0;
}

static void an_answer_is_printed_as_one_line(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, fetch_and_print, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER("200 OK", "{\n  \"clients\": 3\n}\n")));
    assert_int_equal(run.status, 0);
    assert_string_equal(run.printed.out, "{\"clients\":3}\n");
    assert_string_equal(run.printed.error, "");
}

static void a_refusal_is_said_with_its_status(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, fetch_and_print, (struct cli_options){0},
                ANSWERS(HTTP_ANSWER("401 Unauthorized",
                                    "{\"error\": \"unauthorized\", \"detail\": \"a token\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.error,
                        "sluice: unauthorized: a token (HTTP 401)\n"
                        "sluice: name the file with the server's token with --token-file\n");
    assert_string_equal(run.printed.out, "");
}

static void a_token_that_is_not_the_servers_is_named(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, fetch_and_print, (struct cli_options){.token_file = "t"},
                ANSWERS(HTTP_ANSWER("401 Unauthorized", "{\"error\": \"e\", \"detail\": \"d\"}")));
    assert_string_equal(run.printed.error, "sluice: e: d (HTTP 401)\n"
                                           "sluice: the token in t is not the server's; name the "
                                           "right file with --token-file\n");
}

static void with_json_a_refusal_is_printed_as_it_is(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, fetch_and_print, (struct cli_options){.json = true},
                ANSWERS(HTTP_ANSWER("401 Unauthorized", "{\"error\": \"e\", \"detail\": \"d\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.out, "{\"error\":\"e\",\"detail\":\"d\"}\n");
    assert_string_equal(run.printed.error, "");
}

static void what_is_no_object_of_json_is_refused_too(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        int status;
    } cases[] = {{HTTP_ANSWER("404 Not Found", "<html>"), 404},
                 {HTTP_ANSWER("200 OK", "<html>"), 200},
                 {HTTP_ANSWER("502 Bad Gateway", "[]"), 502},
                 {HTTP_ANSWER("502 Bad Gateway", "{}"), 502}};
    char text[128];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct command_run run;
        snprintf(text, sizeof text,
                 "sluice: not an answer of the API: is this the admin listener? (HTTP %d)\n",
                 cases[i].status);
        run_command(&run, fetch_and_print, (struct cli_options){0}, ANSWERS(cases[i].answer));
        assert_int_equal(run.status, EXIT_WRONG);
        assert_string_equal(run.printed.error, text);
    }
}

static void members_that_are_missing_or_of_another_type_are_nothing(void **state)
{
    (void)state;
    cJSON *object = cJSON_Parse("{\"number\": 2.5, \"text\": \"t\"}");
    assert_true(admin_client_number(object, "number") == 2.5);
    assert_true(admin_client_number(object, "text") == 0);
    assert_true(admin_client_number(object, "other") == 0);
    assert_string_equal(admin_client_text(object, "text"), "t");
    assert_string_equal(admin_client_text(object, "number"), "");
    assert_string_equal(admin_client_text(object, "other"), "");
    assert_string_equal(admin_client_text(NULL, "text"), "");
    cJSON_Delete(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_printed_as_one_line),
        cmocka_unit_test(a_refusal_is_said_with_its_status),
        cmocka_unit_test(a_token_that_is_not_the_servers_is_named),
        cmocka_unit_test(with_json_a_refusal_is_printed_as_it_is),
        cmocka_unit_test(what_is_no_object_of_json_is_refused_too),
        cmocka_unit_test(members_that_are_missing_or_of_another_type_are_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
