/*
 * The functions of struct sl_host as the fake host implements them, except those in fake_later.c.
 */
#include "workbench/fake_internal.h"

#include "base/utf8.h"
#include "ws/frame.h"
#include "delivery/topic.h"
#include "workbench/situation.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX ((size_t)1024 * 1024)
#define LAST_VALUES 64

static struct sl_string text_of(const char *text)
{
    return (struct sl_string){.data = text, .len = strlen(text)};
}

/* -- log, time, memory -- */

static bool log_enabled_always(enum sl_log_level level)
{
    (void)level;
    return true;
}

static void note_log(const struct sl_instance *self, enum sl_log_level level, const char *text,
                     size_t len)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    const char *name = (unsigned)level < 4 ? names[level] : "debug";
    fake_note(FAKE_LOGGED, self, 0, text_of(name), SL_TEXT, (struct sl_string){text, len}, 0);
}

static void note_failure(struct sl_instance *self, const char *text, size_t len)
{
    (void)self;
    snprintf(fake.failure, sizeof fake.failure, "%.*s", (int)len, text);
}

static int64_t monotonic(void)
{
    return fake.now;
}

static int64_t wall(void)
{
    return fake.now + INT64_C(1767225600000000000); /* 2026-01-01 */
}

static bool may_allocate(void)
{
    fake_lock();
    bool fails = ++fake.allocations == fake.fail_at;
    if (!fails)
        fake.live++;
    fake_unlock();
    return !fails;
}

static void *allocate(size_t size)
{
    return may_allocate() ? malloc(size > 0 ? size : 1) : NULL;
}

static void *reallocate(void *memory, size_t size)
{
    fake_lock();
    bool fails = ++fake.allocations == fake.fail_at;
    if (!fails && memory == NULL)
        fake.live++;
    fake_unlock();
    return fails ? NULL : realloc(memory, size > 0 ? size : 1);
}

static void release(void *memory)
{
    if (memory == NULL)
        return;
    fake_lock();
    fake.live--;
    fake_unlock();
    free(memory);
}

/* -- options: a read of the wrong kind is a mistake that the server would answer with 0 -- */

struct read_value {
    const struct sl_value *value;
    char name[64];
};
static struct read_value last_values[LAST_VALUES];
static unsigned last_value;

static const struct sl_value *option(const struct sl_instance *self, const char *name)
{
    const struct fake_instance *instance = (const struct fake_instance *)self;
    const struct option_table *table = &instance->plugin->options;
    bool is_known = false;
    for (size_t i = 0; i < table->count && !is_known; i++)
        is_known = strcmp(option_table_row(table, i)->name, name) == 0;
    if (!is_known)
        situation_fail("the option '%s' is read but is not in the plugin's option table: declare "
                       "it there, or correct its name",
                       name);
    const struct sl_value *value = option_set_get(instance->options, name);
    fake_lock();
    last_values[last_value % LAST_VALUES].value = value;
    snprintf(last_values[last_value % LAST_VALUES].name, sizeof last_values[0].name, "%s", name);
    last_value++;
    fake_unlock();
    return value;
}

static const char *getter_for(enum sl_option_type type)
{
    switch (type) {
    case SL_OPTION_BOOL:
        return "value_bool";
    case SL_OPTION_INTEGER:
    case SL_OPTION_DURATION:
    case SL_OPTION_SIZE:
        return "value_integer";
    case SL_OPTION_NUMBER:
    case SL_OPTION_RATE:
        return "value_number";
    case SL_OPTION_STRINGS:
    case SL_OPTION_MAP:
    case SL_OPTION_MAPS:
        return "value_at and value_member";
    default:
        return "value_string";
    }
}

/* Only for options themselves: inside maps, a plugin may try. */
static void check_getter(const struct sl_value *value, const char *getter)
{
    if (value == NULL)
        return;
    enum sl_option_type type = value_type(value);
    bool is_integer_as_number = type == SL_OPTION_INTEGER && strcmp(getter, "value_number") == 0;
    if (is_integer_as_number || strstr(getter_for(type), getter) != NULL)
        return;
    for (unsigned i = 0; i < LAST_VALUES; i++)
        if (last_values[i].value == value)
            situation_fail("the option '%s' is a %s but was read with %s, which gives nothing; "
                           "use %s",
                           last_values[i].name, option_type_name(type), getter, getter_for(type));
}

static bool get_bool(const struct sl_value *value)
{
    check_getter(value, "value_bool");
    return value_bool(value);
}

static int64_t get_integer(const struct sl_value *value)
{
    check_getter(value, "value_integer");
    return value_integer(value);
}

static double get_number(const struct sl_value *value)
{
    check_getter(value, "value_number");
    return value_number(value);
}

static struct sl_string get_string(const struct sl_value *value)
{
    check_getter(value, "value_string");
    return value_string(value);
}

/* -- the request -- */

static struct fake_request *request_of(const struct sl_request *request)
{
    struct fake_request *current = fake.running.request;
    if (current == NULL || request != current->seen)
        situation_fail("a request function was called outside on_connect, or with another "
                       "request than the hook's");
    return current;
}

static bool lend(struct fake_request *request, const char *text, const char *what,
                 struct sl_string *found)
{
    if (request->loan_count == sizeof request->loans / sizeof *request->loans)
        request->loan_count--; /* That one stays lent. */
    found->len = strlen(text);
    found->data = borrowed_lend(text, found->len, 1, what, &request->loans[request->loan_count++]);
    return true;
}

static bool find(const struct sl_request *seen, const struct fake_pairs *pairs, const char *name,
                 bool any_case, const char *what, struct sl_string *found)
{
    struct fake_request *request = request_of(seen);
    for (size_t i = 0; i < pairs->count; i++) {
        int differs = any_case ? strcasecmp(pairs->names[i], name) : strcmp(pairs->names[i], name);
        if (differs == 0)
            return lend(request, pairs->values[i], what, found);
    }
    return false;
}

static const struct fake_arrival *arrival_of(const struct sl_request *request)
{
    return &request_of(request)->client->arrival;
}

static bool request_header(const struct sl_request *request, const char *name,
                           struct sl_string *found)
{
    return find(request, &arrival_of(request)->headers, name, true, "a header of the request",
                found);
}

static bool request_query(const struct sl_request *request, const char *name,
                          struct sl_string *found)
{
    return find(request, &arrival_of(request)->query, name, false,
                "a query parameter of the request", found);
}

static bool request_cookie(const struct sl_request *request, const char *name,
                           struct sl_string *found)
{
    return find(request, &arrival_of(request)->cookies, name, false, "a cookie of the request",
                found);
}

static bool request_subprotocol(const struct sl_request *request, size_t index,
                                struct sl_string *found)
{
    const struct fake_arrival *arrival = arrival_of(request);
    return index < arrival->subprotocol_count &&
           lend(request_of(request), arrival->subprotocols[index], "a subprotocol of the request",
                found);
}

static bool request_certificate(const struct sl_request *request, enum sl_certificate_field field,
                                size_t index, struct sl_string *found)
{
    static const char *const names[] = {"",       "subject", "common_name", "issuer", "serial",
                                        "sha256", "dns",     "email",       "uri"};
    const struct fake_pairs *pairs = &arrival_of(request)->certificate;
    if ((unsigned)field >= sizeof names / sizeof *names)
        return false;
    for (size_t i = 0; i < pairs->count; i++)
        if (strcmp(pairs->names[i], names[field]) == 0 && index-- == 0)
            return lend(request_of(request), pairs->values[i], "a field of the certificate", found);
    return false;
}

static int select_subprotocol(struct sl_request *request, const char *name)
{
    const struct fake_arrival *arrival = arrival_of(request);
    for (size_t i = 0; i < arrival->subprotocol_count; i++) {
        if (strcmp(arrival->subprotocols[i], name) != 0)
            continue;
        snprintf(fake.running.result->subprotocol, sizeof fake.running.result->subprotocol, "%s",
                 name);
        return 0;
    }
    return -1;
}

static enum sl_verdict deny(struct sl_request *request, int status, const char *reason)
{
    struct fake_result *result = request_of(request)->result;
    if (status < 400 || status > 599)
        situation_fail("host->deny was given status %d; a refusal has 400 to 599", status);
    result->code = status;
    snprintf(result->reason, sizeof result->reason, "%s", reason != NULL ? reason : "");
    return SL_DENY;
}

static int deny_header(struct sl_request *request, const char *name, const char *value)
{
    struct fake_result *result = request_of(request)->result;
    size_t used = strlen(result->headers);
    if (strpbrk(name, "\r\n: ") != NULL || strpbrk(value, "\r\n") != NULL)
        return -1;
    snprintf(result->headers + used, sizeof result->headers - used, "%s: %s\n", name, value);
    return 0;
}

/* -- the client -- */

static void check_client(const struct sl_client *client, const char *function)
{
    const struct sl_client *known = fake.clients;
    while (known != NULL && known != client)
        known = known->next;
    if (known == NULL)
        situation_fail("host->%s was given a client that is gone: a client is borrowed for one "
                       "call of a hook; keep its id (host->client_id) instead",
                       function);
}

struct sl_client *fake_client_by_id(uint64_t id)
{
    struct sl_client *client = fake.clients;
    while (client != NULL && client->id != id)
        client = client->next;
    return client;
}

static void *client_state(const struct sl_instance *self, struct sl_client *client)
{
    struct fake_instance *instance = (struct fake_instance *)(uintptr_t)self;
    size_t size = instance->plugin->table.client_size;
    check_client(client, "client_state");
    if (size == 0)
        return NULL;
    for (size_t i = 0; i < client->block_count; i++)
        if (client->blocks[i].instance == instance)
            return client->blocks[i].memory;
    char *memory = calloc(1, size + CANARY_SIZE);
    if (memory == NULL || client->block_count == FAKE_INSTANCES_MAX)
        abort();
    memset(memory + size, CANARY, CANARY_SIZE);
    client->blocks[client->block_count++] =
        (struct state_block){.instance = instance, .memory = memory};
    return memory;
}

static uint64_t client_id(const struct sl_client *client)
{
    check_client(client, "client_id");
    return client->id;
}

static struct sl_string client_address(const struct sl_client *client)
{
    check_client(client, "client_address");
    return text_of(client->address);
}

static void client_address_bytes(const struct sl_client *client, uint8_t bytes[16])
{
    check_client(client, "client_address_bytes");
    memcpy(bytes, client->address_bytes, 16);
}

static struct sl_string client_endpoint(const struct sl_client *client)
{
    check_client(client, "client_endpoint");
    return text_of(client->endpoint);
}

static struct sl_string client_identity(const struct sl_client *client)
{
    check_client(client, "client_identity");
    return text_of(client->identity);
}

static int identify(struct sl_instance *self, struct sl_client *client, const char *identity,
                    size_t len)
{
    (void)self;
    check_client(client, "identify");
    if (!client->is_connecting || !topic_is_name(identity, len))
        return -1;
    snprintf(client->identity, sizeof client->identity, "%.*s", (int)len, identity);
    return 0;
}

static bool is_sendable(enum sl_message_type type, const char *data, size_t len)
{
    return type == SL_BINARY || (type == SL_TEXT && utf8_is_valid(data, len));
}

static int client_send(struct sl_client *client, enum sl_message_type type, const char *data,
                       size_t len)
{
    check_client(client, "client_send");
    if (!client->is_open || !is_sendable(type, data, len))
        return -1;
    fake_note(FAKE_SENT, fake.running.instance != NULL ? &fake.running.instance->seen : NULL,
              client->id, text_of(""), type, (struct sl_string){data, len}, 0);
    return 0;
}

static enum sl_verdict close_with(struct sl_client *client, int code, const char *reason)
{
    check_client(client, "close_with");
    if (!close_code_may_be_sent(code))
        situation_fail("host->close_with was given code %d, which a server may not send; use 1000, "
                       "1001, 1003, 1007 to 1013 or 3000 to 4999",
                       code);
    if (fake.running.payload == NULL)
        situation_fail("host->close_with was called outside on_message; use host->close");
    fake.running.result->code = code;
    snprintf(fake.running.result->reason, sizeof fake.running.result->reason, "%s",
             reason != NULL ? reason : "");
    return SL_CLOSE;
}

static struct attribute_pair **find_attribute(struct sl_client *client, const char *name)
{
    struct attribute_pair **link = &client->attributes;
    while (*link != NULL && strcmp((*link)->name, name) != 0)
        link = &(*link)->next;
    return link;
}

static int attribute_set(struct sl_instance *self, struct sl_client *client, const char *name,
                         const char *value, size_t len)
{
    (void)self;
    check_client(client, "attribute_set");
    if (strlen(name) == 0 || strlen(name) > 63 || len > 4095)
        return -1;
    struct attribute_pair **link = find_attribute(client, name);
    struct attribute_pair *old = *link;
    if (old != NULL) {
        *link = old->next;
        free(old->name);
        free(old->value);
        free(old);
    }
    if (value == NULL)
        return 0;
    struct attribute_pair *pair = calloc(1, sizeof *pair);
    if (pair == NULL)
        abort();
    *pair = (struct attribute_pair){
        .next = client->attributes, .name = strdup(name), .value = strndup(value, len), .len = len};
    client->attributes = pair;
    return 0;
}

static bool attribute(const struct sl_client *client, const char *name, struct sl_string *found)
{
    check_client(client, "attribute");
    const struct attribute_pair *pair =
        *find_attribute((struct sl_client *)(uintptr_t)client, name);
    if (pair == NULL)
        return false;
    *found = (struct sl_string){.data = pair->value, .len = pair->len};
    return true;
}

static bool client_is_new(const struct sl_client *client)
{
    check_client(client, "client_is_new");
    return !client->is_carried_over;
}

/* -- the message -- */

void fake_payload_replace(struct fake_payload *payload, enum sl_message_type type, const char *data,
                          size_t len)
{
    struct loan *before = payload->data_loan;
    payload->seen->data = borrowed_lend(data, len, 1, "the message's data", &payload->data_loan);
    payload->seen->len = len;
    payload->seen->type = type;
    if (payload->old_count < sizeof payload->old_loans / sizeof *payload->old_loans)
        payload->old_loans[payload->old_count++] = before; /* Until the hook returns. */
    else
        borrowed_end(before);
}

static struct fake_payload *payload_of(const struct sl_message *message, const char *function)
{
    struct fake_payload *payload = fake.running.payload;
    if (payload == NULL || payload->seen != message)
        situation_fail("host->%s was called outside on_message, or with another message than the "
                       "hook's; a completion brings its replacement along",
                       function);
    return payload;
}

static int message_replace(const struct sl_message *message, enum sl_message_type type,
                           const char *data, size_t len)
{
    struct fake_payload *payload = payload_of(message, "message_replace");
    if (len > MESSAGE_MAX || !is_sendable(type, data, len))
        return -1;
    fake_payload_replace(payload, type, data, len);
    return 0;
}

static int message_topic(const struct sl_message *message, const char *topic, size_t len)
{
    struct fake_payload *payload = payload_of(message, "message_topic");
    if (len > 0 && !topic_is_name(topic, len))
        return -1;
    snprintf(payload->topic, sizeof payload->topic, "%.*s", (int)len, topic);
    return 0;
}

/* -- other clients -- */

static int send_by_id(const struct sl_instance *self, uint64_t id, enum sl_message_type type,
                      const char *data, size_t len)
{
    if (!is_sendable(type, data, len))
        return -1;
    fake_note(FAKE_SENT, self, id, text_of(""), type, (struct sl_string){data, len}, 0);
    return 0;
}

static int close_by_id(const struct sl_instance *self, uint64_t id, int code, const char *reason)
{
    fake_note(FAKE_CLOSED, self, id, text_of(""), SL_TEXT, text_of(reason != NULL ? reason : ""),
              code);
    return 0;
}

static int broadcast(const struct sl_instance *self, const char *endpoint,
                     enum sl_message_type type, const char *data, size_t len)
{
    if (!is_sendable(type, data, len))
        return -1;
    fake_note(FAKE_BROADCAST, self, 0, text_of(endpoint != NULL ? endpoint : self->endpoint), type,
              (struct sl_string){data, len}, 0);
    return 0;
}

static int64_t client_count(const struct sl_instance *self, const char *endpoint)
{
    int64_t count = 0;
    (void)self;
    (void)endpoint;
    fake_lock();
    for (const struct sl_client *client = fake.clients; client != NULL; client = client->next)
        count += client->is_open;
    fake_unlock();
    return count;
}

/* -- topics -- */

static struct topic_entry **find_topic(struct sl_client *client, const char *name, size_t len)
{
    struct topic_entry **link = &client->topics;
    while (*link != NULL && (strlen((*link)->name) != len || memcmp((*link)->name, name, len) != 0))
        link = &(*link)->next;
    return link;
}

static int subscribe(struct sl_client *client, const char *topic, size_t len)
{
    check_client(client, "subscribe");
    if (!client->is_open || !topic_is_name(topic, len))
        return -1;
    if (*find_topic(client, topic, len) != NULL)
        return 0;
    struct topic_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        abort();
    memcpy(entry->name, topic, len);
    entry->next = client->topics;
    client->topics = entry;
    return 0;
}

static void unsubscribe(struct sl_client *client, const char *topic, size_t len)
{
    check_client(client, "unsubscribe");
    struct topic_entry **link = find_topic(client, topic, len);
    struct topic_entry *entry = *link;
    if (entry == NULL)
        return;
    *link = entry->next;
    free(entry);
}

static int publish(const struct sl_instance *self, const char *endpoint, const char *topic,
                   size_t topic_len, enum sl_message_type type, const char *data, size_t len)
{
    (void)endpoint;
    if (!topic_is_name(topic, topic_len) || !is_sendable(type, data, len))
        return -1;
    fake_note(FAKE_PUBLISHED, self, 0, (struct sl_string){topic, topic_len}, type,
              (struct sl_string){data, len}, 0);
    return 0;
}

static int send_to_identity(const struct sl_instance *self, const char *endpoint,
                            const char *identity, size_t identity_len, enum sl_message_type type,
                            const char *data, size_t len)
{
    (void)endpoint;
    if (!topic_is_name(identity, identity_len) || !is_sendable(type, data, len))
        return -1;
    fake_note(FAKE_ADDRESSED, self, 0, (struct sl_string){identity, identity_len}, type,
              (struct sl_string){data, len}, 0);
    return 0;
}

static int64_t topic_count_of(const struct sl_instance *self, const char *endpoint,
                              const char *topic, size_t len)
{
    int64_t count = 0;
    (void)self;
    (void)endpoint;
    fake_lock();
    for (struct sl_client *client = fake.clients; client != NULL; client = client->next)
        count += client->is_open && *find_topic(client, topic, len) != NULL;
    fake_unlock();
    return count;
}

static int64_t identity_count(const struct sl_instance *self, const char *endpoint,
                              const char *identity, size_t len)
{
    int64_t count = 0;
    (void)self;
    (void)endpoint;
    fake_lock();
    for (const struct sl_client *client = fake.clients; client != NULL; client = client->next)
        count += client->is_open && strlen(client->identity) == len &&
                 memcmp(client->identity, identity, len) == 0;
    fake_unlock();
    return count;
}

/* -- metrics -- */

struct sl_metric {
    struct sl_metric *next;
    enum sl_metric_kind kind;
    char name[64];
    double value; /* of a histogram: how many observations */
};

static struct sl_metric *metric(struct sl_instance *self, enum sl_metric_kind kind,
                                const char *name, const char *help, const double *buckets,
                                size_t bucket_count)
{
    struct fake_instance *instance = (struct fake_instance *)self;
    if (instance->is_created)
        situation_fail("host->metric was called outside create, where metrics are registered");
    if (help == NULL || (kind == SL_HISTOGRAM) != (buckets != NULL && bucket_count > 0) ||
        !islower((unsigned char)name[0]) ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return NULL;
    struct sl_metric *made = calloc(1, sizeof *made);
    if (made == NULL)
        abort();
    made->kind = kind;
    snprintf(made->name, sizeof made->name, "%s", name);
    made->next = fake.metrics;
    fake.metrics = made;
    return made;
}

static void metric_add(struct sl_metric *made, double amount)
{
    if (made == NULL)
        return;
    if (made->kind == SL_COUNTER && amount < 0)
        situation_fail("the counter '%s' was made smaller; a counter only grows, use a gauge",
                       made->name);
    fake_lock();
    made->value += amount;
    fake_unlock();
}

static void metric_set(struct sl_metric *made, double value)
{
    if (made == NULL)
        return;
    if (made->kind != SL_GAUGE)
        situation_fail("'%s' was set, but is no gauge", made->name);
    fake_lock();
    made->value = value;
    fake_unlock();
}

static void metric_observe(struct sl_metric *made, double value)
{
    (void)value;
    if (made == NULL)
        return;
    if (made->kind != SL_HISTOGRAM)
        situation_fail("'%s' observed a value, but is no histogram", made->name);
    fake_lock();
    made->value++;
    fake_unlock();
}

/* Nobody asks a scenario's server whether it is ready. */
static void set_unready(struct sl_instance *self, const char *reason_cstr)
{
    (void)self;
    if (reason_cstr != NULL && reason_cstr[0] == '\0')
        situation_fail("host->set_unready needs a sentence, or NULL");
}

static int64_t stage_timeout(const struct sl_instance *self)
{
    (void)self;
    return FAKE_TIMEOUT;
}

double fake_metric(const char *name, bool *found)
{
    double sum = 0;
    *found = false;
    for (const struct sl_metric *made = fake.metrics; made != NULL; made = made->next) {
        if (strcmp(made->name, name) != 0)
            continue;
        *found = true;
        sum += made->value;
    }
    return sum;
}

const struct sl_host *fake_host(void)
{
    static const struct sl_host host = {
        .struct_size = sizeof host,
        .abi_major = SL_ABI_MAJOR,
        .abi_minor = SL_ABI_MINOR,
        .log_enabled = log_enabled_always,
        .log = note_log,
        .fail = note_failure,
        .time_monotonic = monotonic,
        .time_wall = wall,
        .allocate = allocate,
        .reallocate = reallocate,
        .release = release,
        .option = option,
        .value_type = value_type,
        .value_bool = get_bool,
        .value_integer = get_integer,
        .value_number = get_number,
        .value_string = get_string,
        .value_count = value_count,
        .value_at = value_at,
        .value_key = value_key,
        .value_member = value_member,
        .request_header = request_header,
        .request_query = request_query,
        .request_cookie = request_cookie,
        .request_subprotocol = request_subprotocol,
        .select_subprotocol = select_subprotocol,
        .deny = deny,
        .deny_header = deny_header,
        .client_state = client_state,
        .client_id = client_id,
        .client_address = client_address,
        .client_address_bytes = client_address_bytes,
        .client_endpoint = client_endpoint,
        .client_identity = client_identity,
        .identify = identify,
        .client_send = client_send,
        .close_with = close_with,
        .message_replace = message_replace,
        .send = send_by_id,
        .close = close_by_id,
        .broadcast = broadcast,
        .client_count = client_count,
        .defer = fake_defer,
        .complete = fake_complete,
        .offload = fake_offload,
        .timer_start = fake_timer_start,
        .timer_stop = fake_timer_stop,
        .subscribe = subscribe,
        .unsubscribe = unsubscribe,
        .message_topic = message_topic,
        .publish = publish,
        .send_to_identity = send_to_identity,
        .topic_count = topic_count_of,
        .identity_count = identity_count,
        .attribute_set = attribute_set,
        .attribute = attribute,
        .client_is_new = client_is_new,
        .request_certificate = request_certificate,
        .metric = metric,
        .metric_add = metric_add,
        .metric_set = metric_set,
        .metric_observe = metric_observe,
        .set_unready = set_unready,
        .timeout = stage_timeout,
    };
    return &host;
}
