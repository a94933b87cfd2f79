/*
 * Running hooks: what they are lent, what they may return.
 */
#include "workbench/fake_internal.h"

void fake_result_release(struct fake_result *result)
{
    free(result->data);
    *result = (struct fake_result){.data = NULL};
}

static const char *returned_name(int verdict)
{
    static const char *const names[] = {"SL_ERROR", "SL_CONTINUE", "SL_DROP", "SL_HANDLED",
                                        "SL_CLOSE", "SL_DENY",     "SL_DEFER"};
    return verdict >= -1 && verdict <= SL_DEFER ? names[verdict + 1] : "no verdict at all";
}

static void judge_verdict(struct fake_result *result, const char *hook, int verdict,
                          bool is_connect)
{
    bool fits = verdict == SL_ERROR || verdict == SL_CONTINUE || verdict == SL_DEFER ||
                (is_connect ? verdict == SL_DENY
                            : verdict == SL_DROP || verdict == SL_HANDLED || verdict == SL_CLOSE);
    if (!fits)
        fake_fail("%s returned %d (%s); it may return SL_CONTINUE, %s, SL_ERROR, or what "
                  "host->defer returned",
                  hook, verdict, returned_name(verdict),
                  is_connect ? "SL_DENY" : "SL_DROP, SL_HANDLED, SL_CLOSE");
    if (verdict == SL_DEFER && fake_running.begun == NULL)
        fake_fail("%s returned SL_DEFER without host->defer: nobody could ever complete it; return "
                  "what host->defer returned",
                  hook);
    result->verdict = (enum sl_verdict)verdict;
    if (result->code == 0 && verdict == SL_DENY)
        result->code = 403;
    if (result->code == 0 && verdict == SL_CLOSE)
        result->code = 1008;
}

static void begin_hook(struct fake_instance *instance, struct sl_client *client, const char *hook)
{
    fake_running = (struct fake_running){.instance = instance, .client = client};
    fake_enter(hook, fake_hook_limit);
}

static void end_hook(const char *hook)
{
    fake_leave();
    fake_check_canaries(fake_running.instance, fake_running.client, hook);
    fake_running = (struct fake_running){.instance = NULL};
}

enum sl_verdict fake_connect(struct fake_instance *instance, struct sl_client *client,
                             struct fake_result *wanted)
{
    struct fake_result unwanted;
    struct fake_result *result = wanted != NULL ? wanted : &unwanted;
    *result = (struct fake_result){.verdict = SL_CONTINUE};
    client->is_connecting = true;
    if (instance->plugin->table.on_connect == NULL)
        return SL_CONTINUE;
    struct fake_request *request = fake_request_create(client, result);
    begin_hook(instance, client, "on_connect");
    fake_running.request = request;
    fake_running.result = result;
    int verdict = instance->plugin->table.on_connect(&instance->seen, client, request->seen);
    bool is_held = fake_deferral_hold(client, verdict);
    judge_verdict(result, "on_connect", verdict, true);
    end_hook("on_connect");
    if (!is_held)
        fake_request_destroy(request);
    return (enum sl_verdict)verdict;
}

void fake_open(struct fake_instance *instance, struct sl_client *client)
{
    client->is_connecting = false;
    client->is_open = true;
    if (instance->plugin->table.on_open == NULL)
        return;
    begin_hook(instance, client, "on_open");
    instance->plugin->table.on_open(&instance->seen, client);
    end_hook("on_open");
}

enum sl_verdict fake_message(struct fake_instance *instance, struct sl_client *client,
                             enum sl_message_type type, const char *data, size_t len,
                             struct fake_result *wanted)
{
    struct fake_result unwanted;
    struct fake_result *result = wanted != NULL ? wanted : &unwanted;
    *result = (struct fake_result){.verdict = SL_CONTINUE, .type = type};
    if (instance->plugin->table.on_message == NULL)
        return SL_CONTINUE;
    struct fake_payload *payload = fake_payload_create(type, data, len);
    begin_hook(instance, client, "on_message");
    fake_running.payload = payload;
    fake_running.result = result;
    int verdict = instance->plugin->table.on_message(&instance->seen, client, payload->seen);
    bool is_held = fake_deferral_hold(client, verdict);
    judge_verdict(result, "on_message", verdict, false);
    if (wanted != NULL)
        fake_payload_read(payload, result);
    end_hook("on_message");
    if (!is_held)
        fake_payload_destroy(payload);
    return (enum sl_verdict)verdict;
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
    begin_hook(instance, client, "on_close");
    instance->plugin->table.on_close(&instance->seen, client, &how);
    end_hook("on_close");
}
