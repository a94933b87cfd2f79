/* bad-magic: a table that does not begin with SL_MAGIC. */
#include <sluice/plugin.h>

SL_EXPORT const struct sl_plugin sluice_plugin = {
    .magic = 0x12345678u,
    .abi_major = SL_ABI_MAJOR,
    .struct_size = sizeof(struct sl_plugin),
    .name = "bad-magic",
    .version = "1.0.0",
    .summary = "A plugin that must be refused",
    .license = "MIT",
};
