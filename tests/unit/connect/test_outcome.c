#include "connect/outcome.h"

#include "printing.h"

#include <string.h>

static int reported(bool json, struct conversation *conversation, struct printed *printed)
{
    const struct cli_options options = {.command = "connect", .json = json};
    struct printing printing = printing_begin();
    int status = outcome_report(&options, conversation, "ws://x/ws");
    printing_end(&printing, printed);
    return status;
}

static void assert_reported(struct conversation conversation, int status, const char *error,
                            const char *json)
{
    struct printed printed;
    conversation.state = CONVERSATION_OVER;
    assert_int_equal(reported(false, &conversation, &printed), status);
    assert_string_equal(printed.out, "");
    assert_string_equal(printed.error, error);
    assert_int_equal(reported(true, &conversation, &printed), status);
    assert_string_equal(printed.out, json);
    assert_string_equal(printed.error, "");
}

static void what_was_asked_for_is_status_0(void **state)
{
    (void)state;
    assert_reported((struct conversation){.outcome = OUTCOME_ENDED, .code = 1000}, 0, "",
                    "{\"event\":\"closed\",\"by\":\"client\",\"code\":1000,\"reason\":\"\"}\n");
    assert_reported((struct conversation){.outcome = OUTCOME_CLOSED, .code = 1005}, 0,
                    "sluice connect: the server closed the connection\n",
                    "{\"event\":\"closed\",\"by\":\"server\",\"code\":1005,\"reason\":\"\"}\n");
    assert_reported((struct conversation){.outcome = OUTCOME_CLOSED, .code = 1000, .reason = "by"},
                    0, "sluice connect: the server closed the connection: 1000 by\n",
                    "{\"event\":\"closed\",\"by\":\"server\",\"code\":1000,\"reason\":\"by\"}\n");
}

static void another_code_is_status_5(void **state)
{
    (void)state;
    assert_reported(
        (struct conversation){.outcome = OUTCOME_CLOSED, .code = 4401, .reason = "o\x1b[m"}, 5,
        "sluice connect: the server closed the connection: 4401 o?[m\n",
        "{\"event\":\"closed\",\"by\":\"server\",\"code\":4401,\"reason\":\"o\\u001b[m\"}\n");
    assert_reported((struct conversation){.outcome = OUTCOME_LOST}, 5,
                    "sluice connect: the connection ended without a close frame\n",
                    "{\"error\":\"lost\",\"detail\":\"the connection ended without a close "
                    "frame\"}\n");
}

static void a_refusal_says_what_the_server_said(void **state)
{
    struct conversation conversation = {.outcome = OUTCOME_REFUSED,
                                        .response = {.status = 401, .phrase = "Unauthorized"}};
    (void)state;
    buffer_init(&conversation.input, 100);
    assert_int_equal(buffer_append(&conversation.input, "no\x1b token\r\nnone\r\n", 17), OK);
    assert_reported(conversation, 4,
                    "sluice connect: ws://x/ws: the upgrade was refused with 401 Unauthorized\n"
                    "  no\\x1b token\n"
                    "  none\n"
                    "  (it wants credentials, for example --header 'Authorization: Bearer "
                    "TOKEN')\n",
                    "{\"error\":\"refused\",\"detail\":\"ws://x/ws: the upgrade was refused with "
                    "401\",\"status\":401,\"body\":\"no\\u001b token\\r\\nnone\"}\n");
    buffer_release(&conversation.input);
}

static void redirections_are_shown_and_not_followed(void **state)
{
    (void)state;
    assert_reported((struct conversation){.outcome = OUTCOME_REFUSED,
                                          .response = {.status = 302, .location = "/\x07there"}},
                    4,
                    "sluice connect: ws://x/ws: the upgrade was refused with 302\n"
                    "  Location: /?there\n  (redirections are not followed)\n",
                    "{\"error\":\"refused\",\"detail\":\"ws://x/ws: the upgrade was refused with "
                    "302\",\"status\":302,\"body\":\"\",\"location\":\"/\\u0007there\"}\n");
}

static void a_redirection_does_not_show_the_query(void **state)
{
    (void)state;
    assert_reported(
        (struct conversation){
            .outcome = OUTCOME_REFUSED,
            .response = {.status = 308, .location = "wss://ann:secret@x/ws?token=secret"}},
        4,
        "sluice connect: ws://x/ws: the upgrade was refused with 308\n"
        "  Location: wss://x/ws\n  (redirections are not followed)\n",
        "{\"error\":\"refused\",\"detail\":\"ws://x/ws: the upgrade was refused with "
        "308\",\"status\":308,\"body\":\"\",\"location\":\"wss://x/ws\"}\n");
}

static void the_rest_are_errors(void **state)
{
    (void)state;
    assert_reported((struct conversation){.outcome = OUTCOME_NO_ANSWER}, 3,
                    "sluice connect: ws://x/ws: the upgrade was not answered\n",
                    "{\"error\":\"no_connection\",\"detail\":\"ws://x/ws: the upgrade was not "
                    "answered\"}\n");
    assert_reported((struct conversation){.outcome = OUTCOME_NO_ANSWER, .wrong = "it was reset"}, 3,
                    "sluice connect: ws://x/ws: the upgrade was not answered: it was reset\n",
                    "{\"error\":\"no_connection\",\"detail\":\"ws://x/ws: the upgrade was not "
                    "answered: it was reset\"}\n");
    assert_reported((struct conversation){.outcome = OUTCOME_BROKEN, .wrong = "it lies"}, 6,
                    "sluice connect: the server does not keep to the protocol: it lies\n",
                    "{\"error\":\"protocol\",\"detail\":\"the server does not keep to the "
                    "protocol: it lies\"}\n");
    assert_reported((struct conversation){.outcome = OUTCOME_NO_MEMORY}, 1,
                    "sluice connect: out of memory\n",
                    "{\"error\":\"no_memory\",\"detail\":\"out of memory\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_asked_for_is_status_0),
        cmocka_unit_test(another_code_is_status_5),
        cmocka_unit_test(a_refusal_says_what_the_server_said),
        cmocka_unit_test(redirections_are_shown_and_not_followed),
        cmocka_unit_test(a_redirection_does_not_show_the_query),
        cmocka_unit_test(the_rest_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
