/*
 * What the workbench's unit tests share: checks in processes of their own, and plugins that stand
 * in the test.
 */
#ifndef SLUICE_TESTS_UNIT_WORKBENCH_H
#define SLUICE_TESTS_UNIT_WORKBENCH_H

#include "unit.h"

#undef fail /* cmocka's, which would stand for host->fail */

#include "config/yaml.h"
#include "workbench/fake.h"
#include "workbench/situation.h"

#include <string.h>

/* Runs the check in a process of its own; it has to end like that, with a sentence that contains
 * the text. */
static inline void assert_outcome(void (*check)(void *argument), void *argument,
                                  enum outcome expected, const char *sentence)
{
    static char output[65536];
    /* On a machine that is busy with other tests hooks take their time. */
    fake_hook_limit = 30000; /* ms */
    enum outcome outcome = situation_run(check, argument, 120, output, sizeof output);
    if (outcome == expected && strstr(situation->sentence, sentence) != NULL)
        return;
    print_error("outcome %d: %s\n%s", (int)outcome, situation->sentence, output);
    _fail(__FILE__, __LINE__);
}

static inline void assert_passes(void (*check)(void *argument), void *argument)
{
    assert_outcome(check, argument, OUTCOME_PASSED, "");
}

static inline void assert_fails(void (*check)(void *argument), void *argument, const char *sentence)
{
    assert_outcome(check, argument, OUTCOME_FAILED, sentence);
}

/* A plugin with these hooks and sizes. One at a time. */
static inline struct plugin *plugin_with(struct sl_plugin table)
{
    static struct plugin plugin;
    table.name = "tested";
    table.version = "1.0.0";
    plugin = (struct plugin){
        .references = 100, /* More than instances: it is not unloaded. */
        .path = (char *)(uintptr_t)"tested.so",
        .table = table,
        .options = {table.options, table.options_count, table.option_size},
    };
    return &plugin;
}

/* An instance of it without options, or the check fails. */
static inline struct fake_instance *instance_with(struct sl_plugin table)
{
    struct fake_instance *instance = fake_instance_create(plugin_with(table), NULL, "/ws");
    if (instance == NULL)
        situation_fail("create: %s", fake_failure());
    return instance;
}

/* For checks, as assertions of cmocka work only in the test's own process. */
#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            situation_fail("line %d: not so: %s", __LINE__, #condition);                           \
    } while (0)

static inline struct yaml_node *yaml_of(const char *text)
{
    struct yaml_source source = {.file = "test.yaml", .data = text, .len = strlen(text)};
    struct diagnostics diagnostics;
    struct yaml_node *node = NULL;
    diagnostics_init(&diagnostics);
    if (yaml_parse(&source, &diagnostics, &node) != OK || diagnostics.count > 0)
        situation_fail("the test's YAML is wrong: %s", text);
    diagnostics_deinit(&diagnostics);
    return node;
}

#endif
