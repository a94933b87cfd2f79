/* unknown-flag: sets a flag that no server knows yet, so it must be refused. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .flags = 1u << 31,
    .name = "unknown-flag",
    .version = "1.0.0",
    .summary = "A plugin that must be refused",
    .license = "MIT",
};
