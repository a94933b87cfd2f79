#include "cli/cli.h"
#include "cli/configuration.h"

#include "base/crash.h"
#include "cli/cli_error.h"
#include "cli/plugins_json.h"
#include "config/values.h"
#include "pipeline/plugin.h"

#include <stdio.h>

/* -- sluice plugins -- */

struct listing {
    struct plugin_set *plugins;
    cJSON *json; /* the list, or NULL: text */
    int failed;
};

static void print_row(const struct plugin *plugin)
{
    printf("%-16s %-8s %s\n", plugin->table.name, plugin->table.version, plugin->table.summary);
}

static void list_plugin(const char *name, void *context)
{
    struct listing *listing = context;
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;

    if (plugin_load(listing->plugins, name, text, &plugin) != OK) {
        listing->failed = 1;
        if (listing->json != NULL)
            plugins_json_add_failed(listing->json, name, text);
        else
            fprintf(stderr, "%s\n", text);
    } else if (listing->json != NULL) {
        cJSON_AddItemToArray(listing->json, plugins_json_describe(plugin));
    } else {
        print_row(plugin);
    }
}

/* Says where no plugins were found. */
static void report_none(const struct cli_options *options, const struct plugin_set *plugins)
{
    char folders[4096] = "";
    size_t len = 0;
    for (size_t i = 0; i < plugins->folder_count && len < sizeof folders; i++)
        len += (size_t)snprintf(folders + len, sizeof folders - len, "%s%s", i > 0 ? ", " : "",
                                plugins->folders[i]);
    cli_error(options, "not_found", "no plugins found in plugins.path: %s", folders);
}

static int list_plugins(const struct cli_options *options, struct plugin_set *plugins)
{
    cJSON *answer = options->json ? cJSON_CreateObject() : NULL;
    struct listing listing = {.plugins = plugins,
                              .json = cJSON_AddArrayToObject(answer, "plugins")};
    int count = plugin_names(plugins, list_plugin, &listing);
    if (count < 0)
        cli_error(options, "failed", "%s", error_text(count));
    else if (count == 0)
        report_none(options, plugins);
    else if (options->json)
        listing.failed |= !cli_print_json(answer);
    else if (!listing.failed)
        puts("\n'sluice plugins NAME' shows a plugin's options.");
    if (count <= 0)
        cJSON_Delete(answer);
    return listing.failed || count <= 0 ? EXIT_WRONG : 0;
}

/* -- sluice plugins NAME -- */

static void print_bounds(const struct sl_option *option)
{
    char least[VALUE_TEXT_MAX], most[VALUE_TEXT_MAX];
    if (option->minimum == 0 && option->maximum == 0)
        return;
    switch (option->type) {
    case SL_OPTION_DURATION:
        duration_format((int64_t)option->minimum, least);
        duration_format((int64_t)option->maximum, most);
        printf(" from %s to %s", least, most);
        break;
    case SL_OPTION_SIZE:
        printf(" from %.0f to %.0f bytes", option->minimum, option->maximum);
        break;
    case SL_OPTION_RATE:
        printf(" from %.15g/s to %.15g/s", option->minimum, option->maximum);
        break;
    case SL_OPTION_STRING:
    case SL_OPTION_STRINGS:
        printf(" of length %.0f to %.0f", option->minimum, option->maximum);
        break;
    default:
        printf(" from %.15g to %.15g", option->minimum, option->maximum);
    }
}

static void print_option(const struct sl_option *option)
{
    printf("  %s: %s", option->name, option_type_name(option->type));
    print_bounds(option);
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        printf("%s%s", i == 0 ? " of " : ", ", option->choices[i]);
    if ((option->flags & SL_OPTION_REQUIRED) != 0)
        printf(" (required)");
    else if (option->default_value != NULL)
        printf(" (default: %s)", option->default_value);
    printf("\n      %s\n", option->summary != NULL ? option->summary : "");
}

/* -- sluice plugins NAME --markdown: the page in docs/options -- */

static void print_markdown_bounds(const struct sl_option *option)
{
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
        printf("%s`%s`", i == 0 ? "" : ", ", option->choices[i]);
    if (option->choices == NULL)
        print_bounds(option);
}

static void print_markdown_option(const struct sl_option *option)
{
    printf("| `%s` | %s | ", option->name, option_type_name(option->type));
    if ((option->flags & SL_OPTION_REQUIRED) != 0)
        printf("required");
    else if (option->default_value != NULL)
        printf("`%s`", option->default_value);
    else
        printf("none");
    printf(" |");
    if (option->choices != NULL)
        putchar(' ');
    print_markdown_bounds(option);
    printf(" | %s |\n", option->summary != NULL ? option->summary : "");
}

static void print_markdown(const struct plugin *plugin)
{
    const struct sl_plugin *table = &plugin->table;
    printf("# %s\n\n%s. Version %s, licence %s.\n\n", table->name, table->summary, table->version,
           table->license);
    printf("This page is written by `sluice plugins %s --markdown` from the plugin's option "
           "table.\n\n",
           table->name);
    if (plugin->options.count == 0) {
        puts("It has no options.");
        return;
    }
    puts("| option | type | default | range | what it does |\n| --- | --- | --- | --- | --- |");
    for (size_t i = 0; i < plugin->options.count; i++)
        print_markdown_option(option_table_row(&plugin->options, i));
}

static void print_plugin(const struct plugin *plugin)
{
    printf("%s %s - %s\n%s, licence %s, ABI %u.%u\n\n", plugin->table.name, plugin->table.version,
           plugin->table.summary, plugin->path, plugin->table.license, plugin->table.abi_major,
           plugin->table.abi_minor);
    printf(plugin->options.count > 0 ? "Options:\n" : "It has no options.\n");
    for (size_t i = 0; i < plugin->options.count; i++)
        print_option(option_table_row(&plugin->options, i));
}

static int show_plugin(const struct cli_options *options, struct plugin_set *plugins)
{
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;

    if (plugin_load(plugins, options->argument, text, &plugin) != OK) {
        cli_error(options, "not_found", "%s", text);
        return EXIT_WRONG;
    }
    if (options->json)
        return cli_print_json(plugins_json_describe(plugin)) ? 0 : EXIT_WRONG;
    if (options->markdown)
        print_markdown(plugin);
    else
        print_plugin(plugin);
    return 0;
}

int cli_plugins(const struct cli_options *options)
{
    struct plugin_set plugins;
    struct config *config = cli_load_config(options);
    if (config == NULL)
        return EXIT_WRONG;
    crash_install(); /* Plugins are loaded. */
    plugin_set_init(&plugins, config->plugin_path, config->plugin_path_count, NULL);
    int status = options->argument != NULL ? show_plugin(options, &plugins)
                                           : list_plugins(options, &plugins);
    plugin_set_deinit(&plugins);
    config_destroy(config);
    return status;
}
