#include "cli/cli.h"

#include "base/crash.h"
#include "config/values.h"
#include "pipeline/plugin.h"

#include <stdio.h>

/* -- sluice plugins -- */

struct listing {
    struct plugin_set *plugins;
    int failed;
};

static void print_plugin(const char *name, void *context)
{
    struct listing *listing = context;
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;

    if (plugin_load(listing->plugins, name, text, &plugin) != OK) {
        fprintf(stderr, "%s\n", text);
        listing->failed = 1;
        return;
    }
    printf("%-16s %-8s %s\n", name, plugin->table.version, plugin->table.summary);
}

static int list_plugins(struct plugin_set *plugins)
{
    struct listing listing = {.plugins = plugins};
    int count = plugin_names(plugins, print_plugin, &listing);
    if (count < 0) {
        fprintf(stderr, "sluice: %s\n", error_text(count));
        return EXIT_WRONG;
    }
    if (count == 0) {
        fputs("sluice: no plugins found in plugins.path:\n", stderr);
        for (size_t i = 0; i < plugins->folder_count; i++)
            fprintf(stderr, "  %s\n", plugins->folders[i]);
        return EXIT_WRONG;
    }
    if (!listing.failed)
        puts("\n'sluice plugins NAME' shows a plugin's options.");
    return listing.failed ? EXIT_WRONG : 0;
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

static int show_plugin(struct plugin_set *plugins, const char *name, bool as_markdown)
{
    char text[PLUGIN_TEXT_MAX];
    struct plugin *plugin;

    if (plugin_load(plugins, name, text, &plugin) != OK) {
        fprintf(stderr, "sluice: %s\n", text);
        return EXIT_WRONG;
    }
    if (as_markdown) {
        print_markdown(plugin);
        return 0;
    }
    printf("%s %s - %s\n%s, licence %s, ABI %u.%u\n\n", plugin->table.name, plugin->table.version,
           plugin->table.summary, plugin->path, plugin->table.license, plugin->table.abi_major,
           plugin->table.abi_minor);
    printf(plugin->options.count > 0 ? "Options:\n" : "It has no options.\n");
    for (size_t i = 0; i < plugin->options.count; i++)
        print_option(option_table_row(&plugin->options, i));
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
    int status = options->argument != NULL
                     ? show_plugin(&plugins, options->argument, options->markdown)
                     : list_plugins(&plugins);
    plugin_set_deinit(&plugins);
    config_destroy(config);
    return status;
}
