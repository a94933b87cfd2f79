#include "tests.h"

#include <stdio.h>
#include <string.h>

struct plugin *plugin;

static char reason[256];

int set_up(void **state)
{
    (void)state;
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
    assert_int_equal(fake_live_allocations(), 0);
}

int send_bytes(struct fake_instance *instance, enum sl_message_type type, const char *data,
               size_t len)
{
    struct sl_client *client = fake_client_at("192.0.2.1");
    struct fake_result result;
    fake_open(instance, client);
    enum sl_verdict verdict = fake_message(instance, client, type, data, len, &result);
    int outcome = result.code;
    snprintf(reason, sizeof reason, "%s", result.reason);
    fake_result_release(&result);
    fake_client_destroy(client);
    assert_int_equal(fake_event_count(FAKE_SENT), 0);
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
    fake_begin(NULL, false);
    plugin = fake_plugin_load(PLUGIN_FILE);
    int failed = run_validate_tests() + run_json_tests();
    fake_plugin_unload();
    return failed;
}
