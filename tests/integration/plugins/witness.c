/*
 * witness: logs who opens and closes, how and on which thread, and sends what the tests of order
 * and of lifecycles need. A text message is a command and its arguments.
 */
#include <sluice/plugin.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILL_SIZE 300000u /* more than the server holds for single clients before it writes */
#define BRIM_SIZE 262100u /* a little less than that: the next few bytes make it too much */
#define LOAD_SIZE 200000u
#define ORDER_ROUNDS 50

struct witness {
    char *filler;
    _Atomic uint64_t first; /* the id of the first client that has opened */
};

static const struct sl_option options[] = {
    {.name = "gate",
     .type = SL_OPTION_PATH,
     .summary = "A FIFO: hooks that fill wait for its writer first"},
};

static void note(struct sl_instance *self, const char *what, struct sl_client *client,
                 const struct sl_close *how)
{
    char thread[16] = "";
    pthread_getname_np(pthread_self(), thread, sizeof thread);
    if (how == NULL)
        sl_log(self, SL_LOG_INFO, "%s id=%" PRIu64 " thread=%s", what,
               self->host->client_id(client), thread);
    else
        sl_log(self, SL_LOG_INFO, "%s id=%" PRIu64 " thread=%s code=%u by_peer=%d", what,
               self->host->client_id(client), thread, how->code, how->by_peer);
}

/* Holds the loop until the test has done what is to be done meanwhile. */
static void wait_at_gate(struct sl_instance *self)
{
    char path[256];
    struct sl_string gate = sl_option_string(self, "gate");
    snprintf(path, sizeof path, "%.*s", (int)gate.len, gate.data);
    sl_log(self, SL_LOG_INFO, "at the gate");
    FILE *file = fopen(path, "r");
    if (file != NULL)
        fclose(file);
}

static int create(struct sl_instance *self)
{
    struct witness *witness = self->state;
    witness->filler = malloc(FILL_SIZE);
    if (witness->filler == NULL)
        return sl_fail(self, "out of memory");
    memset(witness->filler, 'x', FILL_SIZE);
    return 0;
}

static void destroy(struct sl_instance *self)
{
    struct witness *witness = self->state;
    free(witness->filler);
}

static bool asked_for(const struct sl_instance *self, const struct sl_request *request,
                      const char *key)
{
    struct sl_string value;
    return self->host->request_query(request, key, &value);
}

/* The query says in which hook to fill: connect, deny, or (remembered in the client's state) open.
 */
static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct witness *witness = self->state;
    bool *fill_in_open = self->host->client_state(self, client);
    bool deny = asked_for(self, request, "deny");
    *fill_in_open = asked_for(self, request, "open");
    if (!deny && !asked_for(self, request, "connect"))
        return SL_CONTINUE;
    wait_at_gate(self);
    self->host->send(self, atomic_load(&witness->first), SL_BINARY, witness->filler, BRIM_SIZE);
    return deny ? self->host->deny(request, 403, "asked for") : SL_CONTINUE;
}

static void on_open(struct sl_instance *self, struct sl_client *client)
{
    struct witness *witness = self->state;
    const bool *fill_in_open = self->host->client_state(self, client);
    uint64_t nobody = 0;
    atomic_compare_exchange_strong(&witness->first, &nobody, self->host->client_id(client));
    note(self, "opened", client, NULL);
    if (!*fill_in_open)
        return;
    wait_at_gate(self);
    for (int i = 0; i < 2; i++)
        self->host->client_send(client, SL_BINARY, witness->filler, FILL_SIZE);
    self->host->broadcast(self, NULL, SL_TEXT, "filled", 6);
}

static void on_close(struct sl_instance *self, struct sl_client *client, const struct sl_close *how)
{
    note(self, "closed", client, how);
}

/* -- commands -- */

static void broadcast_run(struct sl_instance *self, char letter, size_t len)
{
    char *text = malloc(len);
    if (text == NULL)
        return;
    memset(text, letter, len);
    self->host->broadcast(self, NULL, SL_TEXT, text, len);
    free(text);
}

/* mixed SLOW TARGET: to all and to single clients in turn, and much of it, all from one hook. */
static void do_mixed(struct sl_instance *self, const char *arguments)
{
    struct witness *witness = self->state;
    char *end;
    uint64_t slow = strtoull(arguments, &end, 10);
    uint64_t target = strtoull(end, NULL, 10);
    self->host->send(self, slow, SL_TEXT, "u", 1);
    broadcast_run(self, 'A', 30000);
    self->host->send(self, target, SL_BINARY, witness->filler, FILL_SIZE);
    broadcast_run(self, 'B', 60000);
    self->host->send(self, slow, SL_TEXT, "v", 1);
    self->host->send(self, target, SL_BINARY, witness->filler, FILL_SIZE);
    broadcast_run(self, 'C', 60000);
}

/* order ID: to all, then to one, again and again. */
static void do_order(struct sl_instance *self, const char *arguments)
{
    char text[32];
    uint64_t id = strtoull(arguments, NULL, 10);
    for (int i = 0; i < ORDER_ROUNDS; i++) {
        int len = snprintf(text, sizeof text, "all %d", i);
        self->host->broadcast(self, NULL, SL_TEXT, text, (size_t)len);
        len = snprintf(text, sizeof text, "one %d", i);
        self->host->send(self, id, SL_TEXT, text, (size_t)len);
    }
}

static enum sl_verdict close_long(struct sl_instance *self, struct sl_client *client)
{
    char reason[201] = "x"; /* One odd byte, so that 123 bytes end inside a character. */
    for (size_t at = 1; at + 2 < sizeof reason; at += 3)
        memcpy(reason + at, "\u20ac", sizeof "\u20ac");
    return self->host->close_with(client, 4000, reason);
}

static bool is_command(const struct sl_message *message, const char *command)
{
    size_t len = strlen(command);
    return message->len >= len && memcmp(message->data, command, len) == 0;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char text[128];
    if (is_command(message, "close-long"))
        return close_long(self, client);
    if (is_command(message, "close-broken"))
        return self->host->close_with(client, 4000, "a\xff\xfe");
    snprintf(text, sizeof text, "%.*s", (int)message->len, message->data);
    if (is_command(message, "id")) {
        int len = snprintf(text, sizeof text, "%" PRIu64, self->host->client_id(client));
        self->host->client_send(client, SL_TEXT, text, (size_t)len);
    } else if (is_command(message, "load")) {
        broadcast_run(self, 'x', LOAD_SIZE);
    } else if (is_command(message, "mixed ")) {
        do_mixed(self, text + sizeof "mixed " - 1);
    } else if (is_command(message, "order ")) {
        do_order(self, text + sizeof "order " - 1);
    } else {
        return SL_CONTINUE;
    }
    return SL_HANDLED;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "witness",
    .version = "1.0.0",
    .summary = "Logs the lives of clients and sends in every order",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct witness),
    .client_size = sizeof(bool),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_open = on_open,
    .on_message = on_message,
    .on_close = on_close,
};
