/*
 * Plugin files: found, loaded and checked against the ABI before anything of theirs is used.
 *
 * Main thread only; a loaded plugin is immutable afterwards.
 */
#ifndef SLUICE_PIPELINE_PLUGIN_H
#define SLUICE_PIPELINE_PLUGIN_H

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"

#include <sluice/plugin.h>

#define PLUGIN_TEXT_MAX 1024 /* for the sentence that says why a plugin is refused */

struct plugin {
    struct plugin *next;
    char *path; /* of the file */
    void *handle;
    struct sl_plugin table; /* a copy, with zeros for what an older plugin does not have */
    struct option_table options;
};

/* The plugins of one process, each loaded once. */
struct plugin_set {
    char *const *folders; /* borrowed */
    size_t folder_count;
    struct plugin *first;
};

void plugin_set_init(struct plugin_set *set, char *const *folders, size_t folder_count);

/* Unloads all; no instance may be left. */
void plugin_set_deinit(struct plugin_set *set);

/* Loads NAME.so from the first folder that has it, or returns the one loaded before. The set owns
 * it. Returns 0, ERR_NOT_FOUND, ERR_PLUGIN or ERR_NO_MEMORY, with one sentence in `text`. */
MUST_CHECK int plugin_load(struct plugin_set *set, const char *name, char text[PLUGIN_TEXT_MAX],
                           struct plugin **out);

/* Calls `visit` with the name of every plugin file in the folders, sorted, each name once. Returns
 * how many, or ERR_NO_MEMORY. */
int plugin_names(const struct plugin_set *set, void (*visit)(const char *name, void *context),
                 void *context);

#endif
