/*
 * unknown-option: reads an option that it has not declared.
 */
#include <sluice/plugin.h>

static int create(struct sl_instance *self)
{
    return sl_option_bool(self, "verbos") ? sl_fail(self, "no") : 0;
}

static const struct sl_option options[] = {
    {.name = "verbose", .type = SL_OPTION_BOOL, .default_value = "false", .summary = "Says more"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "unknown-option",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   SL_OPTIONS(options),
    .create = create,
};
