/* small-struct: a table that ends before the hooks. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    .magic = SL_MAGIC,
    .abi_major = SL_ABI_MAJOR,
    .struct_size = 24,
    .name = "small-struct",
    .version = "1.0.0",
    .summary = "A plugin that must be refused",
    .license = "MIT",
};
