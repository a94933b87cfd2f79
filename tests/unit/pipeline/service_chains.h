/*
 * Chains of plugins that are tables of the test: `source` provides the service "numbers", the
 * others look for it.
 */
#ifndef SLUICE_TESTS_PIPELINE_SERVICE_CHAINS_H
#define SLUICE_TESTS_PIPELINE_SERVICE_CHAINS_H

#include "config/config_parse.h"
#include "host/host.h"
#include "pipeline/rig.h"

/* -- plugins that are tables of the test -- */

struct numbers {
    uint32_t struct_size;
    int (*next)(struct sl_instance *provider);
};

struct counter_state {
    int last;
};

static int next(struct sl_instance *provider)
{
    struct counter_state *state = provider->state;
    return ++state->last;
}

static const struct numbers numbers = {.struct_size = sizeof numbers, .next = next};

static unsigned provided_minor, wanted_minor, wanted_major;
static const struct sl_service *found; /* by the last create that has looked for one */
static const struct sl_host *host;

static int provide(struct sl_instance *self)
{
    return host->service_provide(self, "numbers", 1, (uint16_t)provided_minor, &numbers);
}

static int need(struct sl_instance *self)
{
    found = host->service_find(self, "numbers", (uint16_t)wanted_major, (uint16_t)wanted_minor);
    return found != NULL ? 0 : SL_ERROR;
}

static int need_misspelt(struct sl_instance *self)
{
    return host->service_find(self, "number", 1, 0) != NULL ? 0 : SL_ERROR;
}

static int use_if_there(struct sl_instance *self)
{
    found = host->service_find(self, "numbers", 1, 0);
    return 0;
}

static int fail_without_service(struct sl_instance *self)
{
    return sl_fail(self, "it is broken");
}

static void note_end(struct sl_instance *self)
{
    note(self->name);
}

static const struct sl_option tag[] = {{.name = "tag", .type = SL_OPTION_STRING, .summary = ""}};

#define TABLE(called, ...)                                                                         \
    {.name = (called),                                                                             \
     .version = "1.0.0",                                                                           \
     .instance_size = sizeof(struct counter_state),                                                \
     SL_OPTIONS(tag),                                                                              \
     .destroy = note_end,                                                                          \
     __VA_ARGS__}

static const struct sl_plugin tables[] = {
    TABLE("source", .create = provide),
    TABLE("sink", .create = need),
    TABLE("taker", .create = use_if_there),
    TABLE("other", .create = NULL),
    TABLE("broken", .create = fail_without_service),
    TABLE("misspelt", .create = need_misspelt),
};
#define TABLE_COUNT (sizeof tables / sizeof tables[0])

/* -- chains of them -- */

static struct plugin *plugins[TABLE_COUNT];
static struct diagnostics diagnostics;
static struct change_list changes;

static inline int set_up(void **state)
{
    rig_set_up(state);
    host = host_table();
    rig.pipeline.host = host;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        plugins[i] = rig_plugin(&tables[i]);
    diagnostics_init(&diagnostics);
    changes = (struct change_list){.count = 0};
    provided_minor = wanted_minor = 0;
    wanted_major = 1;
    found = NULL;
    return 0;
}

static inline int tear_down(void **state)
{
    diagnostics_deinit(&diagnostics);
    rig_deliver();
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        assert_int_equal(plugins[i]->references, 1); /* Nobody is left. */
        plugin_unref(plugins[i]);
    }
    return rig_tear_down(state);
}

#define services_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

struct built {
    struct config *config;
    struct chain *chain;
};

static inline int build(const char *pipeline, const struct built *previous, struct built *built)
{
    char text[2048];
    struct plugin_set set = {.plugins = plugins, .count = TABLE_COUNT};
    int len = snprintf(text, sizeof text,
                       "listen: [{address: '127.0.0.1:0'}]\n"
                       "endpoints:\n- path: /ws\n  pipeline: %s\n",
                       pipeline);
    *built = (struct built){.chain = NULL};
    assert_int_equal(
        config_parse("test.yaml", text, (size_t)len, NULL, 0, &diagnostics, &built->config), OK);
    const struct chain_plan plan = {.pipeline = &rig.pipeline,
                                    .path = "/ws",
                                    .config = &built->config->endpoints[0],
                                    .owner = built->config,
                                    .previous = previous != NULL ? previous->chain : NULL};
    return chain_create(&plan, &set, &changes, &diagnostics, &built->chain);
}

static inline struct built built(const char *pipeline, const struct built *previous)
{
    struct built result;
    int error = build(pipeline, previous, &result);
    diagnostics_print(&diagnostics);
    assert_int_equal(error, OK);
    return result;
}

static inline void end(struct built *built)
{
    chain_destroy(built->chain);
    config_destroy(built->config);
    for (int round = 0; round < 4; round++) /* Providers end when their last consumer has. */
        rig_deliver();
}

static inline struct instance *instance_at(const struct built *built, size_t stage)
{
    return built->chain->stages[stage].instance;
}

#endif
