#include "pipeline/plugin_request.h"

#include "base/clock.h"
#include "base/event.h"
#include "http/http_client.h"
#include "pipeline/hook.h"
#include "pipeline/instance_client.h"

#include <stdio.h>
#include <stdlib.h>

struct plugin_request {
    struct http_exchange exchange; /* first */
    struct mail mail;              /* on its way back to the loop */
    struct instance *instance;     /* one reference, or one tie */
    uint64_t client_id;            /* 0: no client's */
    plugin_request_done *done;
    void *context;
};

static bool is_tied(const struct plugin_request *request)
{
    return (request->exchange.request.flags & SL_HTTP_ENDS_WITH_INSTANCE) != 0;
}

static void untie_instance(struct instance *instance)
{
    if (atomic_fetch_sub_explicit(&instance->ties, 1, memory_order_acq_rel) == 1)
        mailbox_post(instance->pipeline->control, &instance->end_mail);
}

/* -- the way back -- */

static void call_done(const struct plugin_request *request, struct loop *loop)
{
    struct instance *instance = request->instance;
    struct sl_http_response response = http_exchange_response(&request->exchange);
    struct sl_client *client = instance_client(loop, instance, request->client_id);
    const struct stage *stage = client != NULL ? chain_stage_of(client->chain, instance) : NULL;
    if (client == NULL && request->client_id != 0)
        response = (struct sl_http_response){.struct_size = sizeof response,
                                             .outcome = SL_HTTP_CANCELLED,
                                             .error = sl_string_of("the client is gone"),
                                             .body = sl_string_of(""),
                                             .duration = response.duration};
    hook_begin(instance, stage, request->client_id, "http_request (done)");
    request->done(&instance->seen, client, &response, request->context);
    hook_end();
}

static void deliver_done(struct loop *loop, struct mail *mail)
{
    struct plugin_request *request =
        (struct plugin_request *)((char *)mail - offsetof(struct plugin_request, mail));
    call_done(request, loop);
    if (is_tied(request))
        untie_instance(request->instance);
    else
        instance_unref(request->instance);
    http_exchange_deinit(&request->exchange);
    free(request);
}

/* Once for each change; the URL's path may hold secrets. */
static void log_breaker(const struct plugin_request *request)
{
    const struct instance *instance = request->instance;
    const struct http_exchange *exchange = &request->exchange;
    bool is_open = exchange->change == HTTP_BREAKER_OPENED;
    char server[HTTP_ORIGIN_MAX], message[512], status[32];
    http_origin(exchange->request.url, server);
    snprintf(status, sizeof status, "status %d", exchange->status);
    const char *reason = exchange->error != NULL ? exchange->error : status;
    struct event_values values = {.message = message,
                                  .texts = {[EVENT_FIELD_INSTANCE] = instance->name,
                                            [EVENT_FIELD_ENDPOINT] = instance->seen.endpoint,
                                            [EVENT_FIELD_SERVER] = server,
                                            [EVENT_FIELD_REASON] = is_open ? reason : NULL}};
    snprintf(message, sizeof message,
             is_open ? "%s of %s asks %s no more for now, which has failed "
                       "several times in a row: %s"
                     : "%s of %s asks %s again",
             instance->name, instance->seen.endpoint, server, reason);
    event_log(is_open ? EVENT_HTTP_BREAKER_OPENED : EVENT_HTTP_BREAKER_CLOSED, "pipeline", &values);
}

/* On any thread. */
static void on_exchange_done(struct http_exchange *exchange)
{
    struct plugin_request *request = (struct plugin_request *)exchange;
    if (exchange->change != HTTP_BREAKER_SAME)
        log_breaker(request);
    request->mail.deliver = deliver_done;
    loop_post(instance_loop_of(request->instance, request->client_id), &request->mail);
}

/* -- the way out -- */

static void log_invalid(struct instance *instance, const char *sentence)
{
    if (instance_may_log(instance, INSTANCE_LOG_REQUEST, clock_monotonic()))
        log_warn("pipeline", "%s of %s made an HTTP request that is not valid: %s", instance->name,
                 instance->seen.endpoint, sentence);
}

/* The instance's account with the HTTP client, made by its first request. */
static int find_owner(struct instance *instance, struct http_owner **out)
{
    struct http_client *client = instance->pipeline->http;
    struct http_owner *owner = atomic_load_explicit(&instance->http, memory_order_acquire);
    struct http_owner *made = NULL;
    int error = owner == NULL ? http_owner_create(client, &made) : OK;
    if (made != NULL && atomic_compare_exchange_strong(&instance->http, &owner, made))
        owner = made;
    else
        http_owner_destroy(client, made); /* Another thread was faster. */
    *out = owner;
    return error;
}

/* The caller has a reference, which is the request's if that is sent, and not tied. */
static int submit_request(struct plugin_request *request)
{
    struct http_owner *owner;
    struct instance *instance = request->instance;
    bool ties = is_tied(request);
    int error = find_owner(instance, &owner);
    if (error == OK && ties)
        atomic_fetch_add_explicit(&instance->ties, 1, memory_order_relaxed);
    if (error != OK)
        return error;
    error = http_client_submit(instance->pipeline->http, owner, &request->exchange);
    if (error != OK && ties)
        untie_instance(instance); /* Not for the last time: the caller's reference is there. */
    if (error == OK && ties)
        instance_unref(instance);
    return error;
}

int plugin_request_send(struct instance *instance, uint64_t client_id,
                        const struct sl_http_request *given, plugin_request_done *done,
                        void *context)
{
    struct sl_http_request checked;
    const char *sentence = done == NULL ? "there is no done" : http_check(given, &checked);
    if (sentence != NULL) {
        log_invalid(instance, sentence);
        return ERR_INVALID;
    }
    struct plugin_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return ERR_NO_MEMORY;
    int error = http_exchange_init(&request->exchange, &checked);
    if (error == OK && !instance_try_ref(instance))
        error = ERR_CLOSED;
    if (error == OK) {
        request->exchange.on_done = on_exchange_done;
        request->exchange.key = client_id;
        request->instance = instance;
        request->client_id = client_id;
        request->done = done;
        request->context = context;
        error = submit_request(request);
        if (error == OK)
            return OK;
        instance_unref(instance);
    }
    http_exchange_deinit(&request->exchange);
    free(request);
    return error;
}

void plugin_request_cancel(const struct pipeline *pipeline, struct instance *instance,
                           uint64_t client_id)
{
    const struct http_owner *owner =
        instance != NULL ? atomic_load_explicit(&instance->http, memory_order_acquire) : NULL;
    if (pipeline->http != NULL && (instance == NULL || owner != NULL))
        http_client_cancel(pipeline->http, owner, client_id);
}

void plugin_request_end_tied(struct instance *instance)
{
    struct http_owner *owner = atomic_load_explicit(&instance->http, memory_order_acquire);
    if (owner != NULL)
        http_client_cancel_tied(instance->pipeline->http, owner);
    untie_instance(instance);
}

bool plugin_request_read(struct instance *instance, struct http_owner_stats *out)
{
    struct http_owner *owner = atomic_load_explicit(&instance->http, memory_order_acquire);
    if (owner != NULL)
        http_owner_read(instance->pipeline->http, owner, out);
    return owner != NULL;
}

void plugin_request_end(struct instance *instance)
{
    http_owner_destroy(instance->pipeline->http,
                       atomic_load_explicit(&instance->http, memory_order_relaxed));
}
