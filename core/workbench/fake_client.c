/*
 * Fake clients, and the state that instances keep for them.
 */
#include "workbench/fake_internal.h"

#include "pipeline/hook.h"

#include <arpa/inet.h>
#include <stdio.h>

void fake_client_move(struct sl_client *seen, const char *address)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct fake_client *client = fake_client_of(seen);
    snprintf(client->address, sizeof client->address, "%s", address);
    memcpy(client->address_bytes, mapped, sizeof mapped);
    if (inet_pton(AF_INET, address, client->address_bytes + 12) != 1)
        inet_pton(AF_INET6, address, client->address_bytes);
}

struct sl_client *fake_client_create(const struct fake_upgrade *upgrade)
{
    struct fake_client *client = fake_zalloc(sizeof *client);
    sl_client_init(&client->seen, NULL, 0);
    if (upgrade != NULL)
        client->request = *upgrade;
    fake_client_move(&client->seen,
                     client->request.address != NULL ? client->request.address : "127.0.0.1");
    snprintf(client->endpoint, sizeof client->endpoint, "%s",
             client->request.path != NULL ? client->request.path : "/ws");
    fake_lock();
    client->number = fake.next_id++;
    client->seen.id = client->number << 8 | fake_loop()->index;
    client->next = fake.clients;
    fake.clients = client;
    fake_unlock();
    return &client->seen;
}

struct sl_client *fake_client_at(const char *address)
{
    return fake_client_create(&(struct fake_upgrade){.address = address});
}

void fake_client_destroy(struct sl_client *seen)
{
    struct fake_client *client = fake_client_of(seen);
    struct fake_client **link = &fake.clients;
    fake_cancel(seen, SL_CANCEL_CLIENT_GONE);
    fake_free_states(client);
    fake_lock();
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    fake_unlock();
    sl_client_deinit(seen);
    fake_topics_release(client);
    free(client);
}

void fake_client_let_in(struct sl_client *client)
{
    fake_client_of(client)->is_let_in = true;
}

void fake_client_identify(struct sl_client *client, const char *identity)
{
    if (identity[0] != '\0' && sl_client_identify(client, identity, strlen(identity)) != OK)
        fake_fail("'%s' is no identity", identity);
}

void fake_client_describe(struct sl_client *client, const char *name, const char *value)
{
    if (sl_client_set_attribute(client, name, value, strlen(value)) != OK)
        fake_fail("'%s' is no attribute", name);
}

uint64_t fake_client_number(const struct sl_client *client)
{
    return fake_client_of(client)->number;
}

bool fake_client_is_open(const struct sl_client *client)
{
    return client->is_open;
}

const char *fake_client_name(const struct sl_client *client)
{
    const char *identity = sl_client_identity(client);
    return identity != NULL ? identity : "";
}

const char *fake_client_attribute(const struct sl_client *client, const char *name)
{
    size_t len;
    return sl_client_attribute(client, name, &len);
}

struct sl_client *fake_client_by_id(uint64_t id)
{
    fake_lock();
    struct fake_client *client = fake.clients;
    while (client != NULL && client->number != id)
        client = client->next;
    fake_unlock();
    return client != NULL ? &client->seen : NULL;
}

void fake_check_client(const struct sl_client *client, const char *function)
{
    fake_require_hook(function);
    if (client == NULL)
        fake_fail("host->%s was given NULL as the client: on_publish has none for what nobody's "
                  "client has sent, on_event none for an event about none, and what is done after "
                  "host->offload none once it is gone",
                  function);
    fake_lock();
    const struct fake_client *known = fake.clients;
    while (known != NULL && &known->seen != client)
        known = known->next;
    fake_unlock();
    if (known == NULL)
        fake_fail("host->%s was given a client that is gone: a client is borrowed for one call of "
                  "a hook; keep its id (host->client_id) instead",
                  function);
}

bool fake_is_watching(void)
{
    const struct instance *instance = hook_instance();
    if (instance == NULL)
        return false;
    return hook_stage() != NULL ? hook_stage()->is_shadow : instance->is_shadow;
}

/* -- state -- */

void fake_put_canary(void *memory, size_t size)
{
    memset((char *)memory + size, FAKE_CANARY, FAKE_CANARY_SIZE);
}

/* The client's state for the instance, made when it is first needed. */
static struct fake_state *need_state(const struct instance *instance, struct fake_client *client)
{
    size_t size = fake_table(instance)->client_size;
    for (size_t i = 0; i < client->state_count; i++)
        if (client->states[i].instance == instance)
            return &client->states[i];
    if (client->state_count == FAKE_INSTANCES_MAX)
        fake_fail("one client has states for more than %d instances", FAKE_INSTANCES_MAX);
    struct fake_state *state = &client->states[client->state_count++];
    *state =
        (struct fake_state){.instance = instance, .memory = fake_zalloc(size + FAKE_CANARY_SIZE)};
    fake_put_canary(state->memory, size);
    return state;
}

static void *client_state(const struct sl_instance *self, struct sl_client *seen)
{
    fake_check_client(seen, "client_state");
    if (fake_table_of(self)->client_size == 0)
        return NULL;
    return need_state((const struct instance *)self, fake_client_of(seen))->memory;
}

void fake_lend_client(const struct instance *instance, struct sl_client *client)
{
    if (fake_table(instance)->client_free != NULL)
        need_state(instance, fake_client_of(client))->is_lent = true;
}

/* The state is found again by its instance: client_free may ask for it, and for others. */
static void free_state(struct fake_client *client, const struct instance *instance)
{
    struct fake_state *state = need_state(instance, client);
    bool is_lent = state->is_lent;
    state->is_lent = false;
    if (is_lent)
        fake_shim_free_client((struct instance *)(uintptr_t)instance, &client->seen);
    state = need_state(instance, client);
    free(state->memory);
    *state = client->states[--client->state_count];
}

/* The one that comes last in its pipeline, as the server does it: slots are given in its order. */
static const struct instance *last_instance(const struct fake_client *client)
{
    const struct instance *last = client->states[0].instance;
    for (size_t i = 1; i < client->state_count; i++)
        if (client->states[i].instance->slot > last->slot)
            last = client->states[i].instance;
    return last;
}

void fake_free_states(struct fake_client *client)
{
    while (client->state_count > 0)
        free_state(client, last_instance(client));
}

static bool has_state(const struct fake_client *client, const struct instance *instance)
{
    for (size_t i = 0; i < client->state_count; i++)
        if (client->states[i].instance == instance)
            return true;
    return false;
}

void fake_free_state(struct fake_client *client, const struct instance *instance)
{
    if (has_state(client, instance))
        free_state(client, instance);
}

void fake_free_states_of(const struct instance *instance)
{
    for (struct fake_client *client = fake.clients; client != NULL; client = client->next)
        fake_free_state(client, instance);
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

static void check_client_canaries(const struct instance *instance, const struct fake_client *client,
                                  const char *hook)
{
    for (size_t i = 0; i < client->state_count; i++)
        if (client->states[i].instance == instance)
            check_canary(client->states[i].memory, fake_table(instance)->client_size, hook,
                         "client", "client_size");
}

void fake_check_canaries(const struct instance *instance, const struct sl_client *client,
                         const char *hook)
{
    const struct sl_plugin *table = fake_table(instance);
    if (table->instance_size > 0)
        check_canary(instance->seen.state, table->instance_size, hook, "instance", "instance_size");
    if (client != NULL) {
        check_client_canaries(instance, fake_client_of(client), hook);
        return;
    }
    fake_lock();
    for (const struct fake_client *at = fake.clients; at != NULL; at = at->next)
        check_client_canaries(instance, at, hook);
    fake_unlock();
}

/* -- what plugins may ask -- */

static uint64_t client_id(const struct sl_client *client)
{
    fake_check_client(client, "client_id");
    return fake_client_number(client);
}

static struct sl_string client_address(const struct sl_client *client)
{
    fake_check_client(client, "client_address");
    return fake_string(fake_client_of(client)->address);
}

static void client_address_bytes(const struct sl_client *client, uint8_t bytes[16])
{
    fake_check_client(client, "client_address_bytes");
    memcpy(bytes, fake_client_of(client)->address_bytes, 16);
}

static struct sl_string client_endpoint(const struct sl_client *client)
{
    fake_check_client(client, "client_endpoint");
    return fake_string(fake_client_of(client)->endpoint);
}

static struct sl_string client_identity(const struct sl_client *client)
{
    fake_check_client(client, "client_identity");
    return fake_string(fake_client_name(client));
}

static bool client_is_new(const struct sl_client *client)
{
    fake_check_client(client, "client_is_new");
    return !client->is_carried_over;
}

static int identify_client(struct sl_instance *self, struct sl_client *client, const char *identity,
                           size_t len)
{
    (void)self;
    fake_check_client(client, "identify");
    if (!client->is_connecting)
        return -1;
    return fake_is_watching() || sl_client_identify(client, identity, len) == OK ? 0 : -1;
}

static int set_attribute(struct sl_instance *self, struct sl_client *client, const char *name,
                         const char *value, size_t len)
{
    (void)self;
    fake_check_client(client, "attribute_set");
    return fake_is_watching() || sl_client_set_attribute(client, name, value, len) == OK ? 0 : -1;
}

static bool get_attribute(const struct sl_client *client, const char *name, struct sl_string *found)
{
    fake_check_client(client, "attribute");
    found->data = sl_client_attribute(client, name, &found->len);
    return found->data != NULL;
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
    host->attribute_set = set_attribute;
    host->attribute = get_attribute;
}
