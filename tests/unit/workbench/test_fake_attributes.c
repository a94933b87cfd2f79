#include "workbench.h"

static struct fake_instance *instance;
static struct sl_client *client;
static const struct sl_host *host;

static int begin(void **state)
{
    (void)state;
    fake_begin(NULL, false);
    instance = instance_with((struct sl_plugin){.flags = 0});
    host = fake_instance_seen(instance)->host;
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_instance_destroy(instance);
    return 0;
}

static int make_client(void **state)
{
    (void)state;
    client = fake_client_create(NULL);
    return 0;
}

static int free_client(void **state)
{
    (void)state;
    fake_client_destroy(client);
    return 0;
}

static int set(const char *name, const char *value)
{
    return host->attribute_set(fake_instance_seen(instance), client, name, value,
                               value != NULL ? strlen(value) : 0);
}

static void sets_replaces_and_removes(void **state)
{
    struct sl_string found;
    (void)state;
    assert_false(host->attribute(client, "role", &found));
    assert_int_equal(set("role", "user"), 0);
    assert_int_equal(set("tenant", "blue"), 0);
    assert_int_equal(set("role", "admin"), 0);
    assert_true(host->attribute(client, "role", &found));
    assert_int_equal(found.len, 5);
    assert_memory_equal(found.data, "admin", 5);
    assert_int_equal(set("role", NULL), 0);
    assert_false(host->attribute(client, "role", &found));
    assert_string_equal(fake_client_attribute(client, "tenant"), "blue");
    assert_null(fake_client_attribute(client, "role"));
}

static void names_and_values_have_bounds(void **state)
{
    char name[66], value[4097];
    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    assert_int_not_equal(set("", "x"), 0);
    assert_int_not_equal(set(name + 1, "x"), 0);
    assert_int_equal(set(name + 2, "x"), 0);
    assert_int_not_equal(set("x", value), 0);
    assert_int_equal(set("x", value + 1), 0);
}

static void plugins_before_may_have_said_something(void **state)
{
    struct sl_string found;
    (void)state;
    fake_client_describe(client, "role", "guest");
    assert_true(host->attribute(client, "role", &found));
    assert_memory_equal(found.data, "guest", 5);
    fake_client_describe(client, "role", "admin");
    assert_string_equal(fake_client_attribute(client, "role"), "admin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_replaces_and_removes, make_client, free_client),
        cmocka_unit_test_setup_teardown(names_and_values_have_bounds, make_client, free_client),
        cmocka_unit_test_setup_teardown(plugins_before_may_have_said_something, make_client,
                                        free_client),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
