/* bad-default: an option whose default is no value of its type. */
#include <sluice/plugin.h>

static const struct sl_option options[] = {
    {.name = "wait", .type = SL_OPTION_DURATION, .default_value = "soon", .summary = "How long"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "bad-default",
    .version = "1.0.0", .summary = "A plugin that must be refused",
    .license = "MIT",   SL_OPTIONS(options),
};
