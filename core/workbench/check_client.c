#include "workbench/check_client.h"

#include "workbench/situation.h"

#include <string.h>

struct sl_client *check_client_open(struct fake_instance *instance, const struct subject *subject)
{
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    bool is_in = result.verdict == SL_CONTINUE;
    fake_result_release(&result);
    if (is_in) {
        fake_open(instance, client);
        return client;
    }
    fake_client_destroy(client);
    return NULL;
}

struct sl_client *check_client_open_or_skip(struct fake_instance *instance,
                                            const struct subject *subject)
{
    struct sl_client *client = check_client_open(instance, subject);
    if (client == NULL)
        situation_skip("the plugin lets nobody in; a scenario whose first step connects shows how");
    return client;
}

void check_client_leave(struct fake_instance *instance, struct sl_client *client)
{
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
}

bool check_client_send(struct fake_instance *instance, struct sl_client *client,
                       enum sl_message_type type, const char *data, size_t len)
{
    struct fake_result result;
    fake_message(instance, client, type, data, len, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    bool stays = result.verdict != SL_CLOSE;
    fake_result_release(&result);
    return stays;
}

bool check_client_send_text(struct fake_instance *instance, struct sl_client *client,
                            const char *text)
{
    return check_client_send(instance, client, SL_TEXT, text, strlen(text));
}

const char *const check_texts[CHECK_TEXT_COUNT] = {
    "hello",
    "{\"type\":\"chat\",\"text\":\"hello\"}",
    "{}",
    "[1,2,3]",
    "{\"subscribe\":\"news\"}",
    "\xf0\x9f\x98\x80 gr\xc3\xbc\xc3\x9f",
    "a b c d e f g",
    "-1",
    "null",
    " ",
};

void check_client_run(struct fake_instance *instance, const struct subject *subject)
{
    struct sl_client *client = check_client_open(instance, subject);
    if (client == NULL)
        return;
    bool stays = true;
    for (size_t i = 0; stays && i < CHECK_TEXT_COUNT; i++)
        stays = check_client_send_text(instance, client, check_texts[i]);
    if (stays)
        check_client_send(instance, client, SL_BINARY, "\0\xff\x80", 3);
    check_client_leave(instance, client);
}
