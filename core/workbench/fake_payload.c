/*
 * The message that on_message is shown, and what it may change about it.
 */
#include "workbench/fake_internal.h"

#include "ws/frame.h"

struct fake_payload *fake_payload_create(struct message *message)
{
    struct fake_payload *payload = fake_zalloc(sizeof *payload);
    payload->message = message;
    payload->seen = borrowed_lend(NULL, sizeof *payload->seen, 16, "the message", &payload->loans);
    fake_payload_refresh(payload);
    return payload;
}

/* What was lent before stays so until the hook returns, or its deferral is over. */
void fake_payload_refresh(struct fake_payload *payload)
{
    const struct sl_message *message = &payload->message->seen;
    *payload->seen = *message;
    payload->seen->data =
        borrowed_lend(message->data, message->len, 1, "the message's data", &payload->loans);
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
    fake_require_hook(function);
    if (payload == NULL || payload->seen != message)
        fake_fail("host->%s was called outside on_message and on_publish, or with another message "
                  "than the "
                  "hook's; a completion brings its replacement along",
                  function);
    return payload;
}

static int replace_message(const struct sl_message *message, enum sl_message_type type,
                           const char *data, size_t len)
{
    struct fake_payload *payload = current_payload(message, "message_replace");
    int error = message_replace(payload->message, type, data, len);
    fake_running.refused_payload = error == ERR_LIMIT     ? "it is longer than the largest message"
                                   : error != ERR_INVALID ? NULL
                                   : type == SL_TEXT      ? "it is no UTF-8"
                                                          : "its type is neither text nor binary";
    if (error != OK)
        return -1;
    fake_payload_refresh(payload);
    return 0;
}

static int set_message_topic(const struct sl_message *message, const char *topic, size_t len)
{
    struct fake_payload *payload = current_payload(message, "message_topic");
    if (payload->message->is_published)
        return -1;
    return message_set_topic(payload->message, topic, len) == OK ? 0 : -1;
}

static enum sl_verdict close_with(struct sl_client *client, int code, const char *reason)
{
    fake_check_client(client, "close_with");
    if (!close_code_may_be_sent(code))
        fake_fail("host->close_with was given code %d, which a server may not send; use 1000, "
                  "1001, 1003, 1007 to 1009, 1011 to 1013 or 3000 to 4999",
                  code);
    if (fake_running.payload == NULL || !fake_running.is_deciding)
        fake_fail("host->close_with was called outside on_message; use host->close");
    close_wish_set(&fake_running.payload->message->close, code, reason,
                   reason != NULL ? strlen(reason) : 0);
    return SL_CLOSE;
}

void fake_payload_provide(struct sl_host *host)
{
    host->message_replace = replace_message;
    host->message_topic = set_message_topic;
    host->close_with = close_with;
}
