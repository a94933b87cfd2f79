#include "pipeline/message.h"

#include "base/utf8.h"
#include "pipeline/pipeline_loop.h"

#include <stdlib.h>
#include <string.h>

void message_init(struct message *message, size_t max_size, enum opcode opcode, const uint8_t *data,
                  size_t len)
{
    message->seen = (struct sl_message){.struct_size = sizeof message->seen,
                                        .type = opcode == OPCODE_BINARY ? SL_BINARY : SL_TEXT,
                                        .data = data != NULL ? (const char *)data : "",
                                        .len = len};
    message->max_size = max_size;
    message->stage = 0;
    message->replacement = NULL;
    message->topic = NULL;
    message->is_published = false;
    message->close.code = CLOSE_POLICY;
    message->close.reason[0] = '\0';
}

void message_deinit(struct message *message)
{
    free(message->replacement);
    free(message->topic);
    message->replacement = NULL;
    message->topic = NULL;
}

struct message *message_take(struct pipeline_loop *loop)
{
    struct message *message = loop->spare_message;
    loop->spare_message = NULL;
    return message != NULL ? message : malloc(sizeof *message);
}

void message_release(struct pipeline_loop *loop, struct message *message)
{
    message_deinit(message);
    message_put_back(loop, message);
}

void message_put_back(struct pipeline_loop *loop, struct message *message)
{
    if (loop->spare_message == NULL)
        loop->spare_message = message;
    else
        free(message);
}

int message_keep(struct message *message)
{
    if (message->replacement != NULL)
        return OK;
    char *copy = malloc(message->seen.len + 1);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    memcpy(copy, message->seen.data, message->seen.len);
    copy[message->seen.len] = '\0';
    message->replacement = copy;
    message->seen.data = copy;
    return OK;
}

int message_set_topic(struct message *message, const char *topic, size_t len)
{
    char *copy = NULL;
    if (len > 0) {
        copy = strndup(topic, len);
        if (copy == NULL)
            return ERR_NO_MEMORY;
    }
    free(message->topic);
    message->topic = copy;
    return OK;
}

void close_wish_set(struct close_wish *wish, int code, const char *reason, size_t len)
{
    wish->code = close_code_may_be_sent(code) ? (uint16_t)code : CLOSE_POLICY;
    /* A close reason must be UTF-8 (RFC 6455, section 5.5.1); one that is not is left out. */
    bool is_text = reason != NULL && utf8_is_valid(reason, len);
    len = is_text ? utf8_cut(reason, len, CLOSE_REASON_MAX) : 0;
    if (reason != NULL && len > 0)
        memcpy(wish->reason, reason, len);
    wish->reason[len] = '\0';
}

int message_replace(struct message *message, enum sl_message_type type, const char *data,
                    size_t len)
{
    if (len > message->max_size)
        return ERR_LIMIT;
    if (type != SL_TEXT && type != SL_BINARY)
        return ERR_INVALID;
    if (type == SL_TEXT && !utf8_is_valid(data, len))
        return ERR_INVALID;
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    if (len > 0)
        memcpy(copy, data, len); /* `data` may point into the old payload, freed below. */
    copy[len] = '\0';
    free(message->replacement);
    message->replacement = copy;
    message->seen.type = type;
    message->seen.data = copy;
    message->seen.len = len;
    return OK;
}
