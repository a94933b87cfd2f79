/*
 * A scenario: a YAML file with options and steps, and what is expected of the plugin.
 * docs/testing-a-plugin.md describes the keys.
 */
#ifndef SLUICE_WORKBENCH_SCENARIO_H
#define SLUICE_WORKBENCH_SCENARIO_H

#include "workbench/checks.h"
#include "config/yaml.h"

#define SCENARIO_CLIENTS_MAX 64

/* A scenario that runs. */
struct scenario {
    const char *file;
    struct yaml_node *tree;
    struct plugin *plugin;
    struct fake_instance *instance;
    struct {
        const char *name; /* borrowed from the tree */
        struct sl_client *client;
    } clients[SCENARIO_CLIENTS_MAX];
    size_t client_count;
    char folder[64]; /* for `files`; empty: none */
};

/* Runs a scenario of the plugin, failing the check (situation_fail) with file:line:column. */
void scenario_run(const struct subject *subject, const char *file);

/* What a scenario gives to the contract's checks: its options, and the client of its first connect
 * step that is let in. The tree is the caller's (yaml_node_destroy); errors are printed. Returns
 * NULL after errors. */
struct yaml_node *scenario_load(const char *file, const struct yaml_node **options,
                                struct fake_upgrade *upgrade, bool *has_upgrade);

/* Fails at a node. */
void scenario_fail(const struct yaml_node *at, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

/* Fails if a mapping has a key that is not among `known` (which ends with NULL). */
void scenario_check_keys(const struct yaml_node *mapping, const char *const *known);

/* The text of a member, or NULL. */
const char *scenario_text(const struct yaml_node *mapping, const char *key);

/* -- clients, by the name that a step's arguments have -- */

const char *scenario_client_name(const struct yaml_node *arguments);

/* Where the client stands, which is NULL when it has left; or NULL. */
struct sl_client **scenario_find_client(struct scenario *scenario,
                                        const struct yaml_node *arguments);

/* The client that is there, or fails. */
struct sl_client *scenario_need_client(struct scenario *scenario,
                                       const struct yaml_node *arguments);
void scenario_put_client(struct scenario *scenario, const struct yaml_node *arguments,
                         struct sl_client *client);

/* Reads the upgrade request of a connect step. */
void scenario_read_upgrade(const struct yaml_node *step, struct fake_upgrade *out);

/* -- steps -- */

/* Runs one step: a mapping with one key. */
void scenario_step(struct scenario *scenario, const struct yaml_node *step);

/* Those that look at what the plugin did. */
void step_expect_sent(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_closed(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_nothing_sent(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_broadcast(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_publish(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_log(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_metric(struct scenario *scenario, const struct yaml_node *arguments);

#endif
