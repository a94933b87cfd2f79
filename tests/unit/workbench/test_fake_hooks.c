#include "workbench.h"

static int returned; /* by the hooks of the test's plugin */
static int opened, closed_with;

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

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    (void)self, (void)client;
    opened++;
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    (void)self, (void)client;
    closed_with = how->by_peer ? how->code : -how->code;
}

#define HOOKS                                                                                      \
    (struct sl_plugin)                                                                             \
    {                                                                                              \
        .on_connect = on_connect, .on_message = on_message, .on_open = on_open,                    \
        .on_close = on_close                                                                       \
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

static void a_hook_that_a_plugin_does_not_have_continues(void **state)
{
    struct fake_result result;
    (void)state;
    fake_begin(NULL, false);
    struct fake_instance *instance = instance_with((struct sl_plugin){.flags = 0});
    struct sl_client *client = fake_client_create(NULL);
    assert_int_equal(fake_connect(instance, client, &result), SL_CONTINUE);
    fake_open(instance, client);
    assert_int_equal(fake_message(instance, client, SL_TEXT, "a", 1, &result), SL_CONTINUE);
    fake_result_release(&result);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void clients_open_and_close(void **state)
{
    (void)state;
    fake_begin(NULL, false);
    struct fake_instance *instance = instance_with(HOOKS);
    struct sl_client *client = fake_client_create(NULL);
    fake_open(instance, client);
    assert_int_equal(opened, 1);
    assert_true(fake_client_is_open(client));
    fake_close(instance, client, 1001, false);
    assert_int_equal(closed_with, -1001);
    assert_false(fake_client_is_open(client));
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_return_the_verdicts_that_they_may),
        cmocka_unit_test(other_verdicts_are_failures),
        cmocka_unit_test(a_hook_that_a_plugin_does_not_have_continues),
        cmocka_unit_test(clients_open_and_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
