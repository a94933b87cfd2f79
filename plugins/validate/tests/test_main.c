#include "tests.h"

#include <stdio.h>
#include <string.h>

struct fake_plugin plugin;

static char reason[FAKE_TEXT_SIZE];

int set_up(void **state)
{
    (void)state;
    fake_log_clear();
    fake_fail_allocation(0);
    return 0;
}

struct fake_instance *instance_with(const char *options)
{
    struct fake_instance *instance = fake_instance_create(&plugin, options);
    if (instance == NULL)
        fail_msg("%s: %s", options, fake_error());
    return instance;
}

void assert_refused(const char *options, const char *expected)
{
    struct fake_instance *instance = fake_instance_create(&plugin, options);
    if (instance != NULL)
        fail_msg("%s was accepted", options);
    if (strstr(fake_error(), expected) == NULL)
        fail_msg("%s: expected \"%s\" in: %s", options, expected, fake_error());
    assert_int_equal(fake_live_allocations(), 0);
}

int send_bytes(struct fake_instance *instance, enum sl_message_type type, const char *data,
               size_t len)
{
    struct sl_client *client = fake_client_create("192.0.2.1");
    enum sl_verdict verdict = fake_message(instance, client, type, data, len);
    int outcome = client->close_code;
    snprintf(reason, sizeof reason, "%s", client->close_reason);
    assert_int_equal(client->sent, 0);
    fake_client_destroy(client);
    if (verdict == SL_DROP)
        return -1;
    assert_int_equal(verdict, outcome == 0 ? SL_CONTINUE : SL_CLOSE);
    return outcome;
}

int send_text(struct fake_instance *instance, const char *text)
{
    return send_bytes(instance, SL_TEXT, text, strlen(text));
}

const char *last_reason(void)
{
    return reason;
}

int main(void)
{
    fake_plugin_load(&plugin, PLUGIN_FILE);
    int failed = run_validate_tests() + run_json_tests();
    fake_plugin_unload(&plugin);
    return failed;
}
