/*
 * carried: keeps work, timers, threads and options under way while a reload takes its place away,
 * and logs what becomes of them. A text message is a command. `gate` is a FIFO: whoever waits at it
 * goes on when the test opens it for writing.
 */
#include <sluice/plugin.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK (10 * INT64_C(1000000))
#define JOB_TIME (100 * 1000000L) /* ns */

struct carried {
    pthread_t thread; /* the instance's own, for the command own */
    atomic_bool has_thread;
    _Atomic uint64_t ticks;
};

struct client_state {
    char mark[512];
};

static void log_text(struct sl_instance *self, const char *what, const char *more)
{
    sl_log(self, SL_LOG_INFO, "%s: %s", what, more);
}

static void wait_at_gate(struct sl_instance *self)
{
    struct sl_string gate = sl_option_string(self, "gate");
    log_text(self, "at the gate", gate.data);
    FILE *file = fopen(gate.data, "r");
    if (file != NULL)
        fclose(file);
}

/* -- offloaded work -- */

static void wait_in_work(struct sl_instance *self, void *context)
{
    (void)context;
    wait_at_gate(self);
}

/* Writes to the client's block, as a plugin does that keeps what its work has found. */
static void mark_client(struct sl_instance *self, struct sl_client *client, void *context)
{
    (void)context;
    if (client != NULL)
        memset(self->host->client_state(self, client), 'm', sizeof(struct client_state));
    log_text(self, "done", client != NULL ? "with its client" : "without a client");
}

/* What it has read before the gate is still there behind it. */
static void read_tag(struct sl_instance *self, void *context)
{
    struct sl_string before = sl_option_string(self, "tag");
    (void)context;
    wait_at_gate(self);
    struct sl_string after = sl_option_string(self, "tag");
    sl_log(self, SL_LOG_INFO, "tag before: %s, tag after: %s", before.data, after.data);
}

static void run_a_while(struct sl_instance *self, void *context)
{
    struct timespec time = {.tv_nsec = JOB_TIME};
    (void)context;
    nanosleep(&time, NULL);
    log_text(self, "job", "worked");
}

static void end_job(struct sl_instance *self, struct sl_client *client, void *context)
{
    (void)client;
    free(context);
    log_text(self, "job", "done");
}

static void offload_jobs(struct sl_instance *self, int count)
{
    for (int i = 0; i < count; i++) {
        void *context = malloc(1);
        if (self->host->offload(self, 0, run_a_while, end_job, context) != 0)
            free(context);
    }
    log_text(self, "jobs", "offloaded");
}

/* -- a thread of its own -- */

static void *read_on_own_thread(void *self)
{
    read_tag(self, NULL);
    return NULL;
}

static void start_thread(struct sl_instance *self)
{
    struct carried *carried = self->state;
    if (!atomic_exchange(&carried->has_thread, true) &&
        pthread_create(&carried->thread, NULL, read_on_own_thread, self) != 0)
        atomic_store(&carried->has_thread, false);
}

/* -- upgrades -- */

/* The request may be looked at until this returns, the certificate included. */
static void on_cancel(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason)
{
    struct sl_string name = {"nobody", 0};
    (void)ticket;
    (void)reason;
    self->host->request_certificate(context, SL_CERTIFICATE_COMMON_NAME, 0, &name);
    log_text(self, "cancelled", name.data);
}

/* ?never: nobody ever decides. */
static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct sl_deferral how = {
        .struct_size = sizeof how, .on_cancel = on_cancel, .context = request};
    struct sl_ticket ticket;
    if (request->query.len != 5 || memcmp(request->query.data, "never", 5) != 0)
        return SL_CONTINUE;
    log_text(self, "upgrade", "deferred");
    return self->host->defer(self, client, &how, &ticket);
}

/* -- hooks -- */

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char command[64];
    snprintf(command, sizeof command, "%.*s", (int)message->len, message->data);
    uint64_t id = self->host->client_id(client);
    if (strncmp(command, "work", 4) == 0)
        return self->host->offload(self, id, wait_in_work, mark_client, NULL) == 0 ? SL_HANDLED
                                                                                   : SL_ERROR;
    if (strcmp(command, "read") == 0)
        return self->host->offload(self, id, read_tag, NULL, NULL) == 0 ? SL_HANDLED : SL_ERROR;
    if (strncmp(command, "jobs ", 5) == 0) {
        offload_jobs(self, atoi(command + 5));
    } else if (strcmp(command, "own") == 0) {
        start_thread(self);
    } else if (strcmp(command, "hold") == 0) {
        wait_at_gate(self); /* The loop waits too. */
        self->host->client_send(client, SL_TEXT, "held", 4);
        self->host->send(self, id, SL_TEXT, "sent", 4);
    } else {
        return SL_CONTINUE;
    }
    return SL_HANDLED;
}

static void on_timer(struct sl_instance *self, uint64_t timer, uint64_t tag)
{
    struct carried *carried = self->state;
    (void)timer;
    (void)tag;
    if (atomic_fetch_add(&carried->ticks, 1) == 0)
        log_text(self, "timer", "ticks");
}

static int create(struct sl_instance *self)
{
    return self->host->timer_start(self, TICK, TICK, 0) != 0 ? 0 : sl_fail(self, "no timer");
}

static void destroy(struct sl_instance *self)
{
    struct carried *carried = self->state;
    if (atomic_load(&carried->has_thread))
        pthread_join(carried->thread, NULL);
    log_text(self, "instance", "destroyed");
}

static int on_reload(struct sl_instance *self)
{
    (void)self;
    return 0;
}

static const struct sl_option options[] = {
    {.name = "gate", .type = SL_OPTION_PATH, .summary = "A FIFO that opens when it has a writer"},
    {.name = "tag", .type = SL_OPTION_STRING, .default_value = "none", .summary = "Its tag"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "carried",
    .version = "1.0.0",
    .summary = "Keeps things under way while the server reloads",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct carried),
    .client_size = sizeof(struct client_state),
    .create = create,
    .destroy = destroy,
    .on_connect = on_connect,
    .on_message = on_message,
    .on_timer = on_timer,
    .on_reload = on_reload,
};
