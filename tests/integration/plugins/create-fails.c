/* create-fails: its create hook fails with a sentence. */
#include <sluice/plugin.h>

static int create(struct sl_instance *self)
{
    return sl_fail(self, "the moon is in the wrong phase");
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "create-fails",
    .version = "1.0.0", .summary = "A plugin that must be refused",
    .license = "MIT",   .create = create,
};
