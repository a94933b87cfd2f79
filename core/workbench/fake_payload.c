/*
 * The message that on_message is shown, and what it may change about it.
 */
#include "workbench/fake_internal.h"

#include "delivery/topic.h"
#include "ws/frame.h"

#include <stdio.h>

#define MESSAGE_MAX ((size_t)1024 * 1024)

struct fake_payload *fake_payload_create(enum sl_message_type type, const char *data, size_t len)
{
    struct fake_payload *payload = fake_zalloc(sizeof *payload);
    payload->seen = borrowed_lend(NULL, sizeof *payload->seen, 16, "the message", &payload->loans);
    payload->seen->struct_size = sizeof *payload->seen;
    fake_payload_replace(payload, type, data, len);
    return payload;
}

/* What was lent before stays so until the hook returns, or its deferral is over. */
void fake_payload_replace(struct fake_payload *payload, enum sl_message_type type, const char *data,
                          size_t len)
{
    payload->seen->data = borrowed_lend(data, len, 1, "the message's data", &payload->loans);
    payload->seen->len = len;
    payload->seen->type = type;
}

void fake_payload_read(const struct fake_payload *payload, struct fake_result *result)
{
    const struct sl_message *seen = payload->seen;
    result->type = seen->type;
    result->len = seen->len;
    result->data = fake_zalloc(seen->len + 1);
    if (seen->len > 0)
        memcpy(result->data, seen->data, seen->len);
    snprintf(result->topic, sizeof result->topic, "%s", payload->topic);
}

void fake_payload_destroy(struct fake_payload *payload)
{
    borrowed_end(&payload->loans);
    free(payload);
}

/* -- what plugins may do with it -- */

static struct fake_payload *current_payload(const struct sl_message *message, const char *function)
{
    struct fake_payload *payload = fake_running.payload;
    if (payload == NULL || payload->seen != message)
        fake_fail("host->%s was called outside on_message, or with another message than the "
                  "hook's; a completion brings its replacement along",
                  function);
    return payload;
}

static int replace_message(const struct sl_message *message, enum sl_message_type type,
                           const char *data, size_t len)
{
    struct fake_payload *payload = current_payload(message, "message_replace");
    if (len > MESSAGE_MAX || !fake_is_sendable(type, data, len))
        return -1;
    fake_payload_replace(payload, type, data, len);
    return 0;
}

static int set_message_topic(const struct sl_message *message, const char *topic, size_t len)
{
    struct fake_payload *payload = current_payload(message, "message_topic");
    if (len > 0 && !topic_is_name(topic, len))
        return -1;
    snprintf(payload->topic, sizeof payload->topic, "%.*s", (int)len, topic);
    return 0;
}

static enum sl_verdict close_with(struct sl_client *client, int code, const char *reason)
{
    fake_check_client(client, "close_with");
    if (!close_code_may_be_sent(code))
        fake_fail("host->close_with was given code %d, which a server may not send; use 1000, "
                  "1001, 1003, 1007 to 1013 or 3000 to 4999",
                  code);
    if (fake_running.payload == NULL)
        fake_fail("host->close_with was called outside on_message; use host->close");
    struct fake_result *result = fake_running.result;
    result->code = code;
    snprintf(result->reason, sizeof result->reason, "%s", reason != NULL ? reason : "");
    return SL_CLOSE;
}

void fake_payload_provide(struct sl_host *host)
{
    host->message_replace = replace_message;
    host->message_topic = set_message_topic;
    host->close_with = close_with;
}
