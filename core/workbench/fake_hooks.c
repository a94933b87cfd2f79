/*
 * Driving the server's own chain: a client's connect, open, messages and close, and what they have
 * led to.
 */
#include "workbench/fake_internal.h"

#include "delivery/topic.h"
#include "pipeline/chain_open.h"
#include "pipeline/chain_topics.h"
#include "pipeline/deferral.h"
#include "pipeline/pipeline.h"

#include <stdio.h>

void fake_result_release(struct fake_result *result)
{
    free(result->data);
    *result = (struct fake_result){.data = NULL};
}

/* Hands a result on, or frees it. */
static enum sl_verdict give_result(struct fake_result *result, struct fake_result *wanted)
{
    enum sl_verdict verdict = result->verdict;
    if (wanted != NULL)
        *wanted = *result;
    else
        free(result->data);
    return verdict;
}

/* -- connect -- */

/* The refusal's lines, without their carriage returns. */
static void copy_headers(char *out, const char *headers)
{
    for (; *headers != '\0'; headers++)
        if (*headers != '\r')
            *out++ = *headers;
    *out = '\0';
}

static void read_upgrade(const struct upgrade *upgrade, struct fake_result *result)
{
    const char *subprotocol = upgrade_subprotocol(upgrade);
    snprintf(result->subprotocol, sizeof result->subprotocol, "%s",
             subprotocol != NULL ? subprotocol : "");
    if (result->verdict == SL_CONTINUE || result->verdict == SL_DEFER)
        return;
    result->code = upgrade->status;
    snprintf(result->reason, sizeof result->reason, "%s", upgrade->reason);
    copy_headers(result->headers, upgrade->headers);
}

/* What the connect chain has led to, if it may end there. */
static struct fake_result end_connect(struct fake_client *client, enum chain_result end)
{
    while (end == CHAIN_STOPPED && client->is_let_in)
        end = chain_connect(&client->seen, client->upgrade);
    struct fake_result result = {.verdict = end == CHAIN_PASSED           ? SL_CONTINUE
                                            : end == CHAIN_DEFERRED       ? SL_DEFER
                                            : client->returned == SL_DENY ? SL_DENY
                                                                          : SL_ERROR};
    read_upgrade(client->upgrade, &result);
    if (end == CHAIN_DEFERRED)
        return result;
    upgrade_unref(client->upgrade);
    client->upgrade = NULL;
    return result;
}

enum sl_verdict fake_connect(struct fake_instance *instance, struct sl_client *seen,
                             struct fake_result *wanted)
{
    struct fake_client *client = fake_client_of(seen);
    seen->chain = instance->chain;
    seen->is_connecting = true;
    client->upgrade = fake_make_upgrade(client);
    enum chain_result end = chain_connect(seen, client->upgrade);
    struct fake_result result = end_connect(client, end);
    return give_result(&result, wanted);
}

/* -- open and close -- */

void fake_open_for_others(struct fake_instance *instance, struct sl_client *client)
{
    client->chain = instance->chain;
    client->is_connecting = false;
    client->is_open = true;
    for (size_t i = 0; i < instance->chain->count; i++)
        fake_lend_client(instance->chain->stages[i].instance, client);
}

enum sl_verdict fake_open(struct fake_instance *instance, struct sl_client *client)
{
    fake_open_for_others(instance, client);
    return chain_open(client) == CHAIN_DEFERRED ? SL_DEFER : SL_CONTINUE;
}

bool fake_is_opening(const struct sl_client *client)
{
    return fake_is_deferred(client) && client->is_open && client->more != NULL &&
           client->more->opening != NULL;
}

/* What the open hooks have led to, if they may end there. */
static struct fake_result end_open(struct fake_client *client, enum chain_result end)
{
    while (end == CHAIN_STOPPED && client->is_let_in)
        end = chain_open_resume(&client->seen, SL_CONTINUE);
    struct fake_result result = {.verdict = end == CHAIN_PASSED ? SL_CONTINUE
                                            : end == CHAIN_DEFERRED
                                                ? SL_DEFER
                                                : (enum sl_verdict)client->returned,
                                 .type = SL_TEXT};
    if (end != CHAIN_STOPPED)
        return result;
    const struct close_wish *close = &client->seen.more->opening->close;
    result.code = close->code;
    snprintf(result.reason, sizeof result.reason, "%s", close->reason);
    return result;
}

void fake_close(struct fake_instance *instance, struct sl_client *client, int code, bool by_peer)
{
    struct sl_close how = {.struct_size = sizeof how,
                           .code = (uint16_t)code,
                           .by_peer = by_peer,
                           .reason = {.data = "", .len = 0}};
    client->chain = instance->chain;
    client->is_open = false;
    chain_close(client, &how);
}

/* -- messages -- */

static void read_message(const struct message *message, struct fake_result *result)
{
    result->type = message->seen.type;
    result->len = message->seen.len;
    result->data = fake_zalloc(result->len + 1);
    if (result->len > 0)
        memcpy(result->data, message->seen.data, result->len);
    snprintf(result->topic, sizeof result->topic, "%s",
             message->topic != NULL ? message->topic : "");
    if (result->verdict != SL_CLOSE)
        return;
    result->code = message->close.code;
    snprintf(result->reason, sizeof result->reason, "%s", message->close.reason);
}

/* The message that the client's verdict is awaited for. */
static struct message *deferred_message(const struct sl_client *client)
{
    struct deferral *deferral = client->more->deferrals;
    while (!deferral->is_attached)
        deferral = deferral->next;
    return deferral->message;
}

/* A message that goes to a topic meets on_publish, as in the server. */
static bool may_go_to_topic(struct sl_client *client, struct message *message)
{
    return message->topic == NULL ||
           fake_lets_publish(client, client, NULL, fake_string(message->topic), message);
}

/* What the message chain has led to; releases the message unless it is deferred. */
static struct fake_result end_message(struct fake_client *client, enum chain_result end,
                                      struct message *message, enum sl_verdict decided)
{
    const struct chain *chain = client->seen.chain;
    struct fake_result result = {.verdict = end == CHAIN_PASSED     ? SL_CONTINUE
                                            : end == CHAIN_DEFERRED ? SL_DEFER
                                                                    : decided};
    if (end == CHAIN_PASSED && !may_go_to_topic(&client->seen, message))
        result.verdict = SL_DENY;
    if (end == CHAIN_STOPPED)
        result.by = &chain->on_message[message->stage - 1]->instance->seen;
    read_message(end == CHAIN_DEFERRED ? deferred_message(&client->seen) : message, &result);
    if (end != CHAIN_DEFERRED)
        message_release(chain_loop_of(&client->seen), message);
    return result;
}

enum sl_verdict fake_message(struct fake_instance *instance, struct sl_client *client,
                             enum sl_message_type type, const char *data, size_t len,
                             struct fake_result *wanted)
{
    enum sl_verdict decided = SL_CONTINUE;
    client->chain = instance->chain;
    if (!client->is_open)
        fake_fail("a message came from a client that is not open");
    struct message *message = message_take(chain_loop_of(client));
    if (message == NULL)
        abort();
    message_init(message, client->chain->message_max, OPCODE_TEXT, (const uint8_t *)data, len);
    message->seen.type = type;
    enum chain_result end = chain_message(client, &message, &decided);
    struct fake_result result = end_message(fake_client_of(client), end, message, decided);
    return give_result(&result, wanted);
}

enum sl_verdict fake_publish(struct fake_instance *instance, struct sl_client *client,
                             const char *topic, enum sl_message_type type, const char *data,
                             size_t len, struct fake_result *wanted)
{
    struct fake_result result = {.verdict = SL_CONTINUE};
    struct message message;
    if (!topic_is_name(topic, strlen(topic)) || !fake_is_sendable(type, data, len)) {
        result.verdict = SL_ERROR;
        return give_result(&result, wanted);
    }
    const struct publication publication = {.chain = instance->chain,
                                            .loop = client != NULL ? chain_loop_of(client)
                                                                   : fake_loop(),
                                            .origin = client,
                                            .topic = topic,
                                            .len = strlen(topic),
                                            .message = &message};
    message_init(&message, FAKE_MESSAGE_MAX, OPCODE_TEXT, (const uint8_t *)data, len);
    message.seen.type = type;
    if (!chain_lets_publish(&publication))
        result.verdict = SL_DENY;
    read_message(&message, &result);
    message_deinit(&message);
    return give_result(&result, wanted);
}

/* -- what the pipeline calls -- */

static void wait_for_verdict(struct sl_client *client)
{
    fake_client_of(client)->is_waiting = true;
    fake_client_of(client)->has_result = false;
}

/* Goes on with what was deferred. */
static void resume_chain(struct sl_client *seen, struct message *message, struct upgrade *upgrade,
                         int verdict)
{
    struct fake_client *client = fake_client_of(seen);
    enum sl_verdict decided = SL_CONTINUE;
    fake_deferral_end(seen);
    client->is_waiting = false;
    client->returned = verdict;
    if (upgrade != NULL) {
        enum chain_result end = chain_connect_resume(seen, upgrade, verdict);
        client->result = end_connect(client, end);
        upgrade_unref(upgrade);
    } else if (message == NULL) {
        enum chain_result end = chain_open_resume(seen, verdict);
        client->result = end_open(client, end);
    } else {
        enum chain_result end = chain_message_resume(seen, &message, verdict, &decided);
        client->result = end_message(client, end, message, decided);
    }
    client->has_result = !client->is_waiting;
    if (client->is_waiting) /* For the next stage. */
        fake_result_release(&client->result);
}

static void ignore_what_is_held(struct sl_client *client)
{
    (void)client;
}

const struct pipeline_calls fake_pipeline_calls = {
    .wait = wait_for_verdict, .resume = resume_chain, .held = ignore_what_is_held};
