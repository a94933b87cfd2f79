/*
 * probe: does what the integration tests ask for. A text message is a command and its argument;
 * what is no command goes on through the pipeline.
 */
#include <sluice/plugin.h>

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 512

struct probe {
    atomic_int opened;
    atomic_int closed;
    atomic_int last_code;
};

struct client_state {
    int messages;
};

/* What a command gets: where it runs, and its argument as a zero-terminated string. */
struct call {
    struct sl_instance *self;
    struct sl_client *client;
    const struct sl_message *message;
    const char *argument;
};

static const struct sl_option options[] = {
    {.name = "greeting", .type = SL_OPTION_STRING, .summary = "Sent to every client that opens"},
    {.name = "greetings",
     .type = SL_OPTION_INTEGER,
     .default_value = "1",
     .minimum = 1,
     .maximum = 1000000,
     .summary = "How often it is sent"},
    {.name = "tag", .type = SL_OPTION_STRING, .summary = "Appended by the command tag"},
    {.name = "level",
     .type = SL_OPTION_INTEGER,
     .default_value = "3",
     .minimum = 1,
     .maximum = 9,
     .summary = "A number, for the tests of option checking"},
};

__attribute__((format(printf, 2, 3))) static enum sl_verdict reply(const struct call *call,
                                                                   const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    call->self->host->client_send(call->client, SL_TEXT, text, (size_t)len);
    return SL_HANDLED;
}

static enum sl_verdict do_replace(const struct call *call)
{
    int result = call->self->host->message_replace(call->message, call->message->type,
                                                   call->argument, strlen(call->argument));
    return result == 0 ? SL_CONTINUE : SL_ERROR;
}

static enum sl_verdict do_tag(const struct call *call)
{
    char text[TEXT_MAX];
    struct sl_string tag = sl_option_string(call->self, "tag");
    int len = snprintf(text, sizeof text, "%.*s%.*s", (int)call->message->len, call->message->data,
                       (int)tag.len, tag.data);
    call->self->host->message_replace(call->message, call->message->type, text, (size_t)len);
    return SL_CONTINUE;
}

static enum sl_verdict do_replace_too_big(const struct call *call)
{
    size_t size = 1u << 26;
    char *data = calloc(1, size);
    int result = call->self->host->message_replace(call->message, call->message->type, data, size);
    free(data);
    return reply(call, "%d", result);
}

static enum sl_verdict do_replace_not_utf8(const struct call *call)
{
    return reply(call, "%d",
                 call->self->host->message_replace(call->message, call->message->type, "\xff", 1));
}

static enum sl_verdict do_drop(const struct call *call)
{
    (void)call;
    return SL_DROP;
}

static enum sl_verdict do_close(const struct call *call)
{
    return call->self->host->close_with(call->client, atoi(call->argument), "asked for");
}

static enum sl_verdict do_close_plain(const struct call *call)
{
    (void)call;
    return SL_CLOSE;
}

static enum sl_verdict do_error(const struct call *call)
{
    (void)call;
    return SL_ERROR;
}

static enum sl_verdict do_verdict(const struct call *call)
{
    return (enum sl_verdict)atoi(call->argument);
}

static enum sl_verdict do_count(const struct call *call)
{
    struct client_state *state = call->self->host->client_state(call->self, call->client);
    return reply(call, "%d", state->messages);
}

static enum sl_verdict do_clients(const struct call *call)
{
    const char *endpoint = call->argument[0] != '\0' ? call->argument : NULL;
    return reply(call, "%" PRId64, call->self->host->client_count(call->self, endpoint));
}

static enum sl_verdict do_who(const struct call *call)
{
    const struct sl_host *host = call->self->host;
    struct sl_string identity = host->client_identity(call->client);
    struct sl_string address = host->client_address(call->client);
    struct sl_string endpoint = host->client_endpoint(call->client);
    return reply(call, "%" PRIu64 " %.*s %.*s %.*s", host->client_id(call->client),
                 (int)address.len, address.data, (int)endpoint.len, endpoint.data,
                 (int)identity.len, identity.data);
}

static enum sl_verdict do_stats(const struct call *call)
{
    struct probe *probe = call->self->state;
    return reply(call, "%d %d %d", atomic_load(&probe->opened), atomic_load(&probe->closed),
                 atomic_load(&probe->last_code));
}

static enum sl_verdict do_broadcast(const struct call *call)
{
    int result = call->self->host->broadcast(call->self, NULL, SL_TEXT, call->argument,
                                             strlen(call->argument));
    return result == 0 ? SL_HANDLED : SL_ERROR;
}

static enum sl_verdict do_broadcast_elsewhere(const struct call *call)
{
    static const char text[] = "from elsewhere";
    int result =
        call->self->host->broadcast(call->self, call->argument, SL_TEXT, text, sizeof text - 1);
    return reply(call, "%d", result);
}

static enum sl_verdict do_send(const struct call *call)
{
    static const char text[] = "for you";
    uint64_t id = strtoull(call->argument, NULL, 10);
    return reply(call, "%d",
                 call->self->host->send(call->self, id, SL_TEXT, text, sizeof text - 1));
}

/* The same as a message that is dropped for nobody; the id 0: to the sender. */
static enum sl_verdict do_control(const struct call *call)
{
    static const char text[] = "control";
    uint64_t id = strtoull(call->argument, NULL, 10);
    if (id == 0)
        call->self->host->client_send_control(call->client, SL_TEXT, text, sizeof text - 1);
    else
        call->self->host->send_control(call->self, id, SL_TEXT, text, sizeof text - 1);
    return SL_HANDLED;
}

static enum sl_verdict do_topic(const struct call *call)
{
    size_t len = strcspn(call->argument, " ");
    return call->self->host->message_topic(call->message, call->argument, len) == 0 ? SL_CONTINUE
                                                                                    : SL_ERROR;
}

static enum sl_verdict do_subscribe(const struct call *call)
{
    return reply(call, "%d",
                 call->self->host->subscribe(call->client, call->argument, strlen(call->argument)));
}

static enum sl_verdict do_unsubscribe(const struct call *call)
{
    call->self->host->unsubscribe(call->client, call->argument, strlen(call->argument));
    return reply(call, "done");
}

/* publish TOPIC TEXT */
static enum sl_verdict do_publish(const struct call *call)
{
    size_t len = strcspn(call->argument, " ");
    const char *text = call->argument + len + (call->argument[len] == ' ');
    return reply(call, "%d",
                 call->self->host->publish(call->self, NULL, call->argument, len, SL_TEXT, text,
                                           strlen(text)));
}

/* Its topics; with an argument each is unsubscribed on the way. */
static enum sl_verdict do_topics(const struct call *call)
{
    char text[TEXT_MAX] = "";
    struct sl_string topic;
    uint64_t cursor = 0;
    while (call->self->host->client_topics(call->client, &cursor, &topic)) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, " %s", topic.data);
        if (call->argument[0] != '\0')
            call->self->host->unsubscribe(call->client, topic.data, topic.len);
    }
    return reply(call, "topics%s", text);
}

/* A list on its way, a page at a time. */
struct listing {
    uint64_t asker;
    char identity[64];
    char text[TEXT_MAX];
};

static int go_on_listing(struct sl_instance *self, struct listing *listing, uint64_t cursor);

static void note_page(struct sl_instance *self, const struct sl_client_page *page, void *context)
{
    struct listing *listing = context;
    for (uint32_t i = 0; i < page->count; i++) {
        size_t used = strlen(listing->text);
        snprintf(listing->text + used, sizeof listing->text - used, " %" PRIu64, page->ids[i]);
    }
    if (page->cursor != 0 && go_on_listing(self, listing, page->cursor) == 0)
        return;
    self->host->send(self, listing->asker, SL_TEXT, listing->text, strlen(listing->text));
    free(listing);
}

static int go_on_listing(struct sl_instance *self, struct listing *listing, uint64_t cursor)
{
    const struct sl_client_query query = {.struct_size = sizeof query,
                                          .max = 2,
                                          .identity = sl_string_of(listing->identity),
                                          .cursor = cursor};
    return self->host->client_list(self, &query, note_page, listing);
}

/* list [IDENTITY] */
static enum sl_verdict do_list(const struct call *call)
{
    struct listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL)
        return SL_ERROR;
    listing->asker = call->self->host->client_id(call->client);
    snprintf(listing->identity, sizeof listing->identity, "%s", call->argument);
    snprintf(listing->text, sizeof listing->text, "clients");
    if (go_on_listing(call->self, listing, 0) == 0)
        return SL_HANDLED;
    free(listing);
    return SL_ERROR;
}

static enum sl_verdict do_kick(const struct call *call)
{
    uint64_t id = strtoull(call->argument, NULL, 10);
    return reply(call, "%d", call->self->host->close(call->self, id, 4001, "kicked"));
}

static enum sl_verdict do_flood(const struct call *call)
{
    for (int i = atoi(call->argument); i > 0; i--)
        reply(call, "%d", i);
    return SL_HANDLED;
}

static const struct command {
    const char *name;
    enum sl_verdict (*run)(const struct call *call);
} commands[] = {
    {"replace", do_replace},
    {"tag", do_tag},
    {"replace-too-big", do_replace_too_big},
    {"replace-not-utf8", do_replace_not_utf8},
    {"drop", do_drop},
    {"close", do_close},
    {"close-plain", do_close_plain},
    {"error", do_error},
    {"verdict", do_verdict},
    {"count", do_count},
    {"clients", do_clients},
    {"who", do_who},
    {"stats", do_stats},
    {"broadcast", do_broadcast},
    {"broadcast-elsewhere", do_broadcast_elsewhere},
    {"send", do_send},
    {"kick", do_kick},
    {"control", do_control},
    {"topic", do_topic},
    {"subscribe", do_subscribe},
    {"unsubscribe", do_unsubscribe},
    {"publish", do_publish},
    {"topics", do_topics},
    {"list", do_list},
    {"flood", do_flood},
};

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct client_state *state = self->host->client_state(self, client);
    char text[TEXT_MAX];
    state->messages++;
    if (message->type != SL_TEXT || message->len >= sizeof text)
        return SL_CONTINUE;
    memcpy(text, message->data, message->len);
    text[message->len] = '\0';
    size_t name_len = strcspn(text, " ");
    const char *argument = text + name_len + (text[name_len] == ' ');
    struct call call = {self, client, message, argument};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strlen(commands[i].name) == name_len && memcmp(commands[i].name, text, name_len) == 0)
            return commands[i].run(&call);
    return SL_CONTINUE;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    const struct sl_host *host = self->host;
    struct sl_string found;
    if (host->request_query(request, "name", &found) &&
        host->identify(self, client, found.data, found.len) != 0)
        return SL_ERROR;
    if (host->request_query(request, "protocol", &found))
        host->select_subprotocol(request, "chosen-by-probe");
    if (host->request_query(request, "verdict", &found))
        return (enum sl_verdict)strtol(found.data, NULL, 10);
    if (host->request_query(request, "deny", &found)) {
        host->deny_header(request, "X-Probe", "denied");
        return host->deny(request, (int)strtol(found.data, NULL, 10), "denied by probe");
    }
    return SL_CONTINUE;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct probe *probe = self->state;
    struct sl_string greeting = sl_option_string(self, "greeting");
    atomic_fetch_add(&probe->opened, 1);
    for (int64_t left = sl_option_integer(self, "greetings"); greeting.len > 0 && left > 0; left--)
        self->host->client_send(client, SL_TEXT, greeting.data, greeting.len);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    struct probe *probe = self->state;
    (void)client;
    atomic_store(&probe->last_code, how->code);
    atomic_fetch_add(&probe->closed, 1);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "probe",
    .version = "1.0.0",
    .summary = "Does what the integration tests ask for",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct probe),
    .client_size = sizeof(struct client_state),
    .on_connect = on_connect,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
};
