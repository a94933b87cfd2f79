/* longer-table: has a hook that this server does not know, so it must be refused. */
#include <sluice/plugin.h>

struct newer_plugin {
    struct sl_plugin known;
    void (*on_moonrise)(struct sl_instance *self);
};

static void on_moonrise(struct sl_instance *self)
{
    (void)self;
}

SL_EXPORT const struct newer_plugin sluice_plugin = {
    .known = {.magic = SL_MAGIC,
              .abi_major = SL_ABI_MAJOR,
              .abi_minor = SL_ABI_MINOR + 1,
              .struct_size = sizeof(struct newer_plugin),
              .name = "longer-table",
              .version = "1.0.0",
              .summary = "A plugin that must be refused",
              .license = "MIT"},
    .on_moonrise = on_moonrise,
};
