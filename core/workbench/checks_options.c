/*
 * Checks of instances and their options.
 */
#include "workbench/checks_internal.h"

#include "config/diagnostics.h"
#include "config/yaml.h"
#include "config/yaml_node.h"

#include <stdio.h>

void check_create(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    for (int round = 0; round < 3; round++) {
        fake_instance_destroy(subject_create(plugin, subject, "/ws"));
        if (fake_live_allocations() > 0)
            situation_fail("destroy left %zu allocations of host->allocate behind: release in "
                           "destroy what create has allocated",
                           fake_live_allocations());
    }
}

/* A copy of the options with one of them set. */
static struct yaml_node *with_option(const struct subject *subject, const char *name,
                                     const char *value)
{
    struct yaml_budget budget = {.nodes = YAML_MAX_NODES, .text = YAML_MAX_TEXT};
    struct diagnostics diagnostics;
    struct yaml_node *copy = NULL;
    diagnostics_init(&diagnostics);
    bool good =
        subject->options == NULL || yaml_node_copy(subject->options, 0, &budget, &copy) == OK;
    good = good && yaml_override(&copy, name, value, &diagnostics) == OK;
    diagnostics_deinit(&diagnostics);
    return good ? copy : NULL;
}

static void try_option(struct plugin *plugin, const struct subject *subject, const char *name,
                       const char *value)
{
    struct yaml_node *options = with_option(subject, name, value);
    situation_doing("with the option %s: %s", name, value);
    if (options == NULL)
        return;
    struct fake_instance *instance = fake_instance_create(plugin, options, "/ws");
    if (instance != NULL) {
        check_client_run(instance, subject);
        fake_instance_destroy(instance);
    }
    yaml_node_destroy(options);
}

static void try_bounds(struct plugin *plugin, const struct subject *subject,
                       const struct sl_option *row)
{
    double bounds[] = {row->minimum, row->maximum};
    char value[64];
    for (int i = 0; i < 2 && row->minimum < row->maximum; i++) {
        if (row->type == SL_OPTION_DURATION)
            snprintf(value, sizeof value, "%.0fus", bounds[i] / 1000);
        else if (row->type == SL_OPTION_RATE)
            snprintf(value, sizeof value, "%.0f/s", bounds[i]);
        else
            snprintf(value, sizeof value, "%.17g", bounds[i]);
        try_option(plugin, subject, row->name, value);
    }
}

static void try_values(struct plugin *plugin, const struct subject *subject,
                       const struct sl_option *row)
{
    switch (row->type) {
    case SL_OPTION_BOOL:
        try_option(plugin, subject, row->name, "true");
        try_option(plugin, subject, row->name, "false");
        break;
    case SL_OPTION_CHOICE:
        for (const char *const *choice = row->choices; choice != NULL && *choice != NULL; choice++)
            try_option(plugin, subject, row->name, *choice);
        break;
    case SL_OPTION_STRING:
        try_option(plugin, subject, row->name, "\"\"");
        try_option(plugin, subject, row->name, "x");
        break;
    case SL_OPTION_INTEGER:
    case SL_OPTION_NUMBER:
    case SL_OPTION_DURATION:
    case SL_OPTION_SIZE:
    case SL_OPTION_RATE:
        try_bounds(plugin, subject, row);
        break;
    default:
        break;
    }
}

void check_options(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    if (plugin->options.count == 0)
        situation_skip("the plugin has no options");
    for (size_t i = 0; i < plugin->options.count; i++)
        try_values(plugin, subject, option_table_row(&plugin->options, i));
}

/* -- reload -- */

void check_reload(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    if (plugin->table.on_reload == NULL)
        situation_skip("the plugin has no on_reload: it gets a new instance instead");
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    struct sl_client *client = check_client_open_or_skip(instance, subject);
    bool stays = true;
    for (int round = 0; stays && round < 3; round++) {
        enum fake_reload said = fake_instance_reload(instance, subject->options);
        if (said == FAKE_RELOAD_REFUSED)
            situation_fail("on_reload refused the options that the instance was created with: %s",
                           fake_failure());
        if (said == FAKE_RELOAD_WANTS_NEW) {
            struct fake_instance *replacement = subject_create(plugin, subject, "/ws");
            fake_instance_replace(instance, replacement);
            instance = replacement;
            stays = check_client_opens(client);
        }
        if (stays)
            check_client_send_nth(instance, client, subject, (size_t)round);
        check_client_use_topic(instance, client, subject, 0);
        check_client_run(instance, subject);
        fake_advance(SECOND);
    }
    check_client_leave(instance, client);
    fake_instance_destroy(instance);
}
