/*
 * Plugin files: found, loaded and checked against the ABI before anything of theirs is used.
 *
 * Main thread only; a loaded plugin is immutable afterwards. Plugins are shared between the sets of
 * successive configurations as long as their files do not change.
 */
#ifndef SLUICE_PIPELINE_PLUGIN_H
#define SLUICE_PIPELINE_PLUGIN_H

#include "base/error.h"
#include "config/config.h"
#include "config/options.h"
#include "pipeline/plugin_library.h"

#include <sluice/plugin.h>

#include <sys/stat.h>

#define PLUGIN_TEXT_MAX 1024 /* for the sentence that says why a plugin is refused */

struct plugin {
    unsigned references; /* of sets and instances; main thread */
    char *path;          /* of the file */
    struct stat file;    /* as it was when it was loaded */
    struct plugin_library library;
    struct sl_plugin table; /* a copy, with zeros for what an older plugin does not have */
    struct option_table options;
};

/* What an instance keeps for a client, bytes: the plugin's state and, if it has client_free, behind
 * it a flag: whether that is owed. */
static inline size_t plugin_block_size(const struct plugin *plugin)
{
    return plugin->table.client_size + (plugin->table.client_free != NULL);
}

/* The plugins of one configuration, each once. */
struct plugin_set {
    char *const *folders; /* borrowed; only while plugins are being loaded */
    size_t folder_count;
    const struct plugin_set
        *previous;           /* whose plugins are taken over if their files are the same */
    bool in_place;           /* load the files themselves, so that debuggers find them */
    bool is_trusted;         /* load them although others may write to them or their folders */
    struct plugin **plugins; /* owned */
    size_t count;
};

/* `previous` may be NULL; it must stay until the last plugin_load of this set. */
void plugin_set_init(struct plugin_set *set, char *const *folders, size_t folder_count,
                     const struct plugin_set *previous);

/* Gives its plugins up; those that no instance uses are unloaded. */
void plugin_set_deinit(struct plugin_set *set);

/* Loads NAME.so from the first folder that has it, or returns the one loaded before. The set owns
 * it. Returns 0, ERR_NOT_FOUND, ERR_PLUGIN or ERR_NO_MEMORY, with one sentence in `text`. */
MUST_CHECK int plugin_load(struct plugin_set *set, const char *name, char text[PLUGIN_TEXT_MAX],
                           struct plugin **out);

/* Loads one file, which must be called after its plugin; the set owns the plugin. The same
 * errors. */
MUST_CHECK int plugin_load_file(struct plugin_set *set, const char *path,
                                char text[PLUGIN_TEXT_MAX], struct plugin **out);

/* One more, one less that uses it; the last one unloads. */
struct plugin *plugin_ref(struct plugin *plugin);
void plugin_unref(struct plugin *plugin);

/* Calls `visit` with the name of every plugin file in the folders, sorted, each name once. Returns
 * how many, or ERR_NO_MEMORY. */
int plugin_names(const struct plugin_set *set, void (*visit)(const char *name, void *context),
                 void *context);

#endif
