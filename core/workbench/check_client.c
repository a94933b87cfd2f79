#include "workbench/check_client.h"

#include "workbench/situation.h"

#include <stdint.h>
#include <string.h>

struct sl_client *check_client_open(struct fake_instance *instance, const struct subject *subject)
{
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    bool is_in = result.verdict == SL_CONTINUE;
    fake_result_release(&result);
    if (!is_in) {
        fake_client_destroy(client);
        return NULL;
    }
    fake_open(instance, client);
    if (check_client_opens(client))
        return client;
    check_client_leave(instance, client);
    return NULL;
}

bool check_client_opens(struct sl_client *client)
{
    struct fake_result result = {.verdict = SL_CONTINUE};
    fake_settle(client, CHECK_PATIENCE, &result);
    fake_result_release(&result);
    return result.verdict == SL_CONTINUE;
}

struct sl_client *check_client_open_or_skip(struct fake_instance *instance,
                                            const struct subject *subject)
{
    struct sl_client *client = check_client_open(instance, subject);
    if (client == NULL)
        situation_skip("the plugin lets nobody in; a scenario whose first step connects shows how");
    return client;
}

void check_client_leave(struct fake_instance *instance, struct sl_client *client)
{
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    fake_close(instance, client, 1000, true);
    fake_client_destroy(client);
}

bool check_client_send(struct fake_instance *instance, struct sl_client *client,
                       enum sl_message_type type, const char *data, size_t len)
{
    struct fake_result result;
    fake_message(instance, client, type, data, len, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    bool stays = result.verdict != SL_CLOSE;
    fake_result_release(&result);
    return stays;
}

void check_client_refuse(struct fake_instance *instance, const struct subject *subject)
{
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_settle(client, CHECK_PATIENCE, &result);
    fake_result_release(&result);
    fake_client_destroy(client);
}

/* -- messages -- */

static const struct scenario_message plain[] = {
#define TEXT(literal) {SL_TEXT, (char *)(uintptr_t)(literal), sizeof(literal) - 1}
    TEXT("hello"),
    TEXT("{\"type\":\"chat\",\"text\":\"hello\"}"),
    TEXT("{}"),
    TEXT("[1,2,3]"),
    TEXT("{\"subscribe\":\"news\"}"),
    TEXT("\xf0\x9f\x98\x80 gr\xc3\xbc\xc3\x9f"),
    TEXT("a b c d e f g"),
    TEXT("-1"),
    TEXT("null"),
    TEXT(" "),
};
#define PLAIN_COUNT (sizeof plain / sizeof *plain)
#define SCENARIO_COUNT_MAX 20

/* What the scenario's steps have of it; read once a process. */
static struct {
    struct scenario_message messages[SCENARIO_COUNT_MAX];
    size_t message_count;
    const char *topics[SCENARIO_COUNT_MAX]; /* borrowed from the tree */
    size_t topic_count;
    struct scenario_message payloads[SCENARIO_COUNT_MAX];
    size_t payload_count;
    bool is_read;
} own;

static void read_own_step(const struct yaml_node *step)
{
    const struct yaml_node *publish = yaml_node_get(step, "publish");
    const struct yaml_node *subscribe = yaml_node_get(step, "subscribe");
    const struct yaml_node *emit = yaml_node_get(step, "emit");
    const struct yaml_node *send = publish != NULL ? publish : yaml_node_get(step, "send");
    const struct yaml_node *uses = publish != NULL ? publish : subscribe;
    const char *topic = uses != NULL ? scenario_text(uses, "topic") : NULL;
    if (send != NULL && own.message_count < SCENARIO_COUNT_MAX)
        scenario_read_message(send, &own.messages[own.message_count++]);
    if (emit != NULL && own.payload_count < SCENARIO_COUNT_MAX)
        scenario_read_message(emit, &own.payloads[own.payload_count++]);
    if (topic != NULL && own.topic_count < SCENARIO_COUNT_MAX)
        own.topics[own.topic_count++] = topic;
}

static void read_own(const struct yaml_node *scenario)
{
    const struct yaml_node *steps = scenario != NULL ? yaml_node_get(scenario, "steps") : NULL;
    own.is_read = true;
    for (size_t i = 0; steps != NULL && i < steps->count; i++)
        read_own_step(steps->entries[i].value);
}

size_t check_message_count(const struct subject *subject)
{
    if (!own.is_read)
        read_own(subject->scenario);
    return PLAIN_COUNT + own.message_count;
}

const struct scenario_message *check_message(const struct subject *subject, size_t index)
{
    index %= check_message_count(subject);
    return index < PLAIN_COUNT ? &plain[index] : &own.messages[index - PLAIN_COUNT];
}

bool check_client_send_nth(struct fake_instance *instance, struct sl_client *client,
                           const struct subject *subject, size_t index)
{
    const struct scenario_message *message = check_message(subject, index);
    return check_client_send(instance, client, message->type, message->data, message->len);
}

/* -- topics -- */

#define BYTES_51 "123456789 123456789 123456789 123456789 123456789 1"

static const char *const plain_topics[] = {
    "news",
    "x",
    "/rooms/1/../2",
    "a b\tc\nd\r\n\x1b[2J\x7f",
    "%s%n%d {} \\ ' \" <b> ; -- `",
    "gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80 \xe2\x80\xae",
    "+/#/*",
    BYTES_51 BYTES_51 BYTES_51 BYTES_51 BYTES_51, /* as long as a name may be */
};
#define PLAIN_TOPIC_COUNT (sizeof plain_topics / sizeof *plain_topics)

size_t check_topic_count(const struct subject *subject)
{
    if (!own.is_read)
        read_own(subject->scenario);
    return PLAIN_TOPIC_COUNT + own.topic_count;
}

const char *check_topic(const struct subject *subject, size_t index)
{
    index %= check_topic_count(subject);
    return index < PLAIN_TOPIC_COUNT ? plain_topics[index] : own.topics[index - PLAIN_TOPIC_COUNT];
}

void check_client_use_topic(struct fake_instance *instance, struct sl_client *client,
                            const struct subject *subject, size_t index)
{
    const struct scenario_message *message = check_message(subject, index);
    const char *topic = check_topic(subject, index);
    if (!fake_has_topic_hooks(instance))
        return;
    for (int i = 0; i < 2; i++) {
        fake_subscribe(client, topic);
        fake_publish(instance, client, topic, message->type, message->data, message->len, NULL);
    }
}

/* -- events -- */

static const struct {
    const char *kind;
    const char *data;
    size_t len;
    char filling; /* of the longest that there may be, where data is NULL */
} plain_payloads[] = {
#define PAYLOAD(kind, literal) {kind, literal, sizeof(literal) - 1, 0}
    PAYLOAD("a word", "ada"),
    PAYLOAD("JSON", "{\"id\":1,\"name\":\"ada\"}"),
    {"empty, where its emitter has none", NULL, 0, 0},
    PAYLOAD("empty", ""),
    PAYLOAD("a number that is too large", "99999999999999999999999999999999"),
    PAYLOAD("'%s%n%d'", "%s%n%d"),
    PAYLOAD("half of a character", "gr\xc3"),
    PAYLOAD("no UTF-8, with zeros", "\0\xff\xfe\0\x80"),
    {"64 KiB of x", NULL, SL_EVENT_PAYLOAD_MAX, 'x'},
    {"64 KiB of [", NULL, SL_EVENT_PAYLOAD_MAX, '['},
    {"64 KiB of 0xff", NULL, SL_EVENT_PAYLOAD_MAX, '\xff'},
};
#define ORDINARY_PAYLOADS 2u /* the first ones */
#define PLAIN_PAYLOAD_COUNT (sizeof plain_payloads / sizeof *plain_payloads)

size_t check_payload_count(const struct subject *subject)
{
    if (!own.is_read)
        read_own(subject->scenario);
    return PLAIN_PAYLOAD_COUNT + own.payload_count;
}

struct sl_string check_payload(const struct subject *subject, size_t index)
{
    static char longest[SL_EVENT_PAYLOAD_MAX];
    index %= check_payload_count(subject);
    if (index >= PLAIN_PAYLOAD_COUNT) {
        const struct scenario_message *message = &own.payloads[index - PLAIN_PAYLOAD_COUNT];
        return (struct sl_string){message->data, message->len};
    }
    if (plain_payloads[index].filling == 0)
        return (struct sl_string){plain_payloads[index].data, plain_payloads[index].len};
    memset(longest, plain_payloads[index].filling, sizeof longest);
    return (struct sl_string){longest, sizeof longest};
}

const char *check_payload_kind(const struct subject *subject, size_t index)
{
    index %= check_payload_count(subject);
    return index < PLAIN_PAYLOAD_COUNT ? plain_payloads[index].kind : "one of the scenario's";
}

void check_client_hear(struct fake_instance *instance, const char *emitter,
                       struct sl_client *client, const struct subject *subject, size_t index)
{
    const char *name;
    for (size_t i = 0; (name = fake_event_name(instance, i)) != NULL; i++)
        fake_emit(instance, emitter, client, sl_string_of(name), check_payload(subject, index));
}

void check_client_run(struct fake_instance *instance, const struct subject *subject)
{
    struct sl_client *client = check_client_open(instance, subject);
    if (client == NULL)
        return;
    bool stays = true;
    for (size_t i = 0; i < ORDINARY_PAYLOADS; i++)
        check_client_hear(instance, CHECK_EMITTER, client, subject, i);
    for (size_t i = PLAIN_PAYLOAD_COUNT; i < check_payload_count(subject); i++)
        check_client_hear(instance, CHECK_EMITTER, client, subject, i);
    for (size_t i = 0; i < check_topic_count(subject); i++)
        check_client_use_topic(instance, client, subject, i);
    for (size_t i = 0; stays && i < check_message_count(subject); i++)
        stays = check_client_send_nth(instance, client, subject, i);
    if (stays)
        check_client_send(instance, client, SL_BINARY, "\0\xff\x80", 3);
    check_client_leave(instance, client);
}
