/*
 * A pipeline without a server: loops that do not run, plugins that are tables of the test's
 * functions, and clients that are nothing but what the pipeline sees.
 *
 * One rig a test program. What the pipeline asks of its clients' owner is noted in it, and so is
 * what the test's hooks write with `note`. Everything here fails the test that calls it if
 * something is not as it should be.
 */
#ifndef SLUICE_TESTS_PIPELINE_RIG_H
#define SLUICE_TESTS_PIPELINE_RIG_H

#include "base/clock.h"
#include "pipeline/chain_open.h"
#include "pipeline/deferral.h"
#include "pipeline/pipeline.h"

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIG_LOOPS 2
#define RIG_MESSAGE_MAX 64
#define RIG_STATE_MAX 256

/* What the last deferral that a client waited for has led to. */
struct resumed {
    unsigned count;
    struct sl_client *client;
    struct message *message;
    struct upgrade *upgrade;
    int verdict;
};

struct rig {
    struct loop loops[RIG_LOOPS];
    struct pipeline_loop pipeline_loops[RIG_LOOPS];
    struct pipeline_loop *list[RIG_LOOPS];
    struct mailbox control;
    struct memory_account input;
    struct pipeline pipeline;
    unsigned waits;
    unsigned helds;
    struct resumed resumed;
    struct sl_client *findable; /* by its id; NULL: nobody is */
    char notes[1024];
};

static struct rig rig;
static struct sl_host rig_host = {.struct_size = sizeof rig_host};
static struct config rig_config = {.owners = 1};

struct rig_client {
    struct sl_client seen;
    _Alignas(max_align_t) char state[RIG_STATE_MAX];
};

/* What a stage is made of. */
struct rig_stage {
    const struct sl_plugin *table;
    struct instance *instance; /* shared with another chain; NULL: a new one */
    enum on_error on_error;
    bool is_shadow;
    int64_t timeout; /* ns; 0: a second */
    int64_t budget;  /* ns; 0: none */
    unsigned slot;   /* of a new one; 0: its place in the chain */
};

/* -- notes -- */

static inline void note(const char *text)
{
    size_t used = strlen(rig.notes);
    snprintf(rig.notes + used, sizeof rig.notes - used, "%s%s", used > 0 ? " " : "", text);
}

static inline void expect_notes(const char *expected)
{
    assert_string_equal(rig.notes, expected);
    rig.notes[0] = '\0';
}

/* -- the owner of the clients -- */

static inline void rig_wait(struct sl_client *client)
{
    (void)client;
    rig.waits++;
}

static inline void rig_resume(struct sl_client *client, struct message *message,
                              struct upgrade *upgrade, int verdict)
{
    rig.resumed = (struct resumed){.count = rig.resumed.count + 1,
                                   .client = client,
                                   .message = message,
                                   .upgrade = upgrade,
                                   .verdict = verdict};
}

static inline void rig_held(struct sl_client *client)
{
    (void)client;
    rig.helds++;
}

static inline void rig_identified(struct sl_client *client, const char *instance)
{
    note(sl_client_identity(client));
    note("by");
    note(instance);
}

static inline struct sl_client *rig_find(struct pipeline_loop *loop, uint64_t client_id)
{
    bool is_there = rig.findable != NULL && rig.findable->id == client_id;
    assert_true(loop == rig.list[client_id_loop(client_id)]);
    return is_there ? rig.findable : NULL;
}

/* -- the rig -- */

static inline bool rig_on_iteration_end(struct loop *loop)
{
    (void)loop;
    return false;
}

static inline void rig_on_event_end(struct loop *loop)
{
    (void)loop;
}

static inline int rig_set_up(void **state)
{
    static const struct pipeline_calls calls = {.wait = rig_wait,
                                                .resume = rig_resume,
                                                .held = rig_held,
                                                .identified = rig_identified,
                                                .find = rig_find};
    (void)state;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    rig = (struct rig){.waits = 0};
    rig.pipeline = (struct pipeline){.host = &rig_host,
                                     .calls = &calls,
                                     .control = &rig.control,
                                     .input = &rig.input,
                                     .loops = rig.list,
                                     .loop_count = RIG_LOOPS};
    memory_account_set_limit(&rig.input, 1 << 20);
    assert_int_equal(mailbox_init(&rig.control), OK);
    for (unsigned i = 0; i < RIG_LOOPS; i++) {
        assert_int_equal(loop_init(&rig.loops[i], i), OK);
        rig.loops[i].on_event_end = rig_on_event_end;
        rig.loops[i].on_iteration_end = rig_on_iteration_end;
        pipeline_loop_init(&rig.pipeline_loops[i], &rig.loops[i], &rig.pipeline);
        rig.list[i] = &rig.pipeline_loops[i];
    }
    return 0;
}

/* Delivers what has been posted to the loops and to the main thread. */
static inline void rig_deliver(void)
{
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < RIG_LOOPS; i++)
            loop_deliver_rest(&rig.loops[i]);
        struct mail *mail = mailbox_take(&rig.control);
        while (mail != NULL) {
            struct mail *next = mail->next;
            mail->deliver(NULL, mail);
            mail = next;
        }
    }
}

/* Lets time pass on all loops. */
static inline void rig_pass(int64_t ns)
{
    for (unsigned i = 0; i < RIG_LOOPS; i++) {
        rig.loops[i].now += ns + (INT64_C(1) << TIMER_TICK_SHIFT);
        timer_wheel_advance(&rig.loops[i].timers, &rig.loops[i], rig.loops[i].now, NULL);
    }
}

static inline int rig_tear_down(void **state)
{
    (void)state;
    rig_deliver();
    for (unsigned i = 0; i < RIG_LOOPS; i++) {
        assert_int_equal(counter_read(&rig.pipeline_loops[i].deferrals.begun),
                         counter_read(&rig.pipeline_loops[i].deferrals.ended));
        pipeline_loop_deinit(&rig.pipeline_loops[i]);
        loop_deinit(&rig.loops[i]);
    }
    mailbox_deinit(&rig.control);
    return 0;
}

#define rig_test(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)

/* -- instances and chains -- */

/* A plugin that no file is behind, with one reference. */
static inline struct plugin *rig_plugin(const struct sl_plugin *table)
{
    struct plugin *plugin = calloc(1, sizeof *plugin);
    assert_non_null(plugin);
    plugin->references = 1;
    plugin->path = strdup("made by the test");
    plugin->table = *table;
    plugin->options = (struct option_table){
        .rows = table->options, .count = table->options_count, .option_size = table->option_size};
    return plugin;
}

static inline struct instance *rig_instance(const struct rig_stage *stage, unsigned use,
                                            unsigned slot, size_t offset)
{
    struct diagnostics diagnostics;
    struct instance *instance = NULL;
    const struct stage_config config = {.plugin = (char *)(uintptr_t)stage->table->name,
                                        .timeout = stage->timeout,
                                        .mode = stage->is_shadow ? MODE_SHADOW : MODE_ENFORCE};
    const struct instance_place place = {.pipeline = &rig.pipeline,
                                         .path = "/ws",
                                         .home = &rig.loops[slot % RIG_LOOPS],
                                         .owner = &rig_config,
                                         .use = use,
                                         .slot = slot,
                                         .client_offset = offset};
    struct plugin *plugin = rig_plugin(stage->table);
    diagnostics_init(&diagnostics);
    assert_int_equal(instance_create(plugin, &config, &place, &diagnostics, &instance), OK);
    plugin_unref(plugin);
    diagnostics_deinit(&diagnostics);
    return instance;
}

/* A chain of those stages; its instances are called "name#1" and so on by their place. */
static inline struct chain *rig_chain(const struct rig_stage *stages, size_t count)
{
    struct chain *chain = calloc(1, sizeof *chain);
    assert_non_null(chain);
    chain->stages = calloc(count + 1, sizeof *chain->stages);
    chain->on_message = calloc(count + 1, sizeof(struct stage *));
    assert_non_null(chain->stages);
    assert_non_null(chain->on_message);
    chain->loops = rig.list;
    chain->message_max = RIG_MESSAGE_MAX;
    chain->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct rig_stage *from = &stages[i];
        unsigned slot = from->slot != 0 ? from->slot : (unsigned)i;
        struct instance *instance =
            from->instance != NULL
                ? instance_ref(from->instance)
                : rig_instance(from, (unsigned)i + 1, slot, slot * sizeof(max_align_t));
        chain->stages[i] =
            (struct stage){.instance = instance,
                           .on_message = instance->plugin->table.on_message,
                           .budget = from->budget > 0 ? (uint64_t)from->budget : UINT64_MAX,
                           .timeout = from->timeout > 0 ? from->timeout : NS_PER_S,
                           .on_error = from->on_error,
                           .is_shadow = from->is_shadow,
                           .shadow_bit = from->is_shadow ? (uint8_t)(1u << i) : 0};
        if (chain->stages[i].on_message != NULL)
            chain->on_message[chain->on_message_count++] = &chain->stages[i];
        size_t end = instance->client_offset + plugin_block_size(instance->plugin);
        if (end > chain->client_size)
            chain->client_size = end;
        if (instance->slot >= chain->slot_count)
            chain->slot_count = instance->slot + 1;
    }
    assert_true(chain->client_size <= RIG_STATE_MAX);
    return chain;
}

static inline struct instance_totals rig_totals(const struct chain *chain, size_t stage)
{
    struct instance_totals totals;
    instance_totals(chain->stages[stage].instance, &totals);
    return totals;
}

/* -- clients, messages, upgrades -- */

/* A client of a loop, in the state in which its connect chain runs. */
static inline void rig_client_init(struct rig_client *client, const struct chain *chain,
                                   unsigned loop)
{
    static uint64_t last;
    *client = (struct rig_client){.state = {0}};
    sl_client_init(&client->seen, chain, offsetof(struct rig_client, state));
    client->seen.id = ++last << 32 | loop;
}

static inline void rig_client_open(struct rig_client *client)
{
    client->seen.is_connecting = false;
    client->seen.is_open = true;
}

/* The client goes. */
static inline void rig_client_deinit(struct rig_client *client)
{
    deferral_cancel_all(&client->seen, SL_CANCEL_CLIENT_GONE);
    sl_client_deinit(&client->seen);
}

static inline struct message *rig_message(struct sl_client *client, const char *text)
{
    struct message *message = message_take(chain_loop_of(client));
    assert_non_null(message);
    message_init(message, RIG_MESSAGE_MAX, OPCODE_TEXT, (const uint8_t *)text, strlen(text));
    return message;
}

static inline void rig_message_release(struct sl_client *client, struct message *message)
{
    message_release(chain_loop_of(client), message);
}

/* An upgrade with one reference. */
static inline struct upgrade *rig_upgrade(void)
{
    static const char *const names[] = {"Host", "Sec-WebSocket-Protocol"};
    static const char *const values[] = {"localhost", "chat.v2, chat.v1"};
    const struct request_source source = {.method = "GET",
                                          .http_version = "1.1",
                                          .path = "/ws",
                                          .header_count = 2,
                                          .header_names = names,
                                          .header_values = values};
    struct request *request;
    struct upgrade *upgrade;
    assert_int_equal(request_create(&source, &request), OK);
    assert_int_equal(upgrade_create(request, false, NULL, &upgrade), OK);
    return upgrade;
}

#endif
