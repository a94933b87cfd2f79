/* longer-unused: its table is longer than the server's, but what is longer is not used. */
#include <sluice/plugin.h>

struct newer_plugin {
    struct sl_plugin known;
    void (*on_moonrise)(struct sl_instance *self);
};

SL_EXPORT const struct newer_plugin sluice_plugin = {
    .known = {.magic = SL_MAGIC,
              .abi_major = SL_ABI_MAJOR,
              .abi_minor = SL_ABI_MINOR + 1,
              .struct_size = sizeof(struct newer_plugin),
              .name = "longer-unused",
              .version = "1.0.0",
              .summary = "A newer plugin that an older server can use",
              .license = "MIT"},
};
