/*
 * A scenario: a YAML file with options and steps, and what is expected of the plugin.
 * docs/testing-a-plugin.md describes the keys.
 */
#ifndef SLUICE_WORKBENCH_SCENARIO_H
#define SLUICE_WORKBENCH_SCENARIO_H

#include "workbench/checks.h"
#include "config/yaml.h"

#define SCENARIO_CLIENTS_MAX 64
#define SCENARIO_FOLDER_MAX 64

/* A scenario that runs. */
struct scenario {
    const char *file;
    struct yaml_node *tree;
    struct plugin *plugin;
    struct fake_instance *instance;
    const struct yaml_node *options; /* its options; borrowed from the tree; NULL: none */
    struct scenario_client {
        const char *name; /* borrowed from the tree */
        struct sl_client *client;
        char *sent; /* owned: its last message that was deferred, or NULL */
        size_t sent_len;
    } clients[SCENARIO_CLIENTS_MAX];
    size_t client_count;
    char folder[SCENARIO_FOLDER_MAX]; /* for `files` */
};

/* Runs a scenario of the plugin, failing the check (situation_fail) with file:line:column. */
void scenario_run(const struct subject *subject, const char *file);

/* Makes a folder for files of a scenario, which knows it as ${SCENARIO_FILES}: before the scenario
 * is read. Returns whether it is there; the caller removes it. */
bool scenario_make_folder(char folder[SCENARIO_FOLDER_MAX]);
void scenario_remove_folder(const char *folder);

/* Writes the scenario's files into it, failing the check if that cannot be. */
void scenario_write_files(const struct yaml_node *tree);

/* Loads the plugins that stand before the one of that file, or fails the check. */
void scenario_put_before(const struct yaml_node *tree, const char *plugin_file);

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

/* The message that a send step sends. */
struct scenario_message {
    enum sl_message_type type;
    char *data; /* owned; zero-terminated too */
    size_t len;
};

/* Reads it, or fails. */
void scenario_read_message(const struct yaml_node *arguments, struct scenario_message *out);

/* Keeps a copy of what the client has sent until its verdict comes; frees that before. */
void scenario_keep_sent(struct scenario *scenario, const struct yaml_node *arguments,
                        const char *data, size_t len);

/* What was kept, or NULL. */
const char *scenario_sent(struct scenario *scenario, const struct yaml_node *arguments,
                          size_t *len);

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
void step_expect_emit(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_publish(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_subscribed(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_not_subscribed(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_log(struct scenario *scenario, const struct yaml_node *arguments);
void step_expect_metric(struct scenario *scenario, const struct yaml_node *arguments);

#endif
