#include "pipeline/plugin.h"

#include "base/event.h"
#include "base/unloaded.h"
#include "config/suggest.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The size of struct sl_plugin in ABI 1.0, the smallest that this server can use. */
#define TABLE_SIZE_1_0 (offsetof(struct sl_plugin, on_close) + sizeof(void *))

static int refuse_plugin(char text[PLUGIN_TEXT_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int refuse_plugin(char text[PLUGIN_TEXT_MAX], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, PLUGIN_TEXT_MAX, format, arguments);
    va_end(arguments);
    return ERR_PLUGIN;
}

void plugin_set_init(struct plugin_set *set, char *const *folders, size_t folder_count,
                     const struct plugin_set *previous)
{
    *set = (struct plugin_set){.folders = folders,
                               .folder_count = folder_count,
                               .previous = previous,
                               .in_place = previous != NULL && previous->in_place};
}

struct plugin *plugin_ref(struct plugin *plugin)
{
    plugin->references++;
    return plugin;
}

/* A plugin that stays for this reason; so its table's texts are still there. */
static void warn_of_staying(const struct plugin *plugin, const char *reason)
{
    char message[1024];
    const struct event_values values = {.message = message,
                                        .texts = {[EVENT_FIELD_PLUGIN] = plugin->table.name,
                                                  [EVENT_FIELD_VERSION] = plugin->table.version,
                                                  [EVENT_FIELD_FILE] = plugin->path,
                                                  [EVENT_FIELD_REASON] = reason}};
    snprintf(message, sizeof message,
             "%s %s is not used any more and stays in memory, as will each that follows it: %s",
             plugin->table.name, plugin->table.version, reason);
    event_log(EVENT_PLUGIN_NOT_UNLOADED, "pipeline", &values);
}

void plugin_unref(struct plugin *plugin)
{
    if (plugin == NULL || --plugin->references > 0)
        return;
    const char *reason = plugin_library_close(&plugin->library, plugin->path);
    if (reason != NULL && unloaded_is_by_reload())
        warn_of_staying(plugin, reason);
    free(plugin->path);
    free(plugin);
}

void plugin_set_deinit(struct plugin_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        plugin_unref(set->plugins[i]);
    free(set->plugins);
    set->plugins = NULL;
    set->count = 0;
}

/* Takes the caller's reference over if it succeeds. */
static int plugin_set_add(struct plugin_set *set, struct plugin *plugin)
{
    struct plugin **plugins = realloc(set->plugins, (set->count + 1) * sizeof *plugins);
    if (plugins == NULL)
        return ERR_NO_MEMORY;
    set->plugins = plugins;
    set->plugins[set->count++] = plugin;
    return OK;
}

/* A newer plugin may have hooks that this server would never call. That is refused, not ignored: a
 * plugin that protects something must not do so in vain. */
static bool uses_what_we_lack(const struct sl_plugin *table)
{
    const unsigned char *bytes = (const unsigned char *)table;
    for (size_t i = sizeof *table; i < table->struct_size; i++)
        if (bytes[i] != 0)
            return true;
    return table->flags != 0;
}

/* Nothing of the table is read before magic, version and size have been found good. */
static int check_abi(const struct sl_plugin *table, const char *path, char text[PLUGIN_TEXT_MAX])
{
    if (table->magic != SL_MAGIC)
        return refuse_plugin(
            text,
            "%s: sluice_plugin does not begin with SL_PLUGIN_HEADER (expected magic "
            "0x%08x, found 0x%08x)",
            path, SL_MAGIC, table->magic);
    if (table->abi_major != SL_ABI_MAJOR)
        return refuse_plugin(
            text,
            "%s: built for plugin ABI %u.%u, but this server has %u.%u; rebuild it with "
            "this server's sluice/plugin.h",
            path, table->abi_major, table->abi_minor, SL_ABI_MAJOR, SL_ABI_MINOR);
    if (table->struct_size < TABLE_SIZE_1_0 || table->struct_size > 64 * 1024)
        return refuse_plugin(text,
                             "%s: struct_size is %u bytes, but ABI %u needs at least %zu; use "
                             "SL_PLUGIN_HEADER",
                             path, table->struct_size, SL_ABI_MAJOR, TABLE_SIZE_1_0);
    if (uses_what_we_lack(table))
        return refuse_plugin(
            text,
            "%s: uses hooks or flags of plugin ABI %u.%u that this server, with %u.%u, "
            "does not have; use a newer server",
            path, table->abi_major, table->abi_minor, SL_ABI_MAJOR, SL_ABI_MINOR);
    return OK;
}

static int check_texts(const struct sl_plugin *table, const char *name, const char *path,
                       char text[PLUGIN_TEXT_MAX])
{
    if (table->name == NULL || table->version == NULL || table->summary == NULL ||
        table->license == NULL)
        return refuse_plugin(text, "%s: name, version, summary and license must all be set", path);
    if (strcmp(table->name, name) != 0)
        return refuse_plugin(text,
                             "%s: the plugin calls itself '%s'; its file must be called %s.so",
                             path, table->name, table->name);
    if (table->instance_size > 1u << 30 || table->client_size > 1u << 20)
        return refuse_plugin(
            text,
            "%s: instance_size (%u bytes, at most 1 GiB) or client_size (%u bytes, at "
            "most 1 MiB) is too large",
            path, table->instance_size, table->client_size);
    return OK;
}

static int check_options(const struct plugin *plugin, char text[PLUGIN_TEXT_MAX])
{
    char reason[PLUGIN_TEXT_MAX / 2];
    if (option_table_check(&plugin->options, reason, sizeof reason) != OK)
        return refuse_plugin(text, "%s: option table: %s", plugin->path, reason);
    return OK;
}

static void copy_table(struct plugin *plugin, const struct sl_plugin *table)
{
    size_t size =
        table->struct_size < sizeof plugin->table ? table->struct_size : sizeof plugin->table;
    memcpy(&plugin->table, table, size);
    plugin->options = (struct option_table){.rows = plugin->table.options,
                                            .count = plugin->table.options_count,
                                            .option_size = plugin->table.option_size};
}

/* Opens the file and checks what it exports, in the order in which it may be trusted. */
static int open_and_check(struct plugin *plugin, const char *name, const struct plugin_set *set,
                          char text[PLUGIN_TEXT_MAX])
{
    char reason[PLUGIN_LIBRARY_TEXT_MAX];
    int error =
        plugin_library_open(&plugin->library, plugin->path, set->in_place, set->is_trusted, reason);
    if (error != OK)
        return refuse_plugin(text, "cannot load plugin '%.100s': %s", name, reason);
    const struct sl_plugin *table = dlsym(plugin->library.handle, "sluice_plugin");
    if (table == NULL)
        return refuse_plugin(text,
                             "%s: not a Sluice plugin: it does not export the symbol sluice_plugin "
                             "(declare it with SL_EXPORT)",
                             plugin->path);
    error = check_abi(table, plugin->path, text);
    if (error != OK)
        return error;
    copy_table(plugin, table);
    error = check_texts(&plugin->table, name, plugin->path, text);
    return error != OK ? error : check_options(plugin, text);
}

static struct plugin *plugin_create(const char *path)
{
    struct plugin *plugin = calloc(1, sizeof *plugin);
    if (plugin == NULL || (plugin->path = strdup(path)) == NULL) {
        free(plugin);
        return NULL;
    }
    plugin->references = 1;
    return plugin;
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* The plugin of the configuration before this one, if its file has not changed since. */
static struct plugin *find_unchanged(const struct plugin_set *set, const char *path,
                                     const struct stat *file)
{
    for (size_t i = 0; set->previous != NULL && i < set->previous->count; i++) {
        struct plugin *plugin = set->previous->plugins[i];
        if (strcmp(plugin->path, path) == 0 && is_same_file(&plugin->file, file))
            return plugin_ref(plugin);
    }
    return NULL;
}

static int load_anew(struct plugin_set *set, const char *name, const char *path,
                     const struct stat *file, char text[PLUGIN_TEXT_MAX], struct plugin **out)
{
    struct plugin *plugin = plugin_create(path);
    if (plugin == NULL) {
        snprintf(text, PLUGIN_TEXT_MAX, "out of memory");
        return ERR_NO_MEMORY;
    }
    plugin->file = *file;
    int error = open_and_check(plugin, name, set, text);
    if (error != OK) {
        plugin_unref(plugin);
        return error;
    }
    *out = plugin;
    return OK;
}

static int load_file(struct plugin_set *set, const char *name, const char *path,
                     const struct stat *file, char text[PLUGIN_TEXT_MAX], struct plugin **out)
{
    struct plugin *plugin = find_unchanged(set, path, file);
    if (plugin == NULL) {
        int error = load_anew(set, name, path, file, text, &plugin);
        if (error != OK)
            return error;
    }
    if (plugin_set_add(set, plugin) != OK) {
        plugin_unref(plugin);
        snprintf(text, PLUGIN_TEXT_MAX, "out of memory");
        return ERR_NO_MEMORY;
    }
    *out = plugin;
    return OK;
}

/* A plugin's name becomes part of a file name, so it is nothing but letters, digits, '-' and '_'.
 */
static bool is_plugin_name(const char *name)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return len > 0 && len < 128 && name[len] == '\0';
}

/* The names of all plugin files, for suggestions and listings. */
struct name_list {
    char **names;
    size_t count;
    bool failed;
};

static void name_list_add(struct name_list *list, const char *name, size_t len)
{
    for (size_t i = 0; i < list->count; i++)
        if (strlen(list->names[i]) == len && memcmp(list->names[i], name, len) == 0)
            return;
    char **names = realloc(list->names, (list->count + 1) * sizeof *names);
    if (names != NULL)
        list->names = names;
    char *copy = names != NULL ? strndup(name, len) : NULL;
    if (copy == NULL)
        list->failed = true;
    else
        list->names[list->count++] = copy;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void name_list_fill(struct name_list *list, const struct plugin_set *set)
{
    for (size_t i = 0; i < set->folder_count; i++) {
        DIR *folder = opendir(set->folders[i]);
        struct dirent *entry;
        while (folder != NULL && (entry = readdir(folder)) != NULL) {
            size_t len = strlen(entry->d_name);
            if (len > 3 && strcmp(entry->d_name + len - 3, ".so") == 0)
                name_list_add(list, entry->d_name, len - 3);
        }
        if (folder != NULL)
            closedir(folder);
    }
    if (list->count > 0)
        qsort(list->names, list->count, sizeof *list->names, compare_names);
}

static void name_list_release(struct name_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
}

int plugin_names(const struct plugin_set *set, void (*visit)(const char *name, void *context),
                 void *context)
{
    struct name_list list = {0};
    name_list_fill(&list, set);
    for (size_t i = 0; i < list.count; i++)
        visit(list.names[i], context);
    int result = list.failed ? ERR_NO_MEMORY : (int)list.count;
    name_list_release(&list);
    return result;
}

static int report_missing(const struct plugin_set *set, const char *name,
                          char text[PLUGIN_TEXT_MAX])
{
    struct name_list list = {0};
    name_list_fill(&list, set);
    struct suggestion suggestion = suggest_begin(name);
    for (size_t i = 0; i < list.count; i++)
        suggest_offer(&suggestion, list.names[i]);
    size_t len = (size_t)snprintf(text, PLUGIN_TEXT_MAX, "there is no plugin '%s'", name);
    if (suggestion.nearest != NULL)
        len += (size_t)snprintf(text + len, PLUGIN_TEXT_MAX - len, "; did you mean '%s'?",
                                suggestion.nearest);
    len += (size_t)snprintf(text + len, PLUGIN_TEXT_MAX - len, " (looked for %s.so in", name);
    for (size_t i = 0; i < set->folder_count && len < PLUGIN_TEXT_MAX; i++)
        len += (size_t)snprintf(text + len, PLUGIN_TEXT_MAX - len, "%s %s", i > 0 ? "," : "",
                                set->folders[i]);
    if (len < PLUGIN_TEXT_MAX)
        snprintf(text + len, PLUGIN_TEXT_MAX - len, ")");
    name_list_release(&list);
    return ERR_NOT_FOUND;
}

static struct plugin *find_loaded(const struct plugin_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->plugins[i]->table.name, name) == 0)
            return set->plugins[i];
    return NULL;
}

int plugin_load(struct plugin_set *set, const char *name, char text[PLUGIN_TEXT_MAX],
                struct plugin **out)
{
    char path[PATH_MAX];
    struct stat file;

    *out = find_loaded(set, name);
    if (*out != NULL)
        return OK;
    if (!is_plugin_name(name))
        return refuse_plugin(text, "'%.127s' is not a plugin's name (letters, digits, '-' and '_')",
                             name);
    for (size_t i = 0; i < set->folder_count; i++) {
        int len = snprintf(path, sizeof path, "%s/%s.so", set->folders[i], name);
        if (len < (int)sizeof path && stat(path, &file) == 0)
            return load_file(set, name, path, &file, text, out);
    }
    return report_missing(set, name, text);
}

int plugin_load_file(struct plugin_set *set, const char *path, char text[PLUGIN_TEXT_MAX],
                     struct plugin **out)
{
    char name[PATH_MAX];
    struct stat file;
    const char *slash = strrchr(path, '/');
    snprintf(name, sizeof name, "%s", slash != NULL ? slash + 1 : path);
    size_t len = strlen(name);
    if (len > 3 && strcmp(name + len - 3, ".so") == 0)
        name[len - 3] = '\0';
    if (stat(path, &file) != 0)
        return refuse_plugin(text, "%s: %s", path, strerror(errno));
    return load_file(set, name, path, &file, text, out);
}
