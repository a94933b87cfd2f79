#include "workbench.h"

static int returned; /* by the hooks of the test's plugin */

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    (void)self, (void)client, (void)request;
    return (enum sl_verdict)returned;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    (void)self, (void)client, (void)message;
    return (enum sl_verdict)returned;
}

#define HOOKS                                                                                      \
    (struct sl_plugin)                                                                             \
    {                                                                                              \
        .on_connect = on_connect, .on_message = on_message                                         \
    }

static void connect_one(void *argument)
{
    struct fake_result result;
    situation_begin_host();
    struct fake_instance *instance = instance_with(HOOKS);
    struct sl_client *client = fake_client_create(NULL);
    returned = *(int *)argument;
    REQUIRE(fake_connect(instance, client, &result) == (enum sl_verdict)returned);
    REQUIRE(result.verdict == (enum sl_verdict)returned);
    REQUIRE((result.code == 403) == (returned == SL_DENY));
}

static void send_one(void *argument)
{
    struct fake_result result;
    situation_begin_host();
    struct fake_instance *instance = instance_with(HOOKS);
    struct sl_client *client = fake_client_create(NULL);
    fake_open(instance, client);
    returned = *(int *)argument;
    REQUIRE(fake_message(instance, client, SL_TEXT, "a", 1, &result) == (enum sl_verdict)returned);
    REQUIRE((result.code == 1008) == (returned == SL_CLOSE));
}

static void hooks_return_the_verdicts_that_they_may(void **state)
{
    static int of_connect[] = {SL_CONTINUE, SL_DENY, SL_ERROR};
    static int of_message[] = {SL_CONTINUE, SL_DROP, SL_HANDLED, SL_CLOSE, SL_ERROR};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        assert_passes(connect_one, &of_connect[i]);
    for (size_t i = 0; i < 5; i++)
        assert_passes(send_one, &of_message[i]);
}

static void other_verdicts_are_failures(void **state)
{
    static int of_connect[] = {SL_DROP, SL_HANDLED, SL_CLOSE, 17, -2};
    static int of_message[] = {SL_DENY, 6, -3};
    static int deferred = SL_DEFER;
    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_fails(connect_one, &of_connect[i], "it may return SL_CONTINUE, SL_DENY, SL_ERROR");
    for (size_t i = 0; i < 3; i++)
        assert_fails(send_one, &of_message[i], "it may return SL_CONTINUE, SL_DROP, SL_HANDLED");
    assert_fails(connect_one, &deferred, "on_connect returned SL_DEFER without host->defer");
    assert_fails(send_one, &deferred, "on_message returned SL_DEFER without host->defer");
}

static int write_behind_the_state(struct sl_instance *self)
{
    ((char *)self->state)[4] = 0;
    return 0;
}

static void create_one(void *argument)
{
    (void)argument;
    situation_begin_host();
    instance_with((struct sl_plugin){.create = write_behind_the_state, .instance_size = 4});
}

static void even_zeros_behind_the_state_are_noticed(void **state)
{
    (void)state;
    assert_fails(create_one, NULL, "create wrote past the end of the instance state (4 bytes)");
}

static void return_what_it_may_not(void *argument)
{
    struct fake_result result;
    (void)argument;
    situation_begin_host();
    fake_allow_any_verdict();
    struct fake_instance *instance = instance_with(HOOKS);
    struct sl_client *client = fake_client_create(NULL);
    returned = SL_CLOSE;
    REQUIRE(fake_connect(instance, client, &result) == SL_ERROR);
    fake_open(instance, client);
    returned = SL_DEFER;
    REQUIRE(fake_message(instance, client, SL_TEXT, "a", 1, NULL) == SL_ERROR);
}

static void wrong_verdicts_may_be_left_to_the_server(void **state)
{
    (void)state;
    assert_passes(return_what_it_may_not, NULL);
}

/* -- topics -- */

static const char *mistake; /* of the topic hooks */

static enum sl_verdict on_subscribe(struct sl_instance *self, struct sl_client *client,
                                    const char *topic, size_t len)
{
    (void)self, (void)topic, (void)len;
    if (strcmp(mistake, "subscribe") == 0)
        self->host->subscribe(client, "a", 1);
    return strcmp(mistake, "verdict") == 0 ? SL_HANDLED : SL_CONTINUE;
}

static enum sl_verdict on_publish(struct sl_instance *self, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message)
{
    (void)self, (void)topic, (void)len;
    if (strcmp(mistake, "publish") == 0)
        self->host->publish(self, NULL, "a", 1, SL_TEXT, "a", 1);
    if (strcmp(mistake, "defer") == 0)
        return self->host->defer(self, origin, NULL, &(struct sl_ticket){0});
    if (strcmp(mistake, "payload") == 0 || strcmp(mistake, "mended") == 0)
        self->host->message_replace(message, SL_TEXT, "\xff", 1);
    if (strcmp(mistake, "mended") == 0)
        self->host->message_replace(message, SL_TEXT, "mended", 6);
    return SL_CONTINUE;
}

static void use_topic(void *argument)
{
    situation_begin_host();
    struct fake_instance *instance =
        instance_with((struct sl_plugin){.on_subscribe = on_subscribe, .on_publish = on_publish});
    struct sl_client *client = fake_client_create(NULL);
    mistake = argument;
    fake_open_for_others(instance, client);
    REQUIRE(fake_subscribe(client, "news") == SL_CONTINUE);
    REQUIRE(fake_publish(instance, client, "news", SL_TEXT, "a", 1, NULL) == SL_CONTINUE);
}

static void topic_hooks_do_only_what_they_may(void **state)
{
    (void)state;
    assert_passes(use_topic, "none");
    assert_passes(use_topic, "mended");
    assert_fails(use_topic, "verdict", "on_subscribe returned 2 (SL_HANDLED); it may return");
    assert_fails(use_topic, "subscribe", "nobody can be subscribed in on_subscribe");
    assert_fails(use_topic, "publish", "nothing can be published to topics in on_publish");
    assert_fails(use_topic, "defer",
                 "host->defer was called outside on_connect, on_open and on_message");
    assert_fails(use_topic, "payload", "since it is no UTF-8, and then returned SL_CONTINUE");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_return_the_verdicts_that_they_may),
        cmocka_unit_test(other_verdicts_are_failures),
        cmocka_unit_test(even_zeros_behind_the_state_are_noticed),
        cmocka_unit_test(wrong_verdicts_may_be_left_to_the_server),
        cmocka_unit_test(topic_hooks_do_only_what_they_may),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
