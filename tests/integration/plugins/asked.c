/*
 * asked: says what the host answers it, and where. A text message is a command; the answer is
 * logged, since in shadow mode nothing is sent. And it is asked about topics: it refuses those that
 * begin with "no", and messages that do; others get its stamp.
 */
#include <sluice/plugin.h>

#include <stdlib.h>
#include <string.h>

static const struct sl_option options[] = {
    {.name = "stamp", .type = SL_OPTION_STRING, .summary = "Appended to what is published"},
    {.name = "nested", .type = SL_OPTION_BOOL, .summary = "Does in a hook what it may not do"},
    {.name = "turn", .type = SL_OPTION_INTEGER, .default_value = "0", .summary = "To be changed"},
};

static void tell_mode(struct sl_instance *self, const char *where)
{
    static const char *const names[] = {"none", "serve", "shadow", "check", "replay", "test"};
    sl_log(self, SL_LOG_WARN, "mode in %s: %s", where, names[self->host->mode(self)]);
}

static int create(struct sl_instance *self)
{
    tell_mode(self, "create");
    return 0;
}

static int on_reload(struct sl_instance *self)
{
    tell_mode(self, "on_reload");
    return 0;
}

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    (void)timer;
    (void)tag;
    tell_mode(self, "on_timer");
}

static void work(struct sl_instance *self, void *context)
{
    (void)context;
    tell_mode(self, "work");
}

static void done(struct sl_instance *self, struct sl_client *client, void *context)
{
    (void)client;
    (void)context;
    tell_mode(self, "done");
}

static void do_mode(struct sl_instance *self, struct sl_client *client)
{
    tell_mode(self, "on_message");
    self->host->timer_start(self, 0, 0, 0);
    self->host->offload(self, self->host->client_id(client), work, done, NULL);
}

/* -- topics -- */

static bool begins_with_no(const char *text, size_t len)
{
    return len >= 2 && memcmp(text, "no", 2) == 0;
}

static enum sl_verdict on_subscribe(struct sl_instance *self, struct sl_client *client,
                                    const char *topic, size_t len)
{
    if (sl_option_bool(self, "nested"))
        sl_log(self, SL_LOG_WARN, "nested: %d %d", self->host->subscribe(client, "other", 5),
               self->host->publish(self, NULL, "other", 5, SL_TEXT, "", 0));
    return begins_with_no(topic, len) ? SL_DENY : SL_CONTINUE;
}

static enum sl_verdict on_publish(struct sl_instance *self, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message)
{
    struct sl_string stamp = sl_option_string(self, "stamp");
    if (sl_option_bool(self, "nested"))
        sl_log(self, SL_LOG_WARN, "nested: %d %d %d",
               self->host->publish(self, NULL, topic, len, SL_TEXT, "", 0),
               self->host->message_topic(message, "other", 5),
               origin != NULL && self->host->client_id(origin) != 0);
    if (begins_with_no(message->data, message->len))
        return SL_DENY;
    if (stamp.len == 0)
        return SL_CONTINUE;
    char *text = malloc(message->len + stamp.len + 1);
    if (text == NULL)
        return SL_ERROR;
    memcpy(text, message->data, message->len);
    memcpy(text + message->len, stamp.data, stamp.len);
    int result =
        self->host->message_replace(message, message->type, text, message->len + stamp.len);
    free(text);
    return result == 0 ? SL_CONTINUE : SL_ERROR;
}

static bool is_command(const struct sl_message *message, const char *command)
{
    return message->len == strlen(command) && memcmp(message->data, command, message->len) == 0;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    if (is_command(message, "mode"))
        do_mode(self, client);
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "asked",
    .version = "1.0.0",
    .summary = "Says what the host answers it",
    .license = "MIT",
    SL_OPTIONS(options),
    .create = create,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_reload = on_reload,
    .on_subscribe = on_subscribe,
    .on_publish = on_publish,
};
