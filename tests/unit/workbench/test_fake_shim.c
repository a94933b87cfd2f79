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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hooks_return_the_verdicts_that_they_may),
        cmocka_unit_test(other_verdicts_are_failures),
        cmocka_unit_test(even_zeros_behind_the_state_are_noticed),
        cmocka_unit_test(wrong_verdicts_may_be_left_to_the_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
