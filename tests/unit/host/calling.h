/*
 * A hub whose loops do not run, with two endpoints, and the instances of a plugin there, whose host
 * functions a test calls as a thread of the plugin's would.
 */
#ifndef SLUICE_TESTS_HOST_CALLING_H
#define SLUICE_TESTS_HOST_CALLING_H

#include "client/client.h"
#include "hub/serving.h"
#include "pipeline/chain.h"

#define TWO_ENDPOINTS                                                                              \
    "loops: 1\nendpoints:\n"                                                                       \
    "- {path: /ws, pipeline: [{plugin: probe, options: {tag: blue}},"                              \
    " {plugin: probe, mode: shadow}]}\n"                                                           \
    "- {path: /other}\n"

struct calling {
    struct config *config;
    struct hub *hub;
    struct instance *instance; /* of /ws */
    struct instance *shadow;   /* likewise, in shadow mode */
    uint64_t before;           /* memory of the log, when nothing had been sent */
};

/* As if a client were there, or the loop would not be told. */
static inline void pretend_presence(struct hub *hub, const char *path)
{
    interested_add(&hub_find_endpoint(hub, path)->fanout.interested, 0);
}

static inline struct calling begin_calling(void)
{
    struct calling calling = {.config = load_config(TWO_ENDPOINTS)};
    struct diagnostics diagnostics;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    diagnostics_init(&diagnostics);
    int error = hub_create(calling.config, host_table(), SL_MODE_SERVE, &diagnostics, &calling.hub);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    assert_int_equal(error, OK);
    pretend_presence(calling.hub, "/ws");
    pretend_presence(calling.hub, "/other");
    const struct chain *chain = hub_find_endpoint(calling.hub, "/ws")->setup->chain;
    calling.instance = chain->stages[0].instance;
    calling.shadow = chain->stages[1].instance;
    calling.before = atomic_load(&calling.hub->set.delivery.log.memory);
    return calling;
}

static inline void end_calling(struct calling *calling)
{
    hub_destroy(calling->hub);
    config_destroy(calling->config);
}

/* -- the fixture of a test program that needs no other -- */

static struct calling calling;

static inline int start_calling(void **state)
{
    (void)state;
    calling = begin_calling();
    return 0;
}

static inline int stop_calling(void **state)
{
    (void)state;
    end_calling(&calling);
    return 0;
}

/* Bytes that have been put into the log; 0: nothing was sent. */
static inline size_t bytes_under_way(void)
{
    return atomic_load(&calling.hub->set.delivery.log.memory) - calling.before;
}

#endif
