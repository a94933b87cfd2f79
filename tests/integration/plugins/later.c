/*
 * later: does what a client tells it, with the host's functions for what happens later: deferral,
 * offloaded work, timers, topics, attributes, metrics.
 */
#include <sluice/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct later {
    struct sl_metric *commands;
    struct sl_metric *sizes;
    atomic_int cancelled[4]; /* by reason */
    pthread_mutex_t lock;    /* of the tag: on_reload runs while other hooks do */
    char tag[64];
};

/* Work for another thread: what to complete, and how. */
struct order {
    struct sl_ticket ticket;
    enum sl_verdict verdict;
    int delay; /* ms */
    bool twice;
    char text[256];
    int results[2];
};

static struct later *later_of(const struct sl_instance *self)
{
    return self->state;
}

static void pause_for(int ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

static void say(const struct sl_instance *self, struct sl_client *client, const char *text)
{
    self->host->client_send(client, SL_TEXT, text, strlen(text));
}

static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    (void)context;
    atomic_fetch_add(&later_of(self)->cancelled[reason], 1);
    if (self->host->complete(ticket, SL_CONTINUE, NULL) != SL_GONE)
        abort(); /* A cancelled deferral cannot be completed any more. */
}

static void complete(struct sl_instance *self, void *context)
{
    struct order *order = context;
    struct sl_completion details = {.struct_size = sizeof details,
                                    .reason = sl_string_of("as ordered"),
                                    .code = order->verdict == SL_DENY ? 401 : 4000};
    pause_for(order->delay);
    if (order->text[0] != '\0') {
        details.type = SL_TEXT;
        details.data = sl_string_of(order->text);
        details.identity = sl_string_of(order->text);
    }
    order->results[0] = self->host->complete(order->ticket, order->verdict, &details);
    if (order->twice)
        order->results[1] = self->host->complete(order->ticket, order->verdict, &details);
}

static void crash(struct sl_instance *self, void *context)
{
    volatile uintptr_t nowhere = 16;
    (void)self;
    (void)context;
    *(volatile int *)nowhere = 1;
}

static void on_done(struct sl_instance *self, struct sl_client *client, void *context)
{
    struct order *order = context;
    char text[64];
    if (order->twice && client != NULL) {
        snprintf(text, sizeof text, "results %d %d", order->results[0], order->results[1]);
        say(self, client, text);
    }
    free(order);
}

static enum sl_verdict defer(struct sl_instance *self, struct sl_client *client,
                             struct order *order)
{
    struct sl_deferral how = {.struct_size = sizeof how, .on_cancel = on_cancel};
    struct order *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return SL_ERROR;
    *copy = *order;
    enum sl_verdict verdict = self->host->defer(self, client, &how, &copy->ticket);
    if (verdict != SL_DEFER ||
        self->host->offload(self, self->host->client_id(client), complete, on_done, copy) != 0) {
        free(copy);
        return SL_ERROR;
    }
    return verdict;
}

static enum sl_verdict verdict_named(const char *name)
{
    static const struct {
        const char *name;
        enum sl_verdict verdict;
    } known[] = {{"drop", SL_DROP},   {"handled", SL_HANDLED}, {"close", SL_CLOSE},
                 {"error", SL_ERROR}, {"deny", SL_DENY},       {"continue", SL_CONTINUE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].verdict;
    return SL_CONTINUE;
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct sl_string how;
    struct sl_string name;
    struct order order = {.delay = 20};
    char verdict[16];
    if (self->host->request_query(request, "name", &name))
        snprintf(order.text, sizeof order.text, "%.*s", (int)name.len, name.data);
    if (!self->host->request_query(request, "defer", &how)) {
        if (order.text[0] != '\0')
            self->host->identify(self, client, order.text, strlen(order.text));
        return SL_CONTINUE;
    }
    snprintf(verdict, sizeof verdict, "%.*s", (int)how.len, how.data);
    if (strcmp(verdict, "never") == 0) {
        struct sl_deferral forever = {.struct_size = sizeof forever, .on_cancel = on_cancel};
        struct sl_ticket ticket;
        return self->host->defer(self, client, &forever, &ticket);
    }
    order.verdict = verdict_named(verdict);
    return defer(self, client, &order);
}

static enum sl_verdict on_defer(struct sl_instance *self, struct sl_client *client, const char *how)
{
    struct order order = {.delay = 30};
    char verdict[32] = "";
    struct sl_ticket ticket;
    if (strncmp(how, "never", 5) == 0) {
        struct sl_deferral forever = {.struct_size = sizeof forever, .on_cancel = on_cancel};
        return self->host->defer(self, client, &forever, &ticket);
    }
    if (strncmp(how, "delay", 5) == 0) {
        struct sl_deferral delay = {
            .struct_size = sizeof delay, .is_delay = true, .timeout = 50 * INT64_C(1000000)};
        return self->host->defer(self, client, &delay, &ticket);
    }
    order.twice = strncmp(how, "twice", 5) == 0;
    sscanf(how, "%31s %255[^\n]", verdict, order.text);
    order.verdict = verdict_named(verdict);
    return defer(self, client, &order);
}

static enum sl_verdict on_name(struct sl_instance *self, struct sl_client *client,
                               const char *command, const char *rest)
{
    char name[256] = "";
    char text[256] = "";
    char answer[64];
    sscanf(rest, "%255s %255[^\n]", name, text);
    int result = 0;
    if (strcmp(command, "subscribe") == 0)
        result = self->host->subscribe(client, name, strlen(name));
    else if (strcmp(command, "unsubscribe") == 0)
        self->host->unsubscribe(client, name, strlen(name));
    else if (strcmp(command, "publish") == 0)
        result = self->host->publish(self, NULL, name, strlen(name), SL_TEXT, text, strlen(text));
    else if (strcmp(command, "to") == 0)
        result = self->host->send_to_identity(self, NULL, name, strlen(name), SL_TEXT, text,
                                              strlen(text));
    else if (strcmp(command, "count") == 0)
        result = (int)self->host->topic_count(self, NULL, name, strlen(name)) * 100 +
                 (int)self->host->identity_count(self, NULL, name, strlen(name));
    else if (strcmp(command, "set") == 0)
        result = self->host->attribute_set(self, client, name, text, strlen(text));
    snprintf(answer, sizeof answer, "%s %d", command, result);
    say(self, client, answer);
    return SL_HANDLED;
}

static enum sl_verdict on_get(struct sl_instance *self, struct sl_client *client, const char *name)
{
    struct sl_string value = {"", 0};
    if (strcmp(name, "cancelled") == 0) {
        char text[64];
        const struct later *later = later_of(self);
        snprintf(text, sizeof text, "%d %d", later->cancelled[SL_CANCEL_CLIENT_GONE],
                 later->cancelled[SL_CANCEL_TIMEOUT]);
        say(self, client, text);
    } else if (strcmp(name, "tag") == 0) {
        char tag[64];
        pthread_mutex_lock(&later_of(self)->lock);
        memcpy(tag, later_of(self)->tag, sizeof tag);
        pthread_mutex_unlock(&later_of(self)->lock);
        say(self, client, tag);
    } else if (self->host->attribute(client, name, &value)) {
        self->host->client_send(client, SL_TEXT, value.data, value.len);
    } else {
        say(self, client, "none");
    }
    return SL_HANDLED;
}

static enum sl_verdict on_command(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message, const char *command,
                                  const char *rest)
{
    char topic[64] = "";
    if (strcmp(command, "defer") == 0)
        return on_defer(self, client, rest);
    if (strcmp(command, "get") == 0)
        return on_get(self, client, rest);
    if (strcmp(command, "timer") == 0) {
        uint64_t id = self->host->timer_start(self, atoi(rest) * INT64_C(1000000), 0,
                                              self->host->client_id(client));
        return id != 0 ? SL_HANDLED : SL_ERROR;
    }
    if (strcmp(command, "slow") == 0) {
        pause_for(atoi(rest));
        return SL_CONTINUE;
    }
    if (strcmp(command, "crash") == 0)
        crash(self, NULL);
    if (strcmp(command, "crash-offloaded") == 0)
        return self->host->offload(self, 0, crash, NULL, NULL) == 0 ? SL_HANDLED : SL_ERROR;
    if (strcmp(command, "topic") == 0) {
        sscanf(rest, "%63s", topic);
        return self->host->message_topic(message, topic, strlen(topic)) == 0 ? SL_CONTINUE
                                                                             : SL_ERROR;
    }
    if (strcmp(command, "say") == 0)
        return SL_CONTINUE;
    return on_name(self, client, command, rest);
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char line[512];
    char command[32] = "";
    int at = 0;
    self->host->metric_add(later_of(self)->commands, 1);
    self->host->metric_observe(later_of(self)->sizes, (double)message->len);
    if (message->len == 1) /* A letter goes to the topic of that name. */
        return self->host->message_topic(message, message->data, 1) == 0 ? SL_CONTINUE : SL_ERROR;
    snprintf(line, sizeof line, "%.*s", (int)message->len, message->data);
    sscanf(line, "%31s %n", command, &at);
    return on_command(self, client, message, command, at > 0 ? line + at : "");
}

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    (void)timer;
    self->host->send(self, tag, SL_TEXT, "tick", 4);
}

static int read_options(struct sl_instance *self)
{
    struct sl_string tag = sl_option_string(self, "tag");
    if (sl_option_bool(self, "refuse"))
        return sl_fail(self, "told to refuse");
    pthread_mutex_lock(&later_of(self)->lock);
    snprintf(later_of(self)->tag, sizeof later_of(self)->tag, "%.*s", (int)tag.len, tag.data);
    pthread_mutex_unlock(&later_of(self)->lock);
    return 0;
}

static int create(struct sl_instance *self)
{
    static const double buckets[] = {8, 64, 512};
    struct later *later = later_of(self);
    pthread_mutex_init(&later->lock, NULL);
    later->commands =
        self->host->metric(self, SL_COUNTER, "commands_total", "Commands taken", NULL, 0);
    later->sizes =
        self->host->metric(self, SL_HISTOGRAM, "size_bytes", "Sizes of commands", buckets, 3);
    if (later->commands == NULL || later->sizes == NULL)
        return sl_fail(self, "no metrics");
    return read_options(self);
}

static void destroy(struct sl_instance *self)
{
    pthread_mutex_destroy(&later_of(self)->lock);
}

static const struct sl_option options[] = {
    {.name = "tag", .type = SL_OPTION_STRING, .default_value = "untagged", .summary = "Its tag"},
    {.name = "refuse",
     .type = SL_OPTION_BOOL,
     .default_value = "false",
     .summary = "Whether to refuse these options"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "later",
    .version = "1.0.0",
    .summary = "Does what it is told, later",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct later),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_reload = read_options,
};
