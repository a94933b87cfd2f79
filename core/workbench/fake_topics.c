/*
 * What plugins send: to their client, to others, to endpoints, topics and identities.
 */
#include "workbench/fake_internal.h"

#include "base/utf8.h"
#include "delivery/topic.h"
#include "pipeline/chain_topics.h"

struct fake_topic {
    struct fake_topic *next;
    char name[256];
};

bool fake_is_sendable(enum sl_message_type type, const char *data, size_t len)
{
    return type == SL_BINARY || (type == SL_TEXT && utf8_is_valid(data, len));
}

static int note_message(enum fake_event_kind kind, const struct sl_instance *by, uint64_t client_id,
                        struct sl_string target, enum sl_message_type type, const char *data,
                        size_t len)
{
    if (!fake_is_sendable(type, data, len))
        return -1;
    if (fake_is_watching())
        return 0;
    fake_note(kind, by, client_id, target, type, (struct sl_string){data, len}, 0);
    return 0;
}

/* -- single clients -- */

static int note_to_client(struct sl_client *client, enum sl_message_type type, const char *data,
                          size_t len)
{
    const struct instance *by = fake_running.instance;
    return client->is_open
               ? note_message(FAKE_SENT, by != NULL ? &by->seen : NULL, fake_client_number(client),
                              fake_string(""), type, data, len)
               : -1;
}

static int send_to_client(struct sl_client *client, enum sl_message_type type, const char *data,
                          size_t len)
{
    fake_check_client(client, "client_send");
    return note_to_client(client, type, data, len);
}

/* Nobody is slow here, so that it differs from the other in nothing that could be seen. */
static int send_control_to_client(struct sl_client *client, enum sl_message_type type,
                                  const char *data, size_t len)
{
    fake_check_client(client, "client_send_control");
    return note_to_client(client, type, data, len);
}

static int send_by_id(const struct sl_instance *self, uint64_t id, enum sl_message_type type,
                      const char *data, size_t len)
{
    return note_message(FAKE_SENT, self, id, fake_string(""), type, data, len);
}

static int close_by_id(const struct sl_instance *self, uint64_t id, int code, const char *reason)
{
    if (fake_is_watching())
        return 0;
    fake_note(FAKE_CLOSED, self, id, fake_string(""), SL_TEXT,
              fake_string(reason != NULL ? reason : ""), code);
    return 0;
}

/* -- endpoints: also those that are not there may be sent something -- */

static int broadcast(const struct sl_instance *self, const char *endpoint,
                     enum sl_message_type type, const char *data, size_t len)
{
    return note_message(FAKE_BROADCAST, self, 0,
                        fake_string(endpoint != NULL ? endpoint : self->endpoint), type, data, len);
}

/* -- topics and identities -- */

static struct fake_topic **find_topic(struct fake_client *client, const char *name, size_t len)
{
    struct fake_topic **link = &client->topics;
    while (*link != NULL && (strlen((*link)->name) != len || memcmp((*link)->name, name, len) != 0))
        link = &(*link)->next;
    return link;
}

static int subscribe_for(struct sl_client *seen, const struct instance *by, const char *topic,
                         size_t len)
{
    struct fake_client *client = fake_client_of(seen);
    if (!seen->is_open || !topic_is_name(topic, len))
        return -1;
    if (fake_is_watching() || *find_topic(client, topic, len) != NULL)
        return 0;
    if (!chain_lets_subscribe(seen, by, topic, len))
        return SL_REFUSED;
    struct fake_topic *entry = fake_zalloc(sizeof *entry);
    memcpy(entry->name, topic, len);
    entry->next = client->topics;
    client->topics = entry;
    return 0;
}

static int subscribe(struct sl_client *seen, const char *topic, size_t len)
{
    fake_check_client(seen, "subscribe");
    if (fake_runs_on_subscribe() && !fake_allows_any_verdict())
        fake_fail("on_subscribe called host->subscribe, which returns SL_REFUSED there: nobody can "
                  "be subscribed in on_subscribe; do it in another hook");
    return subscribe_for(seen, fake_running.instance, topic, len);
}

bool fake_is_subscribed(struct sl_client *client, const char *topic)
{
    return *find_topic(fake_client_of(client), topic, strlen(topic)) != NULL;
}

enum sl_verdict fake_subscribe(struct sl_client *client, const char *topic)
{
    int result = subscribe_for(client, NULL, topic, strlen(topic));
    return result == 0 ? SL_CONTINUE : result == SL_REFUSED ? SL_DENY : SL_ERROR;
}

static bool next_topic(const struct sl_client *seen, uint64_t *cursor, struct sl_string *topic)
{
    const struct fake_topic *next = ((const struct fake_client *)seen)->topics;
    uint64_t length = 0;
    fake_check_client(seen, "client_topics");
    for (const struct fake_topic *each = next; each != NULL; each = each->next)
        length++;
    /* As in the server: one more than what is still to come, from the end; 0: all. */
    uint64_t left = *cursor == 0 || *cursor > length ? length : *cursor - 1;
    for (uint64_t passed = length - left; passed > 0 && next != NULL; passed--)
        next = next->next;
    if (next == NULL)
        return false;
    *cursor = left;
    *topic = fake_string(next->name);
    return true;
}

static void remove_topic(struct fake_topic **link)
{
    struct fake_topic *entry = *link;
    *link = entry->next;
    free(entry);
}

static void unsubscribe(struct sl_client *client, const char *topic, size_t len)
{
    fake_check_client(client, "unsubscribe");
    struct fake_topic **link = find_topic(fake_client_of(client), topic, len);
    if (*link != NULL && !fake_is_watching())
        remove_topic(link);
}

void fake_topics_release(struct fake_client *client)
{
    while (client->topics != NULL)
        remove_topic(&client->topics);
}

bool fake_lets_publish(struct sl_client *client, struct sl_client *origin,
                       const struct instance *by, struct sl_string topic, struct message *message)
{
    const struct publication publication = {.chain = client->chain,
                                            .loop = chain_loop_of(client),
                                            .by = by,
                                            .origin = origin,
                                            .topic = topic.data,
                                            .len = topic.len,
                                            .message = message};
    return chain_lets_publish(&publication);
}

/* Other plugins are asked where there is a client of theirs: in its hooks. */
static int publish(const struct sl_instance *self, const char *endpoint, const char *topic,
                   size_t topic_len, enum sl_message_type type, const char *data, size_t len)
{
    struct sl_client *client = fake_running.client;
    const struct sl_string name = {topic, topic_len};
    struct message message;
    int result = SL_REFUSED;
    (void)endpoint;
    if (fake_runs_on_publish() && !fake_allows_any_verdict())
        fake_fail("on_publish called host->publish, which returns SL_REFUSED there: nothing can be "
                  "published to topics in on_publish; use host->offload, and publish in its done");
    if (!topic_is_name(topic, topic_len) || !fake_is_sendable(type, data, len))
        return -1;
    message_init(&message, FAKE_MESSAGE_MAX, type == SL_BINARY ? OPCODE_BINARY : OPCODE_TEXT,
                 (const uint8_t *)data, len);
    if (client == NULL || client->chain == NULL || fake_is_watching() ||
        fake_lets_publish(client, client->is_open ? client : NULL, (const struct instance *)self,
                          name, &message))
        result = note_message(FAKE_PUBLISHED, self, 0, name, message.seen.type, message.seen.data,
                              message.seen.len);
    message_deinit(&message);
    return result;
}

static int send_to_identity(const struct sl_instance *self, const char *endpoint,
                            const char *identity, size_t identity_len, enum sl_message_type type,
                            const char *data, size_t len)
{
    (void)endpoint;
    return topic_is_name(identity, identity_len)
               ? note_message(FAKE_ADDRESSED, self, 0, (struct sl_string){identity, identity_len},
                              type, data, len)
               : -1;
}

/* -- how many there are -- */

typedef bool predicate(struct fake_client *client, const char *name, size_t len);

static bool is_anybody(struct fake_client *client, const char *name, size_t len)
{
    (void)client;
    (void)name;
    (void)len;
    return true;
}

static bool is_subscriber(struct fake_client *client, const char *name, size_t len)
{
    return *find_topic(client, name, len) != NULL;
}

static bool is_identified(struct fake_client *client, const char *name, size_t len)
{
    const char *identity = fake_client_name(&client->seen);
    return strlen(identity) == len && memcmp(identity, name, len) == 0;
}

static int64_t count_at(const struct sl_instance *self, const char *path, predicate *fits,
                        const char *name, size_t len)
{
    const char *endpoint = fake_endpoint(self, path);
    int64_t count = 0;
    if (endpoint == NULL)
        return -1;
    fake_lock();
    for (struct fake_client *client = fake.clients; client != NULL; client = client->next)
        count += fake_is_at(client, endpoint) && fits(client, name, len);
    fake_unlock();
    return count;
}

static int64_t count_clients_everywhere(void)
{
    int64_t count = 0;
    fake_lock();
    for (const struct fake_client *client = fake.clients; client != NULL; client = client->next)
        count += client->seen.is_open;
    fake_unlock();
    return count;
}

static int64_t count_clients(const struct sl_instance *self, const char *path)
{
    if (path != NULL && strcmp(path, "*") == 0)
        return count_clients_everywhere();
    return count_at(self, path, is_anybody, "", 0);
}

static int64_t count_subscribers(const struct sl_instance *self, const char *path,
                                 const char *topic, size_t len)
{
    return count_at(self, path, is_subscriber, topic, len);
}

static int64_t count_identified(const struct sl_instance *self, const char *path,
                                const char *identity, size_t len)
{
    return count_at(self, path, is_identified, identity, len);
}

void fake_topics_provide(struct sl_host *host)
{
    host->client_send = send_to_client;
    host->client_send_control = send_control_to_client;
    host->send = send_by_id;
    host->send_control = send_by_id;
    host->close = close_by_id;
    host->broadcast = broadcast;
    host->client_count = count_clients;
    host->subscribe = subscribe;
    host->client_topics = next_topic;
    host->unsubscribe = unsubscribe;
    host->publish = publish;
    host->send_to_identity = send_to_identity;
    host->topic_count = count_subscribers;
    host->identity_count = count_identified;
}
