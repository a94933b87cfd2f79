#include "cli/configuration.h"

#include "base/crash.h"
#include "cli/cli_error.h"
#include "config/paths.h"
#include "pipeline/option_check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Copies `file` to `path` if there is one. Takes `file`. */
static bool take_if_there(char *file, char *path, size_t size)
{
    bool is_there = file != NULL && strlen(file) < size && access(file, F_OK) == 0;
    if (is_there)
        memcpy(path, file, strlen(file) + 1);
    free(file);
    return is_there;
}

const char *cli_config_file(const struct cli_options *options, char *path, size_t size)
{
    if (options->config_file != NULL)
        return options->config_file;
    if (take_if_there(path_in_prefix("config/sluice.yaml"), path, size) ||
        take_if_there(path_in_prefix("etc/sluice/sluice.yaml"), path, size))
        return path;
    return "/etc/sluice/sluice.yaml";
}

struct config *cli_read_config_and_look(const struct cli_options *options,
                                        void (*look)(const struct config *config),
                                        struct diagnostics *diagnostics)
{
    char path[PATH_MAX];
    struct config *config = NULL;
    int error = config_load_broken(cli_config_file(options, path, sizeof path), options->overrides,
                                   options->override_count, diagnostics, &config);
    if (config != NULL && look != NULL)
        look(config);
    if (error == ERR_CONFIG && config != NULL) {
        crash_install(); /* Plugins are loaded. */
        option_check(config, NULL, diagnostics);
    }
    if (error == ERR_NO_MEMORY)
        cli_error(options, "no_memory", "%s", error_text(error));
    if (error == OK)
        return config;
    config_destroy(config);
    return NULL;
}

struct config *cli_read_config(const struct cli_options *options, struct diagnostics *diagnostics)
{
    return cli_read_config_and_look(options, NULL, diagnostics);
}

struct config *cli_load_config(const struct cli_options *options)
{
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    struct config *config = cli_read_config(options, &diagnostics);
    cli_print_findings(options, &diagnostics);
    diagnostics_deinit(&diagnostics);
    return config;
}

void cli_describe_chain(const struct endpoint_config *endpoint, char *text, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < endpoint->pipeline_length && len < size; i++)
        len += (size_t)snprintf(text + len, size - len, "%s -> ", endpoint->pipeline[i].plugin);
    if (len < size)
        snprintf(text + len, size - len, "broadcast%s",
                 endpoint->echo ? "" : " (not to the sender)");
}
