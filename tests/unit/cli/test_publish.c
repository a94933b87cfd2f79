#include "cli/commands.h"

#define DELIVERED HTTP_ANSWER("200 OK", "{\"delivered_to\": 2}")

/* Publishes standard input, which holds these bytes. */
static void publish_input(struct command_run *run, const char *bytes, size_t len)
{
    FILE *file = tmpfile();
    int saved = dup(STDIN_FILENO);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    fseek(file, 0, SEEK_SET);
    dup2(fileno(file), STDIN_FILENO);
    clearerr(stdin);
    run_command(run, cli_publish, (struct cli_options){0}, ANSWERS(DELIVERED));
    dup2(saved, STDIN_FILENO);
    close(saved);
    fclose(file);
}

static const char *body_of(const struct command_run *run)
{
    return strstr(run->admin.requests[0], "\r\n\r\n") + 4;
}

static void a_text_goes_to_all_clients(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_publish, (struct cli_options){.argument = "h\"i"}, ANSWERS(DELIVERED));
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.admin.requests[0], "POST /api/v1/broadcast HTTP/1.1\r\n"));
    assert_string_equal(body_of(&run), "{\"text\":\"h\\\"i\"}");
    assert_string_equal(run.printed.out, "delivered to: 2\n");
}

static void an_endpoint_and_a_topic_are_named(void **state)
{
    (void)state;
    struct command_run run;
    const struct cli_options options = {
        .argument = "x", .endpoint = "/ws", .topic = "news", .json = true};
    run_command(&run, cli_publish, options, ANSWERS(DELIVERED));
    assert_string_equal(body_of(&run), "{\"endpoint\":\"/ws\",\"topic\":\"news\",\"text\":\"x\"}");
    assert_string_equal(run.printed.out, "{\"delivered_to\":2}\n");
}

static void standard_input_is_sent_as_it_is(void **state)
{
    (void)state;
    struct command_run run;
    publish_input(&run, "two\nlines\n", 10);
    assert_string_equal(body_of(&run), "{\"text\":\"two\\nlines\\n\"}");
    publish_input(&run, "", 0);
    assert_string_equal(body_of(&run), "{\"text\":\"\"}");
}

static void what_is_no_text_goes_as_base64(void **state)
{
    (void)state;
    struct command_run run;
    publish_input(&run, "\xff\xfe!", 3);
    assert_string_equal(body_of(&run), "{\"base64\":\"//4h\"}");
    publish_input(&run, "a\0b", 3);
    assert_string_equal(body_of(&run), "{\"base64\":\"YQBi\"}");
}

static void a_refusal_is_said(void **state)
{
    (void)state;
    struct command_run run;
    run_command(&run, cli_publish, (struct cli_options){.argument = "x"},
                ANSWERS(HTTP_ANSWER("404 Not Found",
                                    "{\"error\": \"not_found\", \"detail\": \"no endpoint\"}")));
    assert_int_equal(run.status, EXIT_WRONG);
    assert_string_equal(run.printed.error, "sluice: not_found: no endpoint (HTTP 404)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_goes_to_all_clients),
        cmocka_unit_test(an_endpoint_and_a_topic_are_named),
        cmocka_unit_test(standard_input_is_sent_as_it_is),
        cmocka_unit_test(what_is_no_text_goes_as_base64),
        cmocka_unit_test(a_refusal_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
