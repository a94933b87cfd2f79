/*
 * validate: lets a message pass only if its type, its size and, for JSON, its content are right.
 */
#include "content.h"
#include "json_check.h"
#include "refusal.h"
#include "settings.h"

#include <sluice/plugin.h>

struct validate {
    struct settings settings;
    struct content content;
    struct sl_metric *refused;
};

static void warn_if_idle(const struct sl_instance *self, const struct settings *settings)
{
    if (settings->text && settings->binary && !settings->json && settings->min_size == 0 &&
        settings->max_size == UINT64_MAX)
        sl_log(self, SL_LOG_WARN, "checks nothing: set types, min_size, max_size or json");
}

static int create(struct sl_instance *self)
{
    struct validate *state = self->state;
    if (settings_read(self, &state->settings) != 0)
        return SL_ERROR;
    if (content_init(&state->content, self) != 0) {
        settings_deinit(&state->settings, self->host);
        return SL_ERROR;
    }
    if (state->content.is_asked && !state->settings.json) {
        content_deinit(&state->content);
        settings_deinit(&state->settings, self->host);
        return sl_fail(self, "schemas and what texts are made of have no meaning without json: "
                             "true");
    }
    state->refused = self->host->metric(self, SL_COUNTER, "refused_total",
                                        "Messages that were refused", NULL, 0);
    warn_if_idle(self, &state->settings);
    return 0;
}

static void destroy(struct sl_instance *self)
{
    struct validate *state = self->state;
    content_deinit(&state->content);
    settings_deinit(&state->settings, self->host);
}

static bool check_type(const struct settings *settings, enum sl_message_type type,
                       struct refusal *refusal)
{
    if ((type == SL_TEXT && settings->text) || (type == SL_BINARY && settings->binary))
        return true;
    refusal_of_type(refusal, settings->text && settings->binary ? "text and binary"
                             : settings->text                   ? "text"
                                                                : "binary");
    return false;
}

static bool check_size(const struct settings *settings, size_t len, struct refusal *refusal)
{
    if (len < settings->min_size) {
        refusal_of_small(refusal, settings->min_size);
        return false;
    }
    if (len > settings->max_size) {
        refusal_of_large(refusal, settings->max_size);
        return false;
    }
    return true;
}

static bool check_json(const struct settings *settings, const struct sl_message *message,
                       struct refusal *refusal)
{
    struct json_finding finding;
    if (!settings->json || message->type != SL_TEXT)
        return true;
    if (json_check(message->data, message->len, &settings->json_limits, settings->members,
                   settings->member_count, &finding))
        return true;
    refusal_of_json(refusal, &finding, &settings->json_limits);
    return false;
}

static enum sl_verdict refuse(const struct sl_instance *self, struct sl_client *client,
                              const struct refusal *refusal)
{
    const struct validate *state = self->state;
    if (state->settings.close)
        return self->host->close_with(client, refusal->close_code, refusal->detail);
    if (state->settings.notify) {
        char json[REFUSAL_JSON_SIZE];
        size_t len = refusal_to_json(refusal, json);
        /* If it cannot be sent the client is going anyway; the message is dropped either way. */
        (void)self->host->client_send(client, SL_TEXT, json, len);
    }
    return SL_DROP;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct validate *state = self->state;
    const struct settings *settings = &state->settings;
    struct refusal refusal;
    if (check_type(settings, message->type, &refusal) &&
        check_size(settings, message->len, &refusal) && check_json(settings, message, &refusal) &&
        (!state->content.is_asked || message->type != SL_TEXT ||
         content_check(&state->content, message->data, message->len, &refusal)))
        return SL_CONTINUE;
    self->host->metric_add(state->refused, 1);
    return refuse(self, client, &refusal);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "validate",
    .version = "2.0.0",
    .summary = "Refuses messages of the wrong type, size, JSON or schema",
    .license = "MIT",
    SL_OPTIONS(settings_options),
    .instance_size = sizeof(struct validate),
    .create = create,
    .destroy = destroy,
    .on_message = on_message,
};
