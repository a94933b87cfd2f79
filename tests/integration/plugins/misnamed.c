/* misnamed: calls itself something else than its file. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "another-name",
    .version = "1.0.0", .summary = "A plugin that must be refused",
    .license = "MIT",
};
