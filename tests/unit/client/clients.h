/*
 * Clients without a hub: shards whose loops do not run, one endpoint whose chain has one plugin
 * made of the functions below, and the other ends of the clients' connections. A test lets
 * iterations and time pass by itself.
 *
 * One set a test program. Everything here fails the test that calls it if something is not as it
 * should be.
 */
#ifndef SLUICE_TESTS_CLIENT_CLIENTS_H
#define SLUICE_TESTS_CLIENT_CLIENTS_H

#include "base/clock.h"
#include "base/log.h"
#include "client/client.h"
#include "pipeline/chain.h"
#include "pipeline/deferral.h"
#include "pipeline/pipeline.h"

#include "current_loop.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define SHARDS_MAX 8u
#define PLENTY ((size_t)64 << 20) /* bytes; for limits that a test is not to reach */

struct clients {
    struct shard_set set;
    struct shard shards[SHARDS_MAX];
    struct pipeline_loop *list[SHARDS_MAX];
    struct mailbox control; /* the main thread's */
    struct config config;
    struct endpoint_config how; /* the endpoint's; what is copied from it is set before a set-up */
    struct endpoint *endpoint;
    unsigned left; /* how many have given their place back */
    char notes[1024];
};

/* What the endpoint's one plugin decides, and what it does before. */
struct script {
    enum sl_verdict connect;
    enum sl_verdict message;
    enum sl_verdict recheck;
    void (*in_connect)(struct sl_client *client, struct upgrade *upgrade);
    void (*in_open)(struct sl_client *client);
    void (*in_message)(struct sl_client *client, struct message *message);
    void (*in_close)(struct sl_client *client);
};

static struct clients clients;
static struct script script;
static struct sl_host scripted_host = {.struct_size = sizeof scripted_host};

/* -- the plugin -- */

static inline void note(const char *text)
{
    size_t used = strlen(clients.notes);
    snprintf(clients.notes + used, sizeof clients.notes - used, "%s%s", used > 0 ? " " : "", text);
}

static inline void expect_notes(const char *expected)
{
    assert_string_equal(clients.notes, expected);
    clients.notes[0] = '\0';
}

static inline enum sl_verdict scripted_connect(struct sl_instance *self, struct sl_client *client,
                                               struct sl_request *request)
{
    (void)self;
    note("connect");
    if (script.in_connect != NULL)
        script.in_connect(client, (struct upgrade *)request);
    return script.connect;
}

static inline void scripted_open(struct sl_instance *self, struct sl_client *client)
{
    (void)self;
    note("open");
    if (script.in_open != NULL)
        script.in_open(client);
}

static inline enum sl_verdict scripted_message(struct sl_instance *self, struct sl_client *client,
                                               const struct sl_message *message)
{
    char text[64];
    (void)self;
    snprintf(text, sizeof text, "%.*s", message->len < 20 ? (int)message->len : 20, message->data);
    note(text);
    if (script.in_message != NULL)
        script.in_message(client, (struct message *)(uintptr_t)message);
    return script.message;
}

static inline enum sl_verdict scripted_recheck(struct sl_instance *self, struct sl_client *client)
{
    (void)self;
    (void)client;
    note("recheck");
    return script.recheck;
}

static inline void scripted_close(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_close *how)
{
    char text[200];
    (void)self;
    snprintf(text, sizeof text, "close:%u:%s:%s", how->code, how->by_peer ? "peer" : "server",
             how->reason.data);
    note(text);
    if (script.in_close != NULL)
        script.in_close(client);
}

static const struct sl_plugin scripted = {SL_PLUGIN_HEADER,
                                          .name = "scripted",
                                          .version = "1",
                                          .client_size = sizeof(max_align_t),
                                          .on_connect = scripted_connect,
                                          .on_open = scripted_open,
                                          .on_message = scripted_message,
                                          .on_close = scripted_close,
                                          .on_recheck = scripted_recheck};

/* -- set-ups -- */

static inline struct instance *make_instance(void)
{
    struct diagnostics diagnostics;
    struct instance *instance = NULL;
    const struct stage_config stage = {.plugin = (char *)(uintptr_t)scripted.name};
    const struct instance_place place = {.pipeline = &clients.set.pipeline,
                                         .endpoint = clients.endpoint,
                                         .path = clients.endpoint->path,
                                         .home = &clients.shards[0].loop,
                                         .owner = &clients.config,
                                         .use = 1};
    struct plugin *plugin = calloc(1, sizeof *plugin);
    assert_non_null(plugin);
    plugin->references = 1;
    plugin->path = strdup("made by the test");
    plugin->table = scripted;
    diagnostics_init(&diagnostics);
    assert_int_equal(instance_create(plugin, &stage, &place, &diagnostics, &instance), OK);
    plugin_unref(plugin);
    diagnostics_deinit(&diagnostics);
    return instance;
}

static inline struct chain *make_chain(void)
{
    struct chain *chain = calloc(1, sizeof *chain);
    assert_non_null(chain);
    chain->stages = calloc(1, sizeof *chain->stages);
    chain->on_message = calloc(1, sizeof(struct stage *));
    assert_non_null(chain->stages);
    assert_non_null(chain->on_message);
    chain->loops = clients.list;
    chain->message_max = clients.how.message_max_size;
    chain->client_size = scripted.client_size;
    chain->slot_count = 1;
    chain->count = 1;
    chain->stages[0] = (struct stage){.instance = make_instance(),
                                      .on_message = scripted_message,
                                      .budget = UINT64_MAX,
                                      .timeout = NS_PER_S};
    chain->on_message[chain->on_message_count++] = &chain->stages[0];
    return chain;
}

/* A set-up with a chain of its own, as clients.how says; new clients of all loops get it. */
static inline void clients_set_up(void)
{
    struct endpoint_setup *setup;
    assert_int_equal(endpoint_setup_create(clients.endpoint, &clients.config, &clients.how, &setup),
                     OK);
    setup->chain = make_chain();
    for (unsigned i = 0; i < clients.set.count; i++)
        endpoint_switch_loop(clients.endpoint, i, setup);
    endpoint_setup_unref(setup);
}

/* -- life -- */

static inline void note_left(struct endpoint *endpoint, const struct address *address)
{
    assert_ptr_equal(endpoint, clients.endpoint);
    assert_int_equal(address->bytes[15], 7);
    clients.left++;
}

static inline void clients_open(unsigned count)
{
    struct shard_set *set = &clients.set;
    assert_true(count <= SHARDS_MAX);
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    clients = (struct clients){.config = {.owners = 1},
                               .how = {.message_max_size = 1u << 20,
                                       .message_max_fragments = 100,
                                       .message_types = MESSAGE_TYPE_TEXT | MESSAGE_TYPE_BINARY,
                                       .queue_bytes = 1u << 20,
                                       .topics_per_client = 10}};
    script = (struct script){.connect = SL_CONTINUE};
    assert_int_equal(mailbox_init(&clients.control), OK);
    assert_int_equal(delivery_init(&set->delivery, count), OK);
    delivery_set_limit(&set->delivery, PLENTY);
    memory_account_set_limit(&set->input, PLENTY);
    set->shards = clients.shards;
    set->count = count;
    set->on_left = note_left;
    set->pipeline = (struct pipeline){.host = &scripted_host,
                                      .calls = &client_pipeline_calls,
                                      .control = &clients.control,
                                      .input = &set->input,
                                      .loops = clients.list,
                                      .loop_count = count};
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(shard_init(&clients.shards[i], set, i), OK);
        clients.list[i] = &clients.shards[i].pipeline;
    }
    assert_int_equal(endpoint_create(NULL, &set->delivery, "/ws", 0, &clients.endpoint), OK);
    atomic_store(&clients.endpoint->is_active, true);
    clients_set_up();
}

static inline struct loop *clients_loop(unsigned index)
{
    return &clients.shards[index].loop;
}

/* An iteration: sockets, mail, timers, and what the shard does at its end. */
static inline void clients_iterate(unsigned index)
{
    struct loop *loop = clients_loop(index);
    struct epoll_event events[64];
    current_loop = loop;
    int count = epoll_wait(loop->epoll_fd, events, 64, 0);
    for (int i = 0; i < count; i++) {
        struct io_source *source = events[i].data.ptr;
        if (source == NULL)
            continue;
        source->on_ready(loop, source, events[i].events);
        loop->on_event_end(loop);
    }
    loop_deliver_rest(loop);
    timer_wheel_advance(&loop->timers, loop, loop->now, loop->on_event_end);
    while (loop->on_iteration_end(loop))
        continue;
    current_loop = NULL;
}

/* Until what is under way has arrived: on other loops, and back. */
static inline void clients_settle(void)
{
    for (unsigned i = 0; i < 3 * clients.set.count; i++)
        clients_iterate(i % clients.set.count);
}

static inline bool clients_hold_nothing(void)
{
    return memory_account_bytes(&clients.set.input) == 0;
}

/* Turns are a matter of time: a machine that is busy with other things takes more of them. */
static inline void clients_settle_until(bool (*is_so)(void))
{
    clients_settle();
    for (unsigned i = 0; !is_so() && i < 100000; i++)
        clients_settle();
}

/* Lets time pass, and what is due by then happen. A timer may be a tick late. */
static inline void clients_pass(int64_t ns)
{
    for (unsigned i = 0; i < clients.set.count; i++)
        clients_loop(i)->now += ns + (INT64_C(1) << TIMER_TICK_SHIFT);
    clients_settle();
}

static inline void clients_run_control(void)
{
    struct mail *mail = mailbox_take(&clients.control);
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->deliver(NULL, mail);
        mail = next;
    }
}

/* Ends all clients as loops do that end; nothing may be held for anybody then. */
static inline void clients_close(void)
{
    struct shard_set *set = &clients.set;
    set->is_draining = set->is_stopping = true;
    for (unsigned i = 0; i < set->count; i++) {
        current_loop = clients_loop(i);
        set->shards[i].loop.on_stop(&set->shards[i].loop);
        current_loop = NULL;
    }
    endpoint_retire(clients.endpoint);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < set->count; i++)
            loop_deliver_rest(clients_loop(i));
        clients_run_control();
    }
    assert_int_equal(memory_account_bytes(&set->delivery.queued), 0);
    assert_int_equal(memory_account_bytes(&set->delivery.forwarded), 0);
    assert_int_equal(memory_account_bytes(&set->input), 0);
    assert_int_equal(clients.endpoint->connected, 0);
    assert_int_equal(clients.config.owners, 1);
    endpoint_destroy(clients.endpoint);
    for (unsigned i = 0; i < set->count; i++) {
        assert_int_equal(set->shards[i].load, 0);
        assert_int_equal(holders_highest(&set->shards[i].input_holders), 0);
        assert_int_equal(holders_highest(&set->shards[i].delivery.holders), 0);
        shard_deinit(&set->shards[i]);
    }
    delivery_deinit(&set->delivery);
    mailbox_deinit(&clients.control);
}

/* For one shard, which most tests need. */
static inline int clients_set_up_one(void **state)
{
    (void)state;
    clients_open(1);
    return 0;
}

static inline int clients_tear_down(void **state)
{
    (void)state;
    clients_close();
    return 0;
}

#define clients_test(test)                                                                         \
    cmocka_unit_test_setup_teardown(test, clients_set_up_one, clients_tear_down)

static inline uint64_t clients_drops(enum drop_reason reason)
{
    uint64_t drops = 0;
    for (unsigned i = 0; i < clients.set.count; i++)
        drops += counter_read(&clients.shards[i].delivery.stats.drops[reason]);
    return drops;
}

static inline uint64_t clients_closes(uint16_t code)
{
    return close_counts_of(&clients.endpoint->closes, code);
}

static inline uint64_t clients_upgrades(enum upgrade_outcome outcome)
{
    return atomic_load(&clients.endpoint->upgrades[outcome]);
}

#endif
