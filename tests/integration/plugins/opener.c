/*
 * opener: opens clients later. How, the query says: `?key=ada&a=hold` names the client and has the
 * instance with the option `as: a` hold it in on_open until another client says "release a ada
 * continue". All that happens to a client is logged under its key.
 *
 * Who is held is known to all instances, so that one that a reload has replaced can be told, too.
 */
#include <sluice/plugin.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 32
#define HOW_SIZE 16

/* A client that is not open yet. */
struct held {
    struct held *next;
    struct sl_instance *by;
    struct sl_ticket ticket;
    uint64_t client_id;
    char key[KEY_SIZE];
    char name[HOW_SIZE]; /* of the instance */
    bool is_loading;     /* who loads frees it, if it has been cancelled meanwhile */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct held *all_held; /* with the lock */

struct opened {
    char how[HOW_SIZE];
};

static void copy_string(char *to, size_t size, struct sl_string from)
{
    snprintf(to, size, "%.*s", (int)from.len, from.data);
}

static void key_of(const struct sl_instance *self, const struct sl_client *client,
                   char key[KEY_SIZE])
{
    struct sl_string found = {"nobody", 6};
    self->host->attribute(client, "key", &found);
    copy_string(key, KEY_SIZE, found);
}

static void name_of(const struct sl_instance *self, char name[HOW_SIZE])
{
    copy_string(name, HOW_SIZE, sl_option_string(self, "as"));
}

static void note(const struct sl_instance *self, const char *key, const char *what, long number)
{
    char name[HOW_SIZE];
    name_of(self, name);
    sl_log(self, SL_LOG_INFO, "note %s: %s %s %ld", key, name, what, number);
}

static void note_client(const struct sl_instance *self, const struct sl_client *client,
                        const char *what, long number)
{
    char key[KEY_SIZE];
    key_of(self, client, key);
    note(self, key, what, number);
}

/* -- the clients that are held -- */

static struct held *make_held(struct sl_instance *self, const struct sl_client *client)
{
    struct held *held = calloc(1, sizeof *held);
    if (held == NULL)
        abort();
    held->by = self;
    held->client_id = self->host->client_id(client);
    key_of(self, client, held->key);
    name_of(self, held->name);
    return held;
}

static void put(struct held *held)
{
    pthread_mutex_lock(&lock);
    held->next = all_held;
    all_held = held;
    pthread_mutex_unlock(&lock);
}

static bool is_meant(const struct held *held, const struct held *wanted, const char *name,
                     const char *key)
{
    return wanted != NULL ? held == wanted
                          : strcmp(held->name, name) == 0 && strcmp(held->key, key) == 0;
}

/* Takes the first one out that is `wanted`, or has the name and the key. NULL: there is none. */
static struct held *take(const struct held *wanted, const char *name, const char *key)
{
    pthread_mutex_lock(&lock);
    struct held **link = &all_held;
    while (*link != NULL && !is_meant(*link, wanted, name, key))
        link = &(*link)->next;
    struct held *found = *link;
    if (found != NULL)
        *link = found->next;
    pthread_mutex_unlock(&lock);
    return found;
}

static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    struct held *held = take(context, NULL, NULL);
    (void)ticket;
    if (held == NULL)
        return; /* Somebody is about to complete it, in vain. */
    note(self, held->key, "cancel", reason);
    if (!held->is_loading)
        free(held);
}

/* -- what opens them -- */

static void finish(struct held *held, enum sl_verdict verdict, const char *reason)
{
    struct sl_instance *self = held->by;
    const struct sl_pair profile = {{"profile", 7}, {"loaded", 6}};
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .code = 4000,
                                          .reason = sl_string_of(reason),
                                          .attributes = &profile,
                                          .attribute_count = 1};
    char key[KEY_SIZE];
    snprintf(key, sizeof key, "%s", held->key);
    struct sl_ticket ticket = held->ticket;
    free(held);
    note(self, key, "complete", verdict);
    int result = self->host->complete(ticket, verdict, &details);
    if (result != 0)
        note(self, key, "completed", result);
}

/* With what it needs before its first message. */
static void bring_history(struct sl_instance *self, struct sl_client *client, void *context)
{
    struct held *held = take(context, NULL, NULL);
    if (held == NULL) {
        free(context);
        return;
    }
    if (client != NULL) {
        self->host->subscribe(client, "room", 4);
        self->host->client_send(client, SL_TEXT, "history", 7);
    }
    finish(held, SL_CONTINUE, "");
}

static void load(struct sl_instance *self, void *context)
{
    (void)self;
    (void)context;
}

static void on_answer(struct sl_instance *self, struct sl_client *client,
                      const struct sl_http_response *response, void *context)
{
    const struct held *held = context;
    note(self, held->key, "answer", response->status);
    bring_history(self, client, context);
}

static int ask(struct sl_instance *self, struct held *held)
{
    const struct sl_http_request request = {.struct_size = sizeof request,
                                            .url = sl_option_string(self, "url")};
    return self->host->http_request(self, held->client_id, &request, on_answer, held);
}

/* Others may find it from now on. NULL: that is refused. */
static struct held *hold(struct sl_instance *self, struct sl_client *client, const char *how)
{
    struct held *held = make_held(self, client);
    const struct sl_deferral deferral = {
        .struct_size = sizeof deferral, .context = held, .on_cancel = on_cancel};
    if (self->host->defer(self, client, &deferral, &held->ticket) != SL_DEFER) {
        free(held);
        return NULL;
    }
    held->is_loading = strcmp(how, "work") == 0 || strcmp(how, "http") == 0;
    put(held);
    return held;
}

static void delay(struct sl_instance *self, struct sl_client *client)
{
    struct sl_ticket ticket;
    const struct sl_deferral deferral = {
        .struct_size = sizeof deferral, .is_delay = true, .timeout = 50 * INT64_C(1000000)};
    self->host->defer(self, client, &deferral, &ticket);
}

static void open_later(struct sl_instance *self, struct sl_client *client, struct held *held,
                       const char *how)
{
    if (strcmp(how, "delay") == 0)
        delay(self, client);
    else if (held == NULL)
        note_client(self, client, "refused", 0);
    else if (strcmp(how, "now") == 0)
        finish(take(held, NULL, NULL), SL_CONTINUE, "");
    else if ((strcmp(how, "work") == 0 &&
              self->host->offload(self, held->client_id, load, bring_history, held) != 0) ||
             (strcmp(how, "http") == 0 && ask(self, held) != 0))
        finish(take(held, NULL, NULL), SL_ERROR, "");
}

/* -- hooks -- */

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct opened *opened = self->host->client_state(self, client);
    struct sl_string found = {"nobody", 6};
    char name[HOW_SIZE];
    name_of(self, name);
    self->host->request_query(request, "key", &found);
    self->host->attribute_set(self, client, "key", found.data, found.len);
    if (self->host->request_query(request, name, &found))
        copy_string(opened->how, sizeof opened->how, found);
    return SL_CONTINUE;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct opened *opened = self->host->client_state(self, client);
    bool is_new = self->host->client_is_new(client);
    if (!is_new)
        copy_string(opened->how, sizeof opened->how, sl_option_string(self, "carried"));
    /* Who reads of it in the log finds it held. */
    bool is_held = opened->how[0] != '\0' && strcmp(opened->how, "delay") != 0;
    struct held *held = is_held ? hold(self, client, opened->how) : NULL;
    note_client(self, client, is_new ? "open" : "carried", 0);
    self->host->subscribe(client, "early", 5);
    if (opened->how[0] != '\0')
        open_later(self, client, held, opened->how);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    note_client(self, client, "close", how->code);
}

static void client_free(struct sl_instance *self, struct sl_client *client)
{
    note_client(self, client, "free", 0);
}

static enum sl_verdict on_recheck(struct sl_instance *self, struct sl_client *client)
{
    note_client(self, client, "recheck", 0);
    return SL_CONTINUE;
}

static enum sl_verdict verdict_named(const char *name)
{
    static const struct {
        const char *name;
        enum sl_verdict verdict;
    } known[] = {{"continue", SL_CONTINUE},
                 {"close", SL_CLOSE},
                 {"error", SL_ERROR},
                 {"drop", SL_DROP},
                 {"deny", SL_DENY}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0)
            return known[i].verdict;
    return SL_CONTINUE;
}

/* Answers whether that instance was holding somebody with that key. */
static enum sl_verdict on_release(struct sl_instance *self, struct sl_client *client,
                                  const char *name, const char *key, const char *verdict)
{
    struct held *held = take(NULL, name, key);
    const char *answer = held != NULL ? "released" : "nobody";
    if (held != NULL)
        finish(held, verdict_named(verdict), "as told");
    self->host->client_send(client, SL_TEXT, answer, strlen(answer));
    return SL_HANDLED;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct sl_string profile = {"none", 4};
    char line[128], name[HOW_SIZE] = "", key[KEY_SIZE] = "", verdict[HOW_SIZE] = "";
    copy_string(line, sizeof line, (struct sl_string){message->data, message->len});
    note_client(self, client, "message", 0);
    if (sscanf(line, "release %15s %31s %15s", name, key, verdict) == 3)
        return on_release(self, client, name, key, verdict);
    if (sscanf(line, "publish %15s", name) == 1) {
        self->host->publish(self, NULL, name, strlen(name), SL_TEXT, "published", 9);
        return SL_HANDLED;
    }
    if (strcmp(line, "profile") != 0)
        return SL_CONTINUE;
    self->host->attribute(client, "profile", &profile);
    self->host->client_send(client, SL_TEXT, profile.data, profile.len);
    return SL_HANDLED;
}

static void destroy(struct sl_instance *self)
{
    pthread_mutex_lock(&lock);
    for (const struct held *held = all_held; held != NULL; held = held->next)
        if (held->by == self)
            abort(); /* Neither completed nor cancelled. */
    pthread_mutex_unlock(&lock);
}

static const struct sl_option options[] = {
    {.name = "as", .type = SL_OPTION_STRING, .default_value = "a", .summary = "Its name"},
    {.name = "carried",
     .type = SL_OPTION_STRING,
     .summary = "How it opens clients that a reload brings"},
    {.name = "tag", .type = SL_OPTION_STRING, .summary = "Anything"},
    {.name = "url", .type = SL_OPTION_STRING, .summary = "What it asks for clients with 'http'"},
};

#ifndef MINOR
#define MINOR SL_ABI_MINOR
#endif

SL_EXPORT const struct sl_plugin sluice_plugin = {
    .magic = SL_MAGIC,
    .abi_major = SL_ABI_MAJOR,
    .abi_minor = MINOR,
    .struct_size = (uint32_t)sizeof(struct sl_plugin),
    .name = NAME,
    .version = "1.0.0",
    .summary = "Opens clients later",
    .license = "MIT",
    SL_OPTIONS(options),
    .client_size = sizeof(struct opened),
    .destroy = destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
    .on_recheck = on_recheck,
    .client_free = client_free,
};
