#include "workbench/scenario.h"

#include "config/diagnostics.h"
#include "config/suggest.h"
#include "workbench/scenario_http.h"
#include "workbench/situation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const known_keys[] = {"name",        "options", "before", "endpoint",
                                         "environment", "files",   "create", "mode",
                                         "http",        "steps",   NULL};

void scenario_fail(const struct yaml_node *at, const char *format, ...)
{
    char text[SITUATION_TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    situation_fail("%s:%u:%u: %s", at->position.file, at->position.line, at->position.column, text);
}

void scenario_check_keys(const struct yaml_node *mapping, const char *const *known)
{
    if (mapping->kind != NODE_MAPPING)
        scenario_fail(mapping, "expected a mapping, but this is %s", yaml_node_kind_name(mapping));
    for (size_t i = 0; i < mapping->count; i++) {
        const char *key = mapping->entries[i].key;
        struct suggestion suggestion = suggest_begin(key);
        bool is_known = false;
        for (const char *const *name = known; *name != NULL; name++) {
            is_known = is_known || strcmp(*name, key) == 0;
            suggest_offer(&suggestion, *name);
        }
        if (!is_known)
            scenario_fail(mapping->entries[i].value, "unknown key '%s'%s%s%s", key,
                          suggestion.nearest != NULL ? "; did you mean '" : "",
                          suggestion.nearest != NULL ? suggestion.nearest : "",
                          suggestion.nearest != NULL ? "'?" : "");
    }
}

const char *scenario_text(const struct yaml_node *mapping, const char *key)
{
    const struct yaml_node *node = yaml_node_get(mapping, key);
    if (node == NULL)
        return NULL;
    if (node->kind != NODE_SCALAR)
        scenario_fail(node, "'%s' must be a single value", key);
    return node->text;
}

/* -- before the steps -- */

bool scenario_make_folder(char folder[SCENARIO_FOLDER_MAX])
{
    const char *parent = getenv("TMPDIR");
    snprintf(folder, SCENARIO_FOLDER_MAX, "%s/sluice-scenario-XXXXXX",
             parent != NULL && strlen(parent) < 30 ? parent : "/tmp");
    return mkdtemp(folder) != NULL && setenv("SCENARIO_FILES", folder, 1) == 0;
}

void scenario_remove_folder(const char *folder)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    int status = system(command);
    (void)status; /* It is only litter. */
}

/* Files that the options name are only there for their owner, as secrets must be. */
void scenario_write_files(const struct yaml_node *tree)
{
    const struct yaml_node *files = yaml_node_get(tree, "files");
    char path[512];
    for (size_t i = 0; files != NULL && i < files->count; i++) {
        const struct yaml_node *content = files->entries[i].value;
        if (strchr(files->entries[i].key, '/') != NULL || content->kind != NODE_SCALAR)
            scenario_fail(content, "files: a name without '/' and a text");
        snprintf(path, sizeof path, "%s/%s", getenv("SCENARIO_FILES"), files->entries[i].key);
        FILE *file = fopen(path, "we");
        if (file == NULL || fputs(content->text, file) < 0 || fclose(file) != 0)
            scenario_fail(content, "cannot write %s", path);
        chmod(path, 0600);
    }
}

void scenario_put_before(const struct yaml_node *tree, const char *plugin_file)
{
    static const char *const keys[] = {"plugin", "options", NULL};
    const struct yaml_node *list = yaml_node_get(tree, "before");
    if (list != NULL && list->kind != NODE_SEQUENCE)
        scenario_fail(list, "before: a list of plugins");
    for (size_t i = 0; list != NULL && i < list->count; i++) {
        const struct yaml_node *entry = list->entries[i].value;
        scenario_check_keys(entry, keys);
        const char *name = scenario_text(entry, "plugin");
        if (name == NULL)
            scenario_fail(entry, "which plugin? give its name, or a path");
        fake_put_before(fake_plugin_load_before(plugin_file, name),
                        yaml_node_get(entry, "options"));
    }
}

static void set_environment(const struct yaml_node *environment)
{
    for (size_t i = 0; environment != NULL && i < environment->count; i++)
        if (environment->entries[i].value->kind == NODE_SCALAR)
            setenv(environment->entries[i].key, environment->entries[i].value->text, 1);
}

static struct yaml_node *load_tree(const char *file)
{
    struct diagnostics diagnostics;
    struct yaml_node *tree = NULL;
    diagnostics_init(&diagnostics);
    int error = yaml_load(file, &diagnostics, &tree);
    if (error != OK || diagnostics.count > 0)
        situation_fail_first(&diagnostics, error);
    diagnostics_deinit(&diagnostics);
    return tree;
}

/* -- the whole -- */

static void set_mode(const struct scenario *scenario)
{
    static const char *const names[] = {[SL_MODE_SERVE] = "serve",
                                        [SL_MODE_SHADOW] = "shadow",
                                        [SL_MODE_CHECK] = "check",
                                        [SL_MODE_REPLAY] = "replay",
                                        [SL_MODE_TEST] = "test"};
    const struct yaml_node *node = yaml_node_get(scenario->tree, "mode");
    int mode = SL_MODE_TEST;
    if (node != NULL && node->kind == NODE_SCALAR)
        while (mode > 0 && strcmp(node->text, names[mode]) != 0)
            mode--;
    if (mode == 0 || (node != NULL && node->kind != NODE_SCALAR))
        scenario_fail(node, "mode: serve, shadow, check, replay or test");
    fake_set_mode((enum sl_mode)mode);
}

/* Creates the instance; whether it had to fail, and did. */
static bool create(struct scenario *scenario)
{
    static const char *const keys[] = {"expect_error", NULL};
    const struct yaml_node *expected = yaml_node_get(scenario->tree, "create");
    const char *endpoint = scenario_text(scenario->tree, "endpoint");
    const char *error = NULL;
    if (expected != NULL) {
        scenario_check_keys(expected, keys);
        error = scenario_text(expected, "expect_error");
    }
    situation_doing("creating the instance");
    scenario->options = yaml_node_get(scenario->tree, "options");
    scenario->instance = fake_instance_create(scenario->plugin, scenario->options,
                                              endpoint != NULL ? endpoint : "/ws");
    if (scenario->instance == NULL && error == NULL)
        scenario_fail(scenario->tree, "create failed: %s", fake_failure());
    if (scenario->instance != NULL && error != NULL)
        scenario_fail(expected, "create was expected to fail, but it succeeded");
    if (scenario->instance == NULL && strstr(fake_failure(), error) == NULL)
        scenario_fail(expected, "create failed with '%s', which does not contain '%s'",
                      fake_failure(), error);
    return scenario->instance != NULL;
}

static void finish(struct scenario *scenario)
{
    situation_doing("the end of the scenario");
    fake_run_offloaded();
    for (size_t i = 0; i < scenario->client_count; i++)
        if (scenario->clients[i].client != NULL)
            fake_check_forgotten(scenario->clients[i].client);
    for (size_t i = 0; i < scenario->client_count; i++) {
        struct sl_client *client = scenario->clients[i].client;
        if (client == NULL)
            continue;
        fake_cancel(client, SL_CANCEL_SHUTDOWN);
        fake_close(scenario->instance, client, 1001, false);
        fake_client_destroy(client);
    }
    fake_run_offloaded();
    scenario_http_end();
    fake_instance_destroy(scenario->instance);
    if (fake_live_allocations() > 0)
        situation_fail("when the scenario's clients had left and destroy had returned, %zu "
                       "allocations of host->allocate were still there: release in on_close what "
                       "belongs to a client, and in destroy what belongs to the instance",
                       fake_live_allocations());
}

void scenario_run(const struct subject *subject, const char *file)
{
    struct scenario scenario = {.file = file};
    if (!scenario_make_folder(scenario.folder))
        situation_fail("cannot make the folder %s for the scenario's files", scenario.folder);
    scenario.plugin = subject_load(subject);
    scenario.tree = load_tree(file);
    scenario_check_keys(scenario.tree, known_keys);
    set_environment(yaml_node_get(scenario.tree, "environment"));
    scenario_write_files(scenario.tree);
    scenario_put_before(scenario.tree, subject->file);
    set_mode(&scenario);
    scenario_http_begin(yaml_node_get(scenario.tree, "http"));
    if (create(&scenario)) {
        const struct yaml_node *steps = yaml_node_get(scenario.tree, "steps");
        for (size_t i = 0; steps != NULL && i < steps->count; i++)
            scenario_step(&scenario, steps->entries[i].value);
        finish(&scenario);
    }
    scenario_remove_folder(scenario.folder);
}

/* -- what it gives to the contract's checks -- */

static bool find_upgrade(const struct yaml_node *tree, struct fake_upgrade *out)
{
    const struct yaml_node *steps = yaml_node_get(tree, "steps");
    for (size_t i = 0; steps != NULL && i < steps->count; i++) {
        const struct yaml_node *connect = yaml_node_get(steps->entries[i].value, "connect");
        const struct yaml_node *expect = connect != NULL ? yaml_node_get(connect, "expect") : NULL;
        const char *verdict = expect == NULL                ? "continue"
                              : expect->kind == NODE_SCALAR ? expect->text
                              : scenario_text(expect, "verdict") != NULL
                                  ? scenario_text(expect, "verdict")
                                  : "continue";
        if (connect == NULL || strcmp(verdict, "deny") == 0)
            continue;
        scenario_read_upgrade(connect, out);
        return true;
    }
    return false;
}

struct yaml_node *scenario_load(const char *file, const struct yaml_node **options,
                                struct fake_upgrade *upgrade, bool *has_upgrade)
{
    struct diagnostics diagnostics;
    struct yaml_node *tree = NULL;
    diagnostics_init(&diagnostics);
    int error = yaml_load(file, &diagnostics, &tree);
    diagnostics_deinit(&diagnostics); /* The scenario itself reports them. */
    if (error != OK)
        return NULL;
    set_environment(yaml_node_get(tree, "environment"));
    if (yaml_node_get(tree, "create") == NULL) {
        *options = yaml_node_get(tree, "options");
        *has_upgrade = find_upgrade(tree, upgrade);
    }
    return tree;
}
