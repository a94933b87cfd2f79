/* no-license: leaves out one of the texts that a plugin must have. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "no-license",
    .version = "1.0.0",
    .summary = "A plugin that must be refused",
};
