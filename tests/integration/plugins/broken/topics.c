/* Makes the mistake with on_subscribe and on_publish that its option names. */
#include <sluice/plugin.h>

#include <string.h>

static const char *const mistakes[] = {"none",     "verdict", "end",   "keep",   "subscribe",
                                       "publish",  "defer",   "close", "nobody", "utf8",
                                       "too-long", "memory",  "leak",  "state",  NULL};

static const struct sl_option options[] = {
    {.name = "mistake",
     .type = SL_OPTION_CHOICE,
     .default_value = "none",
     .choices = mistakes,
     .summary = "what is done wrong"},
};

static const char *kept;
static struct sl_ticket ticket;
static int asked;

static int is(const struct sl_instance *self, const char *mistake)
{
    struct sl_string name = sl_option_string(self, "mistake");
    return name.len == strlen(mistake) && memcmp(name.data, mistake, name.len) == 0;
}

static enum sl_verdict on_subscribe(struct sl_instance *self, struct sl_client *client,
                                    const char *topic, size_t len)
{
    if (is(self, "verdict"))
        return SL_DROP;
    if (is(self, "end"))
        return strlen(topic) == len ? SL_CONTINUE : SL_DENY;
    if (is(self, "keep")) {
        int is_same = kept != NULL && kept[0] == topic[0];
        kept = topic;
        return is_same ? SL_DENY : SL_CONTINUE;
    }
    if (is(self, "subscribe"))
        self->host->subscribe(client, "audit", 5);
    if (is(self, "leak"))
        self->host->allocate(40);
    if (is(self, "state")) /* of all instances */
        return asked++ % 2 == 0 ? SL_CONTINUE : SL_DENY;
    return SL_CONTINUE;
}

static char *longer_of(struct sl_instance *self, const struct sl_message *message)
{
    return self->host->allocate(message->len + 1);
}

static enum sl_verdict replace_by(struct sl_instance *self, const struct sl_message *message,
                                  char *longer)
{
    memcpy(longer, message->data, message->len);
    longer[message->len] = '!';
    int result = self->host->message_replace(message, message->type, longer, message->len + 1);
    self->host->release(longer);
    return result == 0 ? SL_CONTINUE : SL_ERROR;
}

static enum sl_verdict on_publish(struct sl_instance *self, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message)
{
    (void)topic, (void)len;
    if (is(self, "publish"))
        self->host->publish(self, NULL, "audit", 5, SL_TEXT, "x", 1);
    if (is(self, "defer"))
        return self->host->defer(self, origin, NULL, &ticket);
    if (is(self, "close"))
        return self->host->close_with(origin, 1008, "not here");
    if (is(self, "nobody"))
        return self->host->client_id(origin) != 0 ? SL_CONTINUE : SL_DENY;
    if (is(self, "utf8")) /* in the middle of a character */
        self->host->message_replace(message, message->type, message->data,
                                    message->len < 1 ? 0 : 1);
    if (is(self, "memory")) /* does not ask whether there was any */
        return replace_by(self, message, longer_of(self, message));
    if (is(self, "too-long")) {
        char *longer = longer_of(self, message);
        if (longer != NULL)
            replace_by(self, message, longer);
        return longer != NULL ? SL_CONTINUE : SL_ERROR;
    }
    return SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "topics",
    .version = "1.0.0",
    .summary = "Mistakes with topics",
    .license = "MIT",
    SL_OPTIONS(options),
    .on_subscribe = on_subscribe,
    .on_publish = on_publish,
};
