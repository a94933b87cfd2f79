#include "host/host.h"

#include "host/host_internal.h"
#include "host/host_list.h"
#include "host/host_loop.h"
#include "host/host_publish.h"
#include "host/host_request.h"
#include "host/host_service.h"
#include "host/host_storage.h"
#include "host/host_topic.h"

#include "base/clock.h"
#include "base/log.h"
#include "client/client.h"
#include "config/options.h"
#include "client/endpoint.h"
#include "http/http_check.h"
#include "hub/hub.h"
#include "hub/send.h"
#include "pipeline/deferral.h"
#include "pipeline/offload.h"
#include "pipeline/plugin_request.h"
#include "pipeline/stage.h"

#include <stdlib.h>
#include <string.h>

/* -- log, time, memory -- */

static enum log_level level_of(enum sl_log_level level)
{
    switch (level) {
    case SL_LOG_ERROR:
        return LOG_LEVEL_ERROR;
    case SL_LOG_WARN:
        return LOG_LEVEL_WARN;
    case SL_LOG_INFO:
        return LOG_LEVEL_INFO;
    default:
        return LOG_LEVEL_DEBUG;
    }
}

static bool host_log_enabled(enum sl_log_level level)
{
    return log_enabled(level_of(level));
}

static void host_log(const struct sl_instance *self, enum sl_log_level level, const char *text,
                     size_t len)
{
    char module[160];
    snprintf(module, sizeof module, "%s %s", self->endpoint, self->name);
    log_write(level_of(level), module, "%.*s", (int)(len < LOG_LINE_MAX ? len : LOG_LINE_MAX),
              text);
}

static void host_fail(struct sl_instance *self, const char *text, size_t len)
{
    struct instance *instance = instance_of(self);
    free(instance->failure);
    instance->failure = strndup(text, len);
}

int64_t host_time_monotonic(void)
{
    struct loop *loop = loop_current();
    return loop != NULL ? loop->now : clock_monotonic();
}

/* -- options: see config/options.h for the value functions -- */

static const struct sl_value *host_option(const struct sl_instance *self, const char *name)
{
    return option_set_get(offload_options(instance_of(self)), name);
}

/* -- the client of the running hook -- */

static void *host_client_state(const struct sl_instance *self, struct sl_client *client)
{
    const struct instance *instance = instance_of(self);
    if (instance->plugin->table.client_size == 0)
        return NULL;
    owe_client_free(instance, client); /* A hook of another instance may lead here. */
    return sl_client_block(client, instance->slot, instance->client_offset);
}

static uint64_t host_client_id(const struct sl_client *client)
{
    return client->id;
}

static struct sl_string host_client_address(const struct sl_client *client)
{
    static _Thread_local char text[ADDRESS_TEXT_MAX];
    size_t len = address_text(&client_of(client)->address, text);
    return (struct sl_string){.data = text, .len = len};
}

static void host_client_address_bytes(const struct sl_client *client, uint8_t bytes[16])
{
    memcpy(bytes, client_of(client)->address.bytes, 16);
}

static struct sl_string host_client_endpoint(const struct sl_client *client)
{
    const char *path = client_endpoint(client_of(client))->path;
    return (struct sl_string){.data = path, .len = strlen(path)};
}

static struct sl_string host_client_identity(const struct sl_client *client)
{
    const char *identity = sl_client_identity(client);
    if (identity == NULL)
        return (struct sl_string){.data = "", .len = 0};
    return (struct sl_string){.data = identity, .len = strlen(identity)};
}

static int host_identify(struct sl_instance *self, struct sl_client *client, const char *identity,
                         size_t len)
{
    if (!client->is_connecting)
        return -1;
    if (host_is_shadowed())
        return 0;
    if (sl_client_identify(client, identity, len) != OK)
        return -1;
    client_log_identified(client_of(client), instance_of(self)->name);
    return 0;
}

static int host_client_send(struct sl_client *client, enum sl_message_type type, const char *data,
                            size_t len)
{
    if (!is_sendable(type, data, len))
        return -1;
    if (host_is_shadowed())
        return 0;
    return client_send(client_of(client), opcode_of(type), data, len) == OK ? 0 : -1;
}

static int host_client_send_control(struct sl_client *client, enum sl_message_type type,
                                    const char *data, size_t len)
{
    if (!is_sendable(type, data, len))
        return -1;
    if (host_is_shadowed())
        return 0;
    return client_send_control(client_of(client), opcode_of(type), data, len) == OK ? 0 : -1;
}

static enum sl_verdict host_close_with(struct sl_client *client, int code, const char *reason)
{
    const struct running *running = &chain_loop_of(client)->running;
    if (running->message != NULL && running->client == client)
        close_wish_set(&running->message->close, code, reason, reason != NULL ? strlen(reason) : 0);
    return SL_CLOSE;
}

static int host_message_replace(const struct sl_message *message, enum sl_message_type type,
                                const char *data, size_t len)
{
    return message_replace(message_of(message), type, data, len) == OK ? 0 : -1;
}

/* -- what happens later -- */

static enum sl_verdict host_defer(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_deferral *how, struct sl_ticket *ticket)
{
    return deferral_begin(instance_of(self), client, how, ticket);
}

static int host_offload(struct sl_instance *self, uint64_t client_id,
                        void (*work)(struct sl_instance *self, void *context),
                        void (*done)(struct sl_instance *self, struct sl_client *client,
                                     void *context),
                        void *context)
{
    return offload_post(instance_of(self), client_id, work, done, context) == OK ? 0 : -1;
}

static int host_http_request(struct sl_instance *self, uint64_t client_id,
                             const struct sl_http_request *request, plugin_request_done *done,
                             void *context)
{
    int error = plugin_request_send(instance_of(self), client_id, request, done, context);
    return error == OK ? 0 : -1;
}

/* -- other clients -- */

static int host_send(const struct sl_instance *self, uint64_t client_id, enum sl_message_type type,
                     const char *data, size_t len)
{
    if (!is_sendable(type, data, len))
        return -1;
    if (host_is_watching(self))
        return 0;
    return hub_send(hub_of(self), client_id, opcode_of(type), data, len) == OK ? 0 : -1;
}

static int host_send_control(const struct sl_instance *self, uint64_t client_id,
                             enum sl_message_type type, const char *data, size_t len)
{
    if (!is_sendable(type, data, len))
        return -1;
    if (host_is_watching(self))
        return 0;
    return hub_send_control(hub_of(self), client_id, opcode_of(type), data, len) == OK ? 0 : -1;
}

static int host_close(const struct sl_instance *self, uint64_t client_id, int code,
                      const char *reason)
{
    uint16_t valid = close_code_may_be_sent(code) ? (uint16_t)code : CLOSE_POLICY;
    bool is_text = reason != NULL && utf8_is_valid(reason, strlen(reason));
    if (host_is_watching(self))
        return 0;
    return hub_close(hub_of(self), client_id, valid, is_text ? reason : "") == OK ? 0 : -1;
}

struct endpoint *host_endpoint(const struct sl_instance *self, const char *path)
{
    return path == NULL || strcmp(path, self->endpoint) == 0
               ? instance_of(self)->endpoint
               : hub_find_endpoint(hub_of(self), path);
}

static int host_broadcast(const struct sl_instance *self, const char *path,
                          enum sl_message_type type, const char *data, size_t len)
{
    if (!is_sendable(type, data, len))
        return -1;
    if (host_is_watching(self))
        return 0;
    if (path != NULL && strcmp(path, ALL_ENDPOINTS) == 0)
        return hub_broadcast_to_all(hub_of(self), opcode_of(type), data, len) == OK ? 0 : -1;
    struct endpoint *endpoint = host_endpoint(self, path);
    if (endpoint == NULL)
        return -1;
    return fanout_publish(&endpoint->fanout, opcode_of(type), data, len) == OK ? 0 : -1;
}

#define ATTRIBUTE_EXPIRES "auth.expires" /* seconds since 1970 */

static int host_attribute_set(struct sl_instance *self, struct sl_client *client, const char *name,
                              const char *value, size_t len)
{
    if (host_is_shadowed())
        return 0;
    if (sl_client_set_attribute(client, name, value, len) != OK)
        return -1;
    if (client->is_open && strcmp(name, ATTRIBUTE_EXPIRES) == 0)
        client_log_renewed(client_of(client), instance_of(self)->name, value != NULL ? value : "",
                           len);
    return 0;
}

static bool host_attribute(const struct sl_client *client, const char *name, struct sl_string *out)
{
    out->data = sl_client_attribute(client, name, &out->len);
    return out->data != NULL;
}

static bool host_client_is_new(const struct sl_client *client)
{
    return !client->is_carried_over;
}

static struct sl_metric *host_metric(struct sl_instance *self, enum sl_metric_kind kind,
                                     const char *name, const char *help, const double *buckets,
                                     size_t bucket_count)
{
    struct instance *instance = instance_of(self);
    if (!creation_runs_here(instance))
        return NULL; /* Nobody else may change the list, which others read from then on. */
    return plugin_metric_create(&instance->metrics, kind, name, help, buckets, bucket_count);
}

static void host_set_unready(struct sl_instance *self, const char *reason)
{
    instance_set_unready(instance_of(self), reason);
}

static int64_t host_timeout(const struct sl_instance *self)
{
    const struct instance *instance = instance_of(self);
    return atomic_load_explicit(&instance->timeout, memory_order_relaxed);
}

static enum sl_mode host_mode(const struct sl_instance *self)
{
    return instance_mode(instance_of(self));
}

static const struct sl_host table = {
    .struct_size = sizeof table,
    .abi_major = SL_ABI_MAJOR,
    .abi_minor = SL_ABI_MINOR,
    .log_enabled = host_log_enabled,
    .log = host_log,
    .fail = host_fail,
    .time_monotonic = host_time_monotonic,
    .time_wall = clock_wall,
    .allocate = malloc,
    .reallocate = realloc,
    .release = free,
    .option = host_option,
    .value_type = value_type,
    .value_bool = value_bool,
    .value_integer = value_integer,
    .value_number = value_number,
    .value_string = value_string,
    .value_count = value_count,
    .value_at = value_at,
    .value_key = value_key,
    .value_member = value_member,
    .request_header = host_request_header,
    .request_query = host_request_query,
    .request_cookie = host_request_cookie,
    .request_subprotocol = host_request_subprotocol,
    .select_subprotocol = host_select_subprotocol,
    .deny = host_deny,
    .deny_header = host_deny_header,
    .client_state = host_client_state,
    .client_id = host_client_id,
    .client_address = host_client_address,
    .client_address_bytes = host_client_address_bytes,
    .client_endpoint = host_client_endpoint,
    .client_identity = host_client_identity,
    .identify = host_identify,
    .client_send = host_client_send,
    .close_with = host_close_with,
    .message_replace = host_message_replace,
    .send = host_send,
    .close = host_close,
    .broadcast = host_broadcast,
    .client_count = host_client_count,
    .defer = host_defer,
    .complete = deferral_complete,
    .offload = host_offload,
    .timer_start = host_timer_start,
    .timer_stop = host_timer_stop,
    .subscribe = host_subscribe,
    .unsubscribe = host_unsubscribe,
    .message_topic = host_message_topic,
    .publish = host_publish,
    .send_to_identity = host_send_to_identity,
    .topic_count = host_topic_count,
    .identity_count = host_identity_count,
    .attribute_set = host_attribute_set,
    .attribute = host_attribute,
    .client_is_new = host_client_is_new,
    .request_certificate = host_request_certificate,
    .metric = host_metric,
    .metric_add = plugin_metric_add,
    .metric_set = plugin_metric_set,
    .metric_observe = plugin_metric_observe,
    .set_unready = host_set_unready,
    .timeout = host_timeout,
    .client_send_control = host_client_send_control,
    .send_control = host_send_control,
    .mode = host_mode,
    .http_request = host_http_request,
    .http_header = http_header,
    .http_url_error = http_url_error,
    .client_topics = host_client_topics,
    .client_list = host_client_list,
    .storage_get = host_storage_get,
    .storage_set = host_storage_set,
    .storage_replace = host_storage_replace,
    .storage_add = host_storage_add,
    .storage_delete = host_storage_delete,
    .storage_next = host_storage_next,
    .service_provide = host_service_provide,
    .service_find = host_service_find,
    .fd_watch = host_fd_watch,
    .fd_change = host_fd_change,
    .fd_unwatch = host_fd_unwatch,
    .create_defer = creation_defer,
    .create_complete = creation_complete,
    .event_listen = host_event_listen,
    .event_emit = host_event_emit,
};

const struct sl_host *host_table(void)
{
    return &table;
}
