/*
 * Running hooks: what they are lent, what they may return.
 */
#include "workbench/fake_internal.h"

#include "workbench/situation.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- clients -- */

static void parse_address(struct sl_client *client, const char *text)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    snprintf(client->address, sizeof client->address, "%s", text);
    memcpy(client->address_bytes, mapped, sizeof mapped);
    if (inet_pton(AF_INET, text, client->address_bytes + 12) != 1)
        inet_pton(AF_INET6, text, client->address_bytes);
}

struct sl_client *fake_client_create(const struct fake_arrival *arrival)
{
    static const struct fake_arrival plain;
    struct sl_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        abort();
    client->arrival = arrival != NULL ? *arrival : plain;
    parse_address(client, client->arrival.address != NULL ? client->arrival.address : "127.0.0.1");
    snprintf(client->endpoint, sizeof client->endpoint, "%s",
             client->arrival.path != NULL ? client->arrival.path : "/ws");
    fake_lock();
    client->id = fake.next_id++;
    client->next = fake.clients;
    fake.clients = client;
    fake_unlock();
    return client;
}

static void free_lists(struct sl_client *client)
{
    while (client->attributes != NULL) {
        struct attribute_pair *pair = client->attributes;
        client->attributes = pair->next;
        free(pair->name);
        free(pair->value);
        free(pair);
    }
    while (client->topics != NULL) {
        struct topic_entry *entry = client->topics;
        client->topics = entry->next;
        free(entry);
    }
    for (size_t i = 0; i < client->block_count; i++)
        free(client->blocks[i].memory);
}

void fake_client_destroy(struct sl_client *client)
{
    struct sl_client **link = &fake.clients;
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    fake_lock();
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    fake_unlock();
    free_lists(client);
    free(client);
}

uint64_t fake_client_number(const struct sl_client *client)
{
    return client->id;
}

void fake_client_identify(struct sl_client *client, const char *identity)
{
    snprintf(client->identity, sizeof client->identity, "%s", identity);
}

void fake_client_describe(struct sl_client *client, const char *name, const char *value)
{
    struct attribute_pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL)
        abort();
    *pair = (struct attribute_pair){.next = client->attributes,
                                    .name = strdup(name),
                                    .value = strdup(value),
                                    .len = strlen(value)};
    client->attributes = pair;
}

bool fake_client_is_open(const struct sl_client *client)
{
    return client->is_open;
}

const char *fake_client_name(const struct sl_client *client)
{
    return client->identity;
}

const char *fake_client_attribute(const struct sl_client *client, const char *name)
{
    for (const struct attribute_pair *pair = client->attributes; pair != NULL; pair = pair->next)
        if (strcmp(pair->name, name) == 0)
            return pair->value;
    return NULL;
}

/* -- loans -- */

void fake_payload_end(struct fake_payload *payload)
{
    for (size_t i = 0; i < payload->old_count; i++)
        borrowed_end(payload->old_loans[i]);
    borrowed_end(payload->data_loan);
    borrowed_end(payload->seen_loan);
    free(payload);
}

void fake_request_end(struct fake_request *request)
{
    for (size_t i = 0; i < request->loan_count; i++)
        borrowed_end(request->loans[i]);
    borrowed_end(request->seen_loan);
    free(request);
}

void fake_result_release(struct fake_result *result)
{
    free(result->data);
    *result = (struct fake_result){.data = NULL};
}

void fake_take_message(struct fake_result *result, const struct fake_payload *payload)
{
    result->type = payload->seen->type;
    result->len = payload->seen->len;
    result->data = malloc(result->len + 1);
    if (result->data == NULL)
        abort();
    memcpy(result->data, payload->seen->data, result->len);
    result->data[result->len] = '\0';
    snprintf(result->topic, sizeof result->topic, "%s", payload->topic);
}

/* -- verdicts -- */

static const char *verdict_name(int verdict)
{
    static const char *const names[] = {"SL_ERROR", "SL_CONTINUE", "SL_DROP", "SL_HANDLED",
                                        "SL_CLOSE", "SL_DENY",     "SL_DEFER"};
    return verdict >= -1 && verdict <= SL_DEFER ? names[verdict + 1] : "no verdict at all";
}

void fake_judge(struct fake_result *result, const char *hook, int verdict, bool is_connect,
                bool has_deferred)
{
    bool fits = verdict == SL_ERROR || verdict == SL_CONTINUE || verdict == SL_DEFER ||
                (is_connect ? verdict == SL_DENY
                            : verdict == SL_DROP || verdict == SL_HANDLED || verdict == SL_CLOSE);
    if (!fits)
        situation_fail("%s returned %d (%s); it may return SL_CONTINUE, %s, SL_ERROR, or what "
                       "host->defer returned",
                       hook, verdict, verdict_name(verdict),
                       is_connect ? "SL_DENY" : "SL_DROP, SL_HANDLED, SL_CLOSE");
    if (verdict == SL_DEFER && !has_deferred)
        situation_fail("%s returned SL_DEFER without host->defer: nobody could ever complete it; "
                       "return what host->defer returned",
                       hook);
    result->verdict = (enum sl_verdict)verdict;
    if (result->code == 0 && verdict == SL_DENY)
        result->code = 403;
    if (result->code == 0 && verdict == SL_CLOSE)
        result->code = 1008;
}

/* A deferral is awaited, or, if the hook has decided otherwise, forgotten. */
static bool keep_deferral(struct sl_client *client, int verdict)
{
    struct fake_deferral *begun = fake.running.begun;
    if (begun == NULL)
        return false;
    if (verdict != SL_DEFER) {
        begun->is_settled = true;
        begun->is_cancelled = true;
        return false;
    }
    begun->payload = fake.running.payload;
    begun->request = fake.running.request;
    client->deferral = begun;
    return true;
}

static void begin(struct fake_instance *instance, struct sl_client *client, const char *hook)
{
    fake.running = (struct fake_running){.instance = instance, .client = client};
    situation_enter(hook, fake_hook_limit);
}

static void end(const char *hook)
{
    situation_leave();
    fake_check_canaries(hook);
    fake.running = (struct fake_running){.instance = NULL};
}

/* -- the hooks -- */

static struct fake_request *make_request(struct sl_client *client, struct fake_result *result)
{
    const struct fake_arrival *arrival = &client->arrival;
    const char *path = client->endpoint;
    struct fake_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        abort();
    request->client = client;
    request->result = result;
    request->seen =
        borrowed_lend(NULL, sizeof *request->seen, 16, "the request", &request->seen_loan);
    *request->seen =
        (struct sl_request){.struct_size = sizeof *request->seen, .secure = arrival->secure};
    request->seen->path =
        (struct sl_string){.data = borrowed_lend(path, strlen(path), 1, "the request's path",
                                                 &request->loans[request->loan_count++]),
                           .len = strlen(path)};
    request->seen->query = (struct sl_string){.data = "", .len = 0};
    request->seen->subprotocol = (struct sl_string){.data = "", .len = 0};
    return request;
}

void fake_connect(struct fake_instance *instance, struct sl_client *client,
                  struct fake_result *result)
{
    *result = (struct fake_result){.verdict = SL_CONTINUE};
    client->is_connecting = true;
    if (instance->plugin->table.on_connect == NULL)
        return;
    struct fake_request *request = make_request(client, result);
    begin(instance, client, "on_connect");
    fake.running.request = request;
    fake.running.result = result;
    int verdict = instance->plugin->table.on_connect(&instance->seen, client, request->seen);
    situation_leave();
    bool is_kept = keep_deferral(client, verdict);
    fake_judge(result, "on_connect", verdict, true, fake.running.begun != NULL);
    end("on_connect");
    if (!is_kept)
        fake_request_end(request);
}

void fake_open(struct fake_instance *instance, struct sl_client *client)
{
    client->is_connecting = false;
    client->is_open = true;
    if (instance->plugin->table.on_open == NULL)
        return;
    begin(instance, client, "on_open");
    instance->plugin->table.on_open(&instance->seen, client);
    end("on_open");
}

static struct fake_payload *make_payload(enum sl_message_type type, const char *data, size_t len)
{
    struct fake_payload *payload = calloc(1, sizeof *payload);
    if (payload == NULL)
        abort();
    payload->seen =
        borrowed_lend(NULL, sizeof *payload->seen, 16, "the message", &payload->seen_loan);
    *payload->seen = (struct sl_message){
        .struct_size = sizeof *payload->seen,
        .type = type,
        .data = borrowed_lend(data, len, 1, "the message's data", &payload->data_loan),
        .len = len};
    return payload;
}

void fake_message(struct fake_instance *instance, struct sl_client *client,
                  enum sl_message_type type, const char *data, size_t len,
                  struct fake_result *result)
{
    *result = (struct fake_result){.verdict = SL_CONTINUE, .type = type};
    if (instance->plugin->table.on_message == NULL)
        return;
    struct fake_payload *payload = make_payload(type, data, len);
    begin(instance, client, "on_message");
    fake.running.payload = payload;
    fake.running.result = result;
    int verdict = instance->plugin->table.on_message(&instance->seen, client, payload->seen);
    situation_leave();
    bool is_kept = keep_deferral(client, verdict);
    fake_judge(result, "on_message", verdict, false, fake.running.begun != NULL);
    fake_take_message(result, payload);
    end("on_message");
    if (!is_kept)
        fake_payload_end(payload);
}

void fake_close(struct fake_instance *instance, struct sl_client *client, int code, bool by_peer)
{
    struct sl_close how = {.struct_size = sizeof how,
                           .code = (uint16_t)code,
                           .by_peer = by_peer,
                           .reason = {.data = "", .len = 0}};
    client->is_open = false;
    if (instance->plugin->table.on_close == NULL)
        return;
    begin(instance, client, "on_close");
    instance->plugin->table.on_close(&instance->seen, client, &how);
    end("on_close");
}
