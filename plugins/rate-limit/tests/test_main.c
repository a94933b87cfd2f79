#include "tests.h"

#include <string.h>

struct plugin *plugin;

int set_up(void **state)
{
    (void)state;
    fake_rewind();
    fake_forget();
    fake_fail_allocation(0);
    return 0;
}

struct fake_instance *instance_with(const char *options)
{
    struct fake_instance *instance = fake_instance_parse(plugin, options);
    if (instance == NULL)
        fail_msg("%s: %s", options, fake_failure());
    return instance;
}

void assert_refused(const char *options, const char *expected)
{
    struct fake_instance *instance = fake_instance_parse(plugin, options);
    if (instance != NULL)
        fail_msg("%s was accepted", options);
    if (strstr(fake_failure(), expected) == NULL)
        fail_msg("%s: expected \"%s\" in: %s", options, expected, fake_failure());
}

struct sl_client *open_client(struct fake_instance *instance, const char *address)
{
    struct sl_client *client = fake_client_at(address);
    assert_int_equal(fake_connect(instance, client, NULL), SL_CONTINUE);
    fake_open(instance, client);
    return client;
}

bool passes(struct fake_instance *instance, struct sl_client *client, size_t len)
{
    static const char zeros[1 << 20];
    assert_true(len <= sizeof zeros);
    enum sl_verdict verdict = fake_message(instance, client, SL_TEXT, zeros, len, NULL);
    assert_true(verdict == SL_CONTINUE || verdict == SL_DROP);
    return verdict == SL_CONTINUE;
}

unsigned pass_at_once(struct fake_instance *instance, struct sl_client *client, unsigned count)
{
    unsigned passed = 0;
    for (unsigned i = 0; i < count; i++)
        passed += passes(instance, client, 1);
    return passed;
}

int main(void)
{
    fake_begin(NULL, false);
    plugin = fake_plugin_load(PLUGIN_FILE);
    int failed = run_limit_tests() + run_shared_tests() + run_key_tests();
    fake_plugin_unload();
    return failed;
}
