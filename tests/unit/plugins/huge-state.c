/* huge-state: asks for more memory for each client than any plugin may have. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "huge-state",
    .version = "1.0.0", .summary = "A plugin that must be refused",
    .license = "MIT",   .client_size = (1u << 20) + 1,
};
