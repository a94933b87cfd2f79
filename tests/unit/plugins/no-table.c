/* no-table: promises options, but has no table of them. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "no-table",
    .version = "1.0.0", .summary = "A plugin that must be refused",
    .license = "MIT",   .options_count = 2,
};
