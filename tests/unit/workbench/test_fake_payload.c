#include "workbench.h"

/* What the plugin of the test does with a message. */
static enum sl_verdict (*answer)(const struct sl_host *host, struct sl_client *client,
                                 const struct sl_message *message);

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    return answer(self->host, client, message);
}

static enum sl_verdict send_hello(struct fake_result *result)
{
    situation_begin_host();
    struct fake_instance *instance = instance_with((struct sl_plugin){.on_message = on_message});
    struct sl_client *client = fake_client_create(NULL);
    fake_open(instance, client);
    enum sl_verdict verdict = fake_message(instance, client, SL_TEXT, "hello", 5, result);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
    return verdict;
}

static void send_to_wrong(void *argument)
{
    memcpy(&answer, argument, sizeof answer);
    send_hello(NULL);
}

static enum sl_verdict replace_twice(const struct sl_host *host, struct sl_client *client,
                                     const struct sl_message *message)
{
    const char *before = message->data;
    (void)client;
    REQUIRE(message->len == 5 && memcmp(message->data, "hello", 5) == 0);
    REQUIRE(host->message_replace(message, SL_TEXT, "\xff", 1) != 0);
    REQUIRE(message->data == before);
    REQUIRE(host->message_replace(message, SL_TEXT, "one", 3) == 0);
    REQUIRE(memcmp(before, "hello", 5) == 0); /* Lent until the hook returns. */
    REQUIRE(host->message_replace(message, SL_BINARY, "\0\1", 2) == 0);
    REQUIRE(message->type == SL_BINARY && message->len == 2);
    REQUIRE(host->message_topic(message, "news", 4) == 0);
    return SL_CONTINUE;
}

static void send_to_replace_twice(void *argument)
{
    struct fake_result result;
    (void)argument;
    answer = replace_twice;
    REQUIRE(send_hello(&result) == SL_CONTINUE);
    REQUIRE(result.type == SL_BINARY && result.len == 2 && memcmp(result.data, "\0\1", 2) == 0);
    REQUIRE(strcmp(result.topic, "news") == 0);
    fake_result_release(&result);
    REQUIRE(result.data == NULL);
}

static void a_message_may_be_replaced_and_sent_to_a_topic(void **state)
{
    (void)state;
    assert_passes(send_to_replace_twice, NULL);
}

static enum sl_verdict close_the_client(const struct sl_host *host, struct sl_client *client,
                                        const struct sl_message *message)
{
    (void)message;
    return host->close_with(client, 4001, "Enough");
}

static enum sl_verdict close_without_a_word(const struct sl_host *host, struct sl_client *client,
                                            const struct sl_message *message)
{
    (void)host, (void)client, (void)message;
    return SL_CLOSE;
}

static void send_to_close(void *argument)
{
    struct fake_result result;
    (void)argument;
    answer = close_the_client;
    REQUIRE(send_hello(&result) == SL_CLOSE);
    REQUIRE(result.code == 4001 && strcmp(result.reason, "Enough") == 0);
    fake_result_release(&result);
    answer = close_without_a_word;
    REQUIRE(send_hello(&result) == SL_CLOSE);
    REQUIRE(result.code == 1008 && result.reason[0] == '\0');
    fake_result_release(&result);
}

static void a_close_has_its_code_and_reason(void **state)
{
    (void)state;
    assert_passes(send_to_close, NULL);
}

static enum sl_verdict close_with_a_code_of_no_close(const struct sl_host *host,
                                                     struct sl_client *client,
                                                     const struct sl_message *message)
{
    (void)message;
    return host->close_with(client, 1006, "");
}

static enum sl_verdict replace_another_message(const struct sl_host *host, struct sl_client *client,
                                               const struct sl_message *message)
{
    struct sl_message other = *message;
    (void)client;
    host->message_replace(&other, SL_TEXT, "a", 1);
    return SL_CONTINUE;
}

static enum sl_verdict read_too_far(const struct sl_host *host, struct sl_client *client,
                                    const struct sl_message *message)
{
    (void)host, (void)client;
    return ((const volatile char *)message->data)[message->len] == 'x' ? SL_DROP : SL_CONTINUE;
}

static void wrong_uses_are_failures(void **state)
{
    static enum sl_verdict (*wrong)(const struct sl_host *, struct sl_client *,
                                    const struct sl_message *);
    (void)state;
    wrong = close_with_a_code_of_no_close;
    assert_fails(send_to_wrong, &wrong, "host->close_with was given code 1006");
    wrong = replace_another_message;
    assert_fails(send_to_wrong, &wrong,
                 "host->message_replace was called outside on_message and on_publish, or");
    wrong = read_too_far;
    assert_fails(send_to_wrong, &wrong, "on_message read or wrote past the end of the message");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_may_be_replaced_and_sent_to_a_topic),
        cmocka_unit_test(a_close_has_its_code_and_reason),
        cmocka_unit_test(wrong_uses_are_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
