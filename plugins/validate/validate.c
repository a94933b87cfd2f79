/*
 * validate: lets a message pass only if its type, its size and its content are right, and removes
 * characters that texts must not contain.
 *
 * It has no state but its options: a reload creates a new instance, with the schemas as they are
 * then.
 */
#include "content.h"
#include "refusal.h"
#include "settings.h"

#include <sluice/plugin.h>

struct validate {
    struct settings settings;
    struct content content;
    struct sl_metric *refused[REFUSAL_KINDS];
    struct sl_metric *changed;
};

/* -- instances -- */

static void warn_if_idle(const struct sl_instance *self, const struct validate *state)
{
    const struct settings *settings = &state->settings;
    if (settings->text && settings->binary && !state->content.is_asked && settings->min_size == 0 &&
        settings->max_size == UINT64_MAX)
        sl_log(self, SL_LOG_WARN, "checks nothing: set types, min_size, max_size or json");
}

static void read_metrics(struct sl_instance *self, struct validate *state)
{
    const struct sl_host *host = self->host;
    for (int i = 0; i < REFUSAL_KINDS; i++) {
        char name[64];
        snprintf(name, sizeof name, "refused_%s_total", refusal_word((enum refusal_kind)i));
        state->refused[i] =
            host->metric(self, SL_COUNTER, name, "Messages that were refused for this", NULL, 0);
    }
    state->changed =
        host->metric(self, SL_COUNTER, "changed_total",
                     "Messages that were escaped, or from which characters were removed", NULL, 0);
}

static int create(struct sl_instance *self)
{
    struct validate *state = self->state;
    if (settings_read(self, &state->settings) != 0 || content_init(&state->content, self) != 0)
        return SL_ERROR;
    if (!state->settings.text && state->content.is_asked) {
        content_deinit(&state->content, self->host);
        return sl_fail(self, "control_characters, bidi_controls, require_nfc, the patterns and "
                             "escape_html are about text messages, but types lets none pass");
    }
    read_metrics(self, state);
    warn_if_idle(self, state);
    return 0;
}

static void destroy(struct sl_instance *self)
{
    struct validate *state = self->state;
    content_deinit(&state->content, self->host);
}

/* -- messages -- */

static bool check_type(const struct settings *settings, enum sl_message_type type,
                       struct refusal *refusal)
{
    if ((type == SL_TEXT && settings->text) || (type == SL_BINARY && settings->binary))
        return true;
    return refusal_set(refusal, REFUSAL_WRONG_TYPE, "Only %s messages are accepted",
                       settings->text && settings->binary ? "text and binary"
                       : settings->text                   ? "text"
                                                          : "binary");
}

static bool check_size(const struct settings *settings, size_t len, struct refusal *refusal)
{
    if (len < settings->min_size)
        return refusal_set(refusal, REFUSAL_TOO_SMALL, "A message has at least %llu bytes",
                           (unsigned long long)settings->min_size);
    return len <= settings->max_size ||
           refusal_set(refusal, REFUSAL_TOO_LARGE, "A message has at most %llu bytes",
                       (unsigned long long)settings->max_size);
}

/* The changed message has to keep the size limits too. */
static bool replace_message(const struct sl_instance *self, const struct sl_message *message,
                            const struct change *change, struct refusal *refusal)
{
    const struct validate *state = self->state;
    struct json_text text = change->text;
    if (text.len < state->settings.min_size)
        return check_size(&state->settings, text.len, refusal);
    if (text.len > state->settings.max_size ||
        self->host->message_replace(message, message->type, text.data, text.len) != 0)
        return refusal_set(refusal, REFUSAL_TOO_LARGE, "The message is too large once escaped");
    self->host->metric_add(state->changed, 1);
    return true;
}

static bool check_content(struct sl_instance *self, const struct sl_message *message,
                          struct refusal *refusal)
{
    struct validate *state = self->state;
    struct change change;
    if (!state->content.is_asked || message->type != SL_TEXT)
        return true;
    struct worker *worker = worker_take(&state->content.pool);
    if (worker == NULL)
        return refusal_set(refusal, REFUSAL_UNCHECKED, "There is no memory to check it");
    bool passes = content_check(&state->content, worker,
                                (struct json_text){message->data, message->len}, &change, refusal);
    if (passes && change.is_made)
        passes = replace_message(self, message, &change, refusal);
    worker_give(&state->content.pool, worker);
    return passes;
}

static enum sl_verdict refuse_message(const struct sl_instance *self, struct sl_client *client,
                                      const struct refusal *refusal)
{
    const struct validate *state = self->state;
    const struct sl_host *host = self->host;
    host->metric_add(state->refused[refusal->kind], 1);
    sl_log(self, SL_LOG_DEBUG, "client %llu: %s: %s%s%s%s%s",
           (unsigned long long)host->client_id(client), refusal_word(refusal->kind),
           refusal->sentence, refusal->schema[0] != '\0' ? " at \"" : "", refusal->instance,
           refusal->schema[0] != '\0' ? "\" by " : "", refusal->schema);
    if (state->settings.close) {
        char reason[REFUSAL_REASON_SIZE];
        refusal_reason(refusal, reason);
        return host->close_with(client, refusal_close_code(refusal->kind), reason);
    }
    if (state->settings.notify) {
        char json[REFUSAL_JSON_SIZE];
        size_t len = refusal_to_json(refusal, json);
        /* If this cannot be sent, the client is being closed anyway; the message is dropped in any
         * case. */
        (void)host->client_send(client, SL_TEXT, json, len);
    }
    return SL_DROP;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    const struct validate *state = self->state;
    struct refusal refusal;
    if (check_type(&state->settings, message->type, &refusal) &&
        check_size(&state->settings, message->len, &refusal) &&
        check_content(self, message, &refusal))
        return SL_CONTINUE;
    return refuse_message(self, client, &refusal);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "validate",
    .version = "2.0.0",
    .summary = "Refuses messages of the wrong type, size, JSON or schema, and cleans texts",
    .license = "MIT",
    SL_OPTIONS(settings_options),
    .instance_size = sizeof(struct validate),
    .create = create,
    .destroy = destroy,
    .on_message = on_message,
};
