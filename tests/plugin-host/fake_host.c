/*
 * The functions of struct sl_host that concern options, requests and clients.
 */
#include "fake_host_internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- options */

static const struct sl_value *host_option(const struct sl_instance *self, const char *name_cstr)
{
    const struct fake_instance *instance = (const struct fake_instance *)self;
    return option_set_get(instance->options, name_cstr);
}

/* ---- the request */

static struct sl_string string_of(const char *text)
{
    return (struct sl_string){text, strlen(text)};
}

static bool find_pair(const struct fake_pair *pairs, const char *name, bool any_case,
                      struct sl_string *found)
{
    for (size_t i = 0; i < FAKE_LIST_MAX && pairs[i].name != NULL; i++) {
        int different = any_case ? strcasecmp(pairs[i].name, name) : strcmp(pairs[i].name, name);
        if (different == 0) {
            *found = string_of(pairs[i].value);
            return true;
        }
    }
    return false;
}

static bool host_request_header(const struct sl_request *request, const char *name_cstr,
                                struct sl_string *found)
{
    return find_pair(((const struct fake_request *)request)->headers, name_cstr, true, found);
}

static bool host_request_query(const struct sl_request *request, const char *name_cstr,
                               struct sl_string *found)
{
    return find_pair(((const struct fake_request *)request)->query, name_cstr, false, found);
}

static bool host_request_cookie(const struct sl_request *request, const char *name_cstr,
                                struct sl_string *found)
{
    return find_pair(((const struct fake_request *)request)->cookies, name_cstr, false, found);
}

static bool host_request_subprotocol(const struct sl_request *request, size_t index,
                                     struct sl_string *found)
{
    const struct fake_request *fake = (const struct fake_request *)request;
    if (index >= FAKE_LIST_MAX || fake->offers[index] == NULL)
        return false;
    *found = string_of(fake->offers[index]);
    return true;
}

static int host_select_subprotocol(struct sl_request *request, const char *subprotocol_cstr)
{
    struct fake_request *fake = (struct fake_request *)request;
    for (size_t i = 0; i < FAKE_LIST_MAX && fake->offers[i] != NULL; i++)
        if (strcmp(fake->offers[i], subprotocol_cstr) == 0) {
            snprintf(fake->selected, sizeof fake->selected, "%s", subprotocol_cstr);
            return 0;
        }
    return -1;
}

static enum sl_verdict host_deny(struct sl_request *request, int status, const char *reason_cstr)
{
    struct fake_request *fake = (struct fake_request *)request;
    if (status < 400 || status > 599)
        fake_abort("deny with a status that is no refusal");
    fake->status = status;
    snprintf(fake->reason, sizeof fake->reason, "%s", reason_cstr);
    return SL_DENY;
}

static int host_deny_header(struct sl_request *request, const char *name_cstr,
                            const char *value_cstr)
{
    struct fake_request *fake = (struct fake_request *)request;
    if (fake->denied_with_count == FAKE_LIST_MAX || strpbrk(value_cstr, "\r\n") != NULL)
        return -1;
    size_t n = fake->denied_with_count++;
    snprintf(fake->denied_with[n].name, sizeof fake->denied_with[n].name, "%s", name_cstr);
    snprintf(fake->denied_with[n].value, sizeof fake->denied_with[n].value, "%s", value_cstr);
    return 0;
}

const char *fake_denied_with(const struct fake_request *request, const char *name)
{
    for (size_t i = 0; i < request->denied_with_count; i++)
        if (strcasecmp(request->denied_with[i].name, name) == 0)
            return request->denied_with[i].value;
    return NULL;
}

/* ---- the client */

static void *host_client_state(const struct sl_instance *self, struct sl_client *client)
{
    const struct fake_instance *instance = (const struct fake_instance *)self;
    for (size_t i = 0; i < FAKE_LIST_MAX; i++) {
        if (client->states[i].instance == self)
            return client->states[i].block;
        if (client->states[i].instance == NULL) {
            client->states[i].instance = self;
            client->states[i].block = calloc(1, instance->table->client_size);
            return client->states[i].block;
        }
    }
    fake_abort("one client in too many instances");
}

static uint64_t host_client_id(const struct sl_client *client)
{
    return client->id;
}

static struct sl_string host_client_address(const struct sl_client *client)
{
    return string_of(client->address);
}

static void host_client_address_bytes(const struct sl_client *client, uint8_t bytes[16])
{
    memcpy(bytes, client->address_bytes, 16);
}

static struct sl_string host_client_endpoint(const struct sl_client *client)
{
    (void)client;
    return string_of("/ws");
}

static struct sl_string host_client_identity(const struct sl_client *client)
{
    return (struct sl_string){client->identity, client->identity_len};
}

static int host_identify(struct sl_instance *self, struct sl_client *client, const char *identity,
                         size_t len)
{
    (void)self;
    if (len == 0 || len >= sizeof client->identity)
        return -1;
    memcpy(client->identity, identity, len);
    client->identity[len] = '\0';
    client->identity_len = len;
    return 0;
}

static int host_client_send(struct sl_client *client, enum sl_message_type type, const char *data,
                            size_t len)
{
    client->sent++;
    client->last_type = type;
    snprintf(client->last_message, sizeof client->last_message, "%.*s", (int)len, data);
    return 0;
}

static enum sl_verdict host_close_with(struct sl_client *client, int code, const char *reason_cstr)
{
    bool sendable = code == 1000 || code == 1001 || code == 1003 ||
                    (code >= 1007 && code <= 1013) || (code >= 3000 && code <= 4999);
    if (!sendable)
        fake_abort("close_with a code that must not be sent");
    if (strlen(reason_cstr) > 123)
        fake_abort("a close reason that would be cut");
    client->close_code = code;
    snprintf(client->close_reason, sizeof client->close_reason, "%s", reason_cstr);
    return SL_CLOSE;
}

static int host_message_replace(const struct sl_message *message, enum sl_message_type type,
                                const char *data, size_t len)
{
    (void)message;
    (void)type;
    (void)data;
    (void)len;
    fake_abort("message_replace is not expected of these plugins");
}

/* ---- other clients: there are none */

static int host_send(const struct sl_instance *self, uint64_t client_id, enum sl_message_type type,
                     const char *data, size_t len)
{
    (void)self;
    (void)client_id;
    (void)type;
    (void)data;
    (void)len;
    return 0;
}

static atomic_ulong closes;

static int host_close(const struct sl_instance *self, uint64_t client_id, int code,
                      const char *reason_cstr)
{
    (void)self;
    (void)client_id;
    (void)code;
    (void)reason_cstr;
    atomic_fetch_add(&closes, 1);
    return 0;
}

unsigned long fake_closes(void)
{
    return atomic_load(&closes);
}

static int host_broadcast(const struct sl_instance *self, const char *endpoint_cstr,
                          enum sl_message_type type, const char *data, size_t len)
{
    (void)self;
    (void)type;
    (void)data;
    (void)len;
    return endpoint_cstr == NULL ? 0 : -1;
}

static int64_t host_client_count(const struct sl_instance *self, const char *endpoint_cstr)
{
    (void)self;
    (void)endpoint_cstr;
    return 0;
}

const struct sl_host fake_host_table = {
    .struct_size = sizeof(struct sl_host),
    .abi_major = SL_ABI_MAJOR,
    .abi_minor = SL_ABI_MINOR,
    .log_enabled = fake_host_log_enabled,
    .log = fake_host_log,
    .fail = fake_host_fail,
    .time_monotonic = fake_host_time,
    .time_wall = fake_host_time,
    .allocate = fake_host_allocate,
    .reallocate = fake_host_reallocate,
    .release = fake_host_release,
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
    .defer = fake_host_defer,
    .offload = fake_host_offload,
    .timer_start = fake_host_timer_start,
    .timer_stop = fake_host_timer_stop,
    .attribute_set = fake_host_attribute_set,
    .attribute = fake_host_attribute,
    .client_is_new = fake_host_client_is_new,
    .request_certificate = fake_host_request_certificate,
    .metric = fake_host_metric,
    .metric_add = fake_host_metric_change,
    .metric_set = fake_host_metric_change,
    .metric_observe = fake_host_metric_change,
    .set_unready = fake_host_set_unready,
    .timeout = fake_host_timeout,
};
