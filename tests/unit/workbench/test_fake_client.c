#include "workbench.h"

/* What the plugin of the test does when a client is open. */
static void (*act)(struct sl_instance *self, struct sl_client *client);

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    act(self, client);
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    (void)request;
    REQUIRE(self->host->identify(self, client, "ada", 3) == 0);
    return SL_CONTINUE;
}

#define STATES                                                                                     \
    (struct sl_plugin){                                                                            \
        .on_connect = on_connect, .on_open = on_open, .instance_size = 8, .client_size = 8}

static struct sl_client *connect_from(struct fake_instance *instance, const char *address)
{
    struct sl_client *client = fake_client_at(address);
    REQUIRE(fake_connect(instance, client, NULL) == SL_CONTINUE);
    fake_open(instance, client);
    return client;
}

static void open_one(void *argument)
{
    memcpy(&act, argument, sizeof act);
    situation_begin_host();
    connect_from(instance_with(STATES), "192.0.2.1");
}

static void look_at_a_client(struct sl_instance *self, struct sl_client *client)
{
    static const uint8_t expected[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
    const struct sl_host *host = self->host;
    uint8_t bytes[16];
    host->client_address_bytes(client, bytes);
    REQUIRE(memcmp(bytes, expected, 16) == 0);
    REQUIRE(strncmp(host->client_address(client).data, "192.0.2.1", 9) == 0);
    REQUIRE(strncmp(host->client_endpoint(client).data, "/ws", 3) == 0);
    REQUIRE(strncmp(host->client_identity(client).data, "ada", 3) == 0);
    REQUIRE(host->client_id(client) == fake_client_number(client));
    REQUIRE(host->client_is_new(client));
    REQUIRE(host->identify(self, client, "eve", 3) != 0); /* It is open. */
    REQUIRE(fake_client_is_open(client));
    REQUIRE(strcmp(fake_client_name(client), "ada") == 0);
}

static void plugins_learn_who_a_client_is(void **state)
{
    void (*look)(struct sl_instance *, struct sl_client *) = look_at_a_client;
    (void)state;
    assert_passes(open_one, &look);
}

static void add_to_state(struct sl_instance *self, struct sl_client *client)
{
    int *state = self->host->client_state(self, client);
    REQUIRE(*state == 0);
    *state = 1;
    REQUIRE(self->host->client_state(self, client) == (void *)state);
}

static void open_two(void *argument)
{
    (void)argument;
    act = add_to_state;
    situation_begin_host();
    struct fake_instance *instance = instance_with(STATES);
    struct sl_client *first = connect_from(instance, "192.0.2.1");
    struct sl_client *second = connect_from(instance, "192.0.2.1");
    REQUIRE(fake_client_number(first) != fake_client_number(second));
    fake_client_destroy(first);
    fake_client_destroy(second);
    fake_instance_destroy(instance);
}

static void each_client_has_its_own_zeroed_state(void **state)
{
    (void)state;
    assert_passes(open_two, NULL);
}

static void write_behind_the_client_state(struct sl_instance *self, struct sl_client *client)
{
    ((char *)self->host->client_state(self, client))[8] = 1;
}

static void write_behind_the_instance_state(struct sl_instance *self, struct sl_client *client)
{
    (void)client;
    ((char *)self->state)[8] = 1;
}

static void ask_about_a_client_that_is_gone(struct sl_instance *self, struct sl_client *client)
{
    struct sl_client *other = fake_client_at("192.0.2.2");
    (void)client;
    fake_client_destroy(other);
    self->host->client_id(other);
}

static void wrong_uses_are_failures(void **state)
{
    void (*wrong)(struct sl_instance *, struct sl_client *) = write_behind_the_client_state;
    (void)state;
    assert_fails(open_one, &wrong, "on_open wrote past the end of the client state (8 bytes)");
    wrong = write_behind_the_instance_state;
    assert_fails(open_one, &wrong, "on_open wrote past the end of the instance state (8 bytes)");
    wrong = ask_about_a_client_that_is_gone;
    assert_fails(open_one, &wrong, "host->client_id was given a client that is gone");
}

static void addresses_of_both_families_are_understood(void **state)
{
    static const uint8_t expected[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    (void)state;
    fake_begin(NULL, false);
    struct fake_instance *instance = instance_with((struct sl_plugin){.flags = 0});
    const struct sl_host *host = fake_instance_seen(instance)->host;
    struct sl_client *client = fake_client_create(NULL);
    uint8_t bytes[16];
    assert_int_equal(host->client_address(client).len, strlen("127.0.0.1"));
    fake_client_move(client, "2001:db8::1");
    host->client_address_bytes(client, bytes);
    assert_memory_equal(bytes, expected, 16);
    fake_client_identify(client, "bob");
    assert_string_equal(fake_client_name(client), "bob");
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static void plugins_tell_each_other_about_a_client(void **state)
{
    struct sl_string found;
    (void)state;
    fake_begin(NULL, false);
    struct fake_instance *instance = instance_with((struct sl_plugin){.flags = 0});
    struct sl_instance *self = fake_instance_seen(instance);
    struct sl_client *client = fake_client_create(NULL);
    assert_false(self->host->attribute(client, "role", &found));
    fake_client_describe(client, "role", "user"); /* A plugin before this one has. */
    assert_true(self->host->attribute(client, "role", &found));
    assert_memory_equal(found.data, "user", found.len);
    assert_int_equal(self->host->attribute_set(self, client, "role", "admin", 5), 0);
    assert_int_not_equal(self->host->attribute_set(self, client, "", "admin", 5), 0);
    assert_string_equal(fake_client_attribute(client, "role"), "admin");
    assert_int_equal(self->host->attribute_set(self, client, "role", NULL, 0), 0);
    assert_null(fake_client_attribute(client, "role"));
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static unsigned frees;

static void count_free(struct sl_instance *self, struct sl_client *client)
{
    assert_string_equal(self->host->client_state(self, client), "mine");
    assert_false(fake_client_is_open(client));
    frees++;
}

static enum sl_verdict write_state(struct sl_instance *self, struct sl_client *client,
                                   struct sl_request *request)
{
    (void)request;
    memcpy(self->host->client_state(self, client), "mine", 5);
    return SL_CONTINUE;
}

static struct fake_instance *freeing_instance(void)
{
    fake_begin(NULL, false);
    frees = 0;
    return instance_with(
        (struct sl_plugin){.client_size = 8, .on_connect = write_state, .client_free = count_free});
}

static void a_client_s_state_is_freed_once_however_it_ends(void **state)
{
    struct fake_instance *instance = freeing_instance();
    struct sl_client *clients[3];
    (void)state;
    for (int i = 0; i < 3; i++)
        clients[i] = fake_client_create(NULL);
    for (int i = 1; i < 3; i++)
        assert_int_equal(fake_connect(instance, clients[i], NULL), SL_CONTINUE);
    fake_open(instance, clients[2]);
    fake_close(instance, clients[2], 1000, true);
    assert_int_equal(frees, 0);
    for (int i = 0; i < 3; i++)
        fake_client_destroy(clients[i]);
    assert_int_equal(frees, 2); /* The first one has not been shown to the plugin. */
    fake_instance_destroy(instance);
    assert_int_equal(frees, 2);
}

static void an_instance_that_ends_frees_the_states_of_clients_that_stay(void **state)
{
    struct fake_instance *instance = freeing_instance();
    struct sl_client *client = fake_client_create(NULL);
    (void)state;
    fake_connect(instance, client, NULL);
    fake_instance_destroy(instance);
    assert_int_equal(frees, 1);
    fake_client_destroy(client);
    assert_int_equal(frees, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_learn_who_a_client_is),
        cmocka_unit_test(each_client_has_its_own_zeroed_state),
        cmocka_unit_test(wrong_uses_are_failures),
        cmocka_unit_test(plugins_tell_each_other_about_a_client),
        cmocka_unit_test(a_client_s_state_is_freed_once_however_it_ends),
        cmocka_unit_test(an_instance_that_ends_frees_the_states_of_clients_that_stay),
        cmocka_unit_test(addresses_of_both_families_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
