#include "config/config.h"
#include "config/config_check.h"
#include "config/config_parse.h"
#include "config/config_schema.h"
#include "config/paths.h"
#include "config/yaml.h"

#include <stdlib.h>
#include <string.h>

static const char installed_plugins[] = "/usr/lib/sluice/plugins";

static struct config *create(const char *file)
{
    struct config *config = calloc(1, sizeof *config);
    if (config == NULL)
        return NULL;
    config->file = strdup(file);
    if (config->file == NULL) {
        free(config);
        return NULL;
    }
    atomic_init(&config->owners, 1);
    return config;
}

struct config *config_ref(struct config *config)
{
    atomic_fetch_add_explicit(&config->owners, 1, memory_order_relaxed);
    return config;
}

void config_destroy(struct config *config)
{
    if (config == NULL || atomic_fetch_sub_explicit(&config->owners, 1, memory_order_acq_rel) > 1)
        return;
    schema_free(&config_schema, config);
    yaml_node_destroy(config->tree);
    free(config->file);
    free(config);
}

static size_t error_count(const struct diagnostics *diagnostics)
{
    return diagnostics->count + diagnostics->lost;
}

/* Lays all overrides over the tree, reporting each that does not fit. */
static int apply_overrides(struct config *config, const struct config_override *overrides,
                           size_t count, struct diagnostics *diagnostics)
{
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        int error =
            yaml_override(&config->tree, overrides[i].path, overrides[i].value, diagnostics);
        if (error == ERR_NO_MEMORY)
            return error;
        if (error != 0)
            result = error;
    }
    return result;
}

/* Adds a folder that is taken over; NULL, or one that is there already, is nothing. */
static void add_plugin_folder(struct config *config, char *folder)
{
    for (size_t i = 0; folder != NULL && i < config->plugin_path_count; i++) {
        if (strcmp(config->plugin_path[i], folder) == 0) {
            free(folder);
            return;
        }
    }
    if (folder != NULL)
        config->plugin_path[config->plugin_path_count++] = folder;
}

/* Without plugins.path: the build's folder, which an installation does not have, then that of the
 * installation that the binary belongs to, then the system's. */
static int set_default_plugin_path(struct config *config)
{
    if (config->plugin_path_count > 0)
        return 0;
    free(config->plugin_path);
    config->plugin_path = calloc(3, sizeof *config->plugin_path);
    char *installed = strdup(installed_plugins);
    if (config->plugin_path == NULL || installed == NULL) {
        free(installed);
        return ERR_NO_MEMORY;
    }
    add_plugin_folder(config, path_beside_binary("plugins"));
    add_plugin_folder(config, path_in_prefix("lib/sluice/plugins"));
    add_plugin_folder(config, installed);
    return 0;
}

static int read_tree(struct config *config, struct diagnostics *diagnostics)
{
    struct position start = {.file = config->file, .line = 1, .column = 1};
    struct walk walk = {.diagnostics = diagnostics};
    char *folder = path_folder(config->file);
    if (folder == NULL)
        return ERR_NO_MEMORY;
    walk.folder = folder;
    int error = schema_read(&walk, &config_schema, config->tree, start, config);
    free(folder);
    if (error == 0)
        error = set_default_plugin_path(config);
    if (error == 0)
        config_check(config, diagnostics);
    return error;
}

/* From a tree to a finished configuration. */
static int finish(struct config *config, const struct config_override *overrides,
                  size_t override_count, size_t errors_before, struct diagnostics *diagnostics)
{
    int error = apply_overrides(config, overrides, override_count, diagnostics);
    if (error == 0)
        error = read_tree(config, diagnostics);
    if (error == 0 && error_count(diagnostics) > errors_before)
        error = ERR_CONFIG;
    return error;
}

/* Hands the configuration over if nothing is wrong with it. */
static int hand_over(struct config *config, int error, struct config **out)
{
    if (error == 0)
        *out = config;
    else
        config_destroy(config);
    return error;
}

int config_parse(const char *file, const char *data, size_t len,
                 const struct config_override *overrides, size_t override_count,
                 struct diagnostics *diagnostics, struct config **out)
{
    size_t before = error_count(diagnostics);
    struct config *config = create(file);
    if (config == NULL)
        return ERR_NO_MEMORY;
    struct yaml_source source = {.file = config->file, .data = data, .len = len};
    int error = yaml_parse(&source, diagnostics, &config->tree);
    if (error == 0)
        error = finish(config, overrides, override_count, before, diagnostics);
    return hand_over(config, error, out);
}

int config_load_broken(const char *file, const struct config_override *overrides,
                       size_t override_count, struct diagnostics *diagnostics, struct config **out)
{
    size_t before = error_count(diagnostics);
    struct config *config = create(file);
    *out = NULL;
    if (config == NULL)
        return ERR_NO_MEMORY;
    int error = yaml_load(config->file, diagnostics, &config->tree);
    if (error != 0) {
        config_destroy(config);
        return error;
    }
    *out = config;
    return finish(config, overrides, override_count, before, diagnostics);
}

int config_load(const char *file, const struct config_override *overrides, size_t override_count,
                struct diagnostics *diagnostics, struct config **out)
{
    struct config *config;
    int error = config_load_broken(file, overrides, override_count, diagnostics, &config);
    return hand_over(config, error, out);
}
