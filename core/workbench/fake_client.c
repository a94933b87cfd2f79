/*
 * Fake clients, and the state that instances keep for them.
 */
#include "workbench/fake_internal.h"

#include "delivery/topic.h"

#include <arpa/inet.h>
#include <stdio.h>

void fake_client_move(struct sl_client *client, const char *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    snprintf(client->address, sizeof client->address, "%s", address);
    memcpy(client->address_bytes, mapped, sizeof mapped);
    if (inet_pton(AF_INET, address, client->address_bytes + 12) != 1)
        inet_pton(AF_INET6, address, client->address_bytes);
}

struct sl_client *fake_client_create(const struct fake_arrival *arrival)
{
    struct sl_client *client = fake_zalloc(sizeof *client);
    if (arrival != NULL)
        client->arrival = *arrival;
    fake_client_move(client,
                     client->arrival.address != NULL ? client->arrival.address : "127.0.0.1");
    snprintf(client->endpoint, sizeof client->endpoint, "%s",
             client->arrival.path != NULL ? client->arrival.path : "/ws");
    fake_lock();
    client->id = fake.next_id++;
    client->next = fake.clients;
    fake.clients = client;
    fake_unlock();
    return client;
}

struct sl_client *fake_client_at(const char *address)
{
    return fake_client_create(&(struct fake_arrival){.address = address});
}

void fake_client_destroy(struct sl_client *client)
{
    struct sl_client **link = &fake.clients;
    fake_cancel(client, SL_CANCEL_CLIENT_GONE);
    fake_lock();
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    fake_unlock();
    fake_attributes_release(client);
    fake_topics_release(client);
    for (size_t i = 0; i < client->state_count; i++)
        free(client->states[i].memory);
    free(client);
}

void fake_client_identify(struct sl_client *client, const char *identity)
{
    snprintf(client->identity, sizeof client->identity, "%s", identity);
}

uint64_t fake_client_number(const struct sl_client *client)
{
    return client->id;
}

bool fake_client_is_open(const struct sl_client *client)
{
    return client->is_open;
}

const char *fake_client_name(const struct sl_client *client)
{
    return client->identity;
}

struct sl_client *fake_client_by_id(uint64_t id)
{
    fake_lock();
    struct sl_client *client = fake.clients;
    while (client != NULL && client->id != id)
        client = client->next;
    fake_unlock();
    return client;
}

void fake_check_client(const struct sl_client *client, const char *function)
{
    fake_lock();
    const struct sl_client *known = fake.clients;
    while (known != NULL && known != client)
        known = known->next;
    fake_unlock();
    if (known == NULL)
        fake_fail("host->%s was given a client that is gone: a client is borrowed for one call of "
                  "a hook; keep its id (host->client_id) instead",
                  function);
}

/* -- state -- */

void *fake_state_create(size_t size)
{
    char *memory = fake_zalloc(size + FAKE_CANARY_SIZE);
    memset(memory + size, FAKE_CANARY, FAKE_CANARY_SIZE);
    return memory;
}

static void *client_state(const struct sl_instance *self, struct sl_client *client)
{
    const struct fake_instance *instance = (const struct fake_instance *)self;
    size_t size = instance->plugin->table.client_size;
    fake_check_client(client, "client_state");
    if (size == 0)
        return NULL;
    for (size_t i = 0; i < client->state_count; i++)
        if (client->states[i].instance == instance)
            return client->states[i].memory;
    if (client->state_count == FAKE_INSTANCES_MAX)
        fake_fail("one client has states for more than %d instances", FAKE_INSTANCES_MAX);
    void *memory = fake_state_create(size);
    client->states[client->state_count++] = (struct fake_state){instance, memory};
    return memory;
}

static void check_canary(const char *memory, size_t size, const char *hook, const char *whose,
                         const char *member)
{
    for (size_t i = 0; memory != NULL && i < FAKE_CANARY_SIZE; i++)
        if ((unsigned char)memory[size + i] != FAKE_CANARY)
            fake_fail("%s wrote past the end of the %s state (%zu bytes): is %s in the plugin's "
                      "table the size of the struct that is kept there?",
                      hook, whose, size, member);
}

static void check_client_canaries(const struct fake_instance *instance,
                                  const struct sl_client *client, const char *hook)
{
    for (size_t i = 0; i < client->state_count; i++)
        if (client->states[i].instance == instance)
            check_canary(client->states[i].memory, instance->plugin->table.client_size, hook,
                         "client", "client_size");
}

void fake_check_canaries(const struct fake_instance *instance, const struct sl_client *client,
                         const char *hook)
{
    const struct sl_plugin *table = &instance->plugin->table;
    if (table->instance_size > 0)
        check_canary(instance->seen.state, table->instance_size, hook, "instance", "instance_size");
    if (client != NULL) {
        check_client_canaries(instance, client, hook);
        return;
    }
    fake_lock();
    for (client = fake.clients; client != NULL; client = client->next)
        check_client_canaries(instance, client, hook);
    fake_unlock();
}

/* -- what plugins may ask -- */

static uint64_t client_id(const struct sl_client *client)
{
    fake_check_client(client, "client_id");
    return client->id;
}

static struct sl_string client_address(const struct sl_client *client)
{
    fake_check_client(client, "client_address");
    return fake_string(client->address);
}

static void client_address_bytes(const struct sl_client *client, uint8_t bytes[16])
{
    fake_check_client(client, "client_address_bytes");
    memcpy(bytes, client->address_bytes, 16);
}

static struct sl_string client_endpoint(const struct sl_client *client)
{
    fake_check_client(client, "client_endpoint");
    return fake_string(client->endpoint);
}

static struct sl_string client_identity(const struct sl_client *client)
{
    fake_check_client(client, "client_identity");
    return fake_string(client->identity);
}

/* No client outlives a reload here. */
static bool client_is_new(const struct sl_client *client)
{
    fake_check_client(client, "client_is_new");
    return true;
}

static int identify_client(struct sl_instance *self, struct sl_client *client, const char *identity,
                           size_t len)
{
    (void)self;
    fake_check_client(client, "identify");
    if (!client->is_connecting || !topic_is_name(identity, len))
        return -1;
    snprintf(client->identity, sizeof client->identity, "%.*s", (int)len, identity);
    return 0;
}

void fake_client_provide(struct sl_host *host)
{
    host->client_state = client_state;
    host->client_id = client_id;
    host->client_address = client_address;
    host->client_address_bytes = client_address_bytes;
    host->client_endpoint = client_endpoint;
    host->client_identity = client_identity;
    host->client_is_new = client_is_new;
    host->identify = identify_client;
}
