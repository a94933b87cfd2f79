/* other-major: built for another major version of the ABI. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    .magic = SL_MAGIC,
    .abi_major = SL_ABI_MAJOR + 1,
    .struct_size = sizeof(struct sl_plugin),
    .name = "other-major",
    .version = "1.0.0",
    .summary = "A plugin that must be refused",
    .license = "MIT",
};
