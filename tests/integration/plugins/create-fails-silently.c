/* create-fails-silently: its create hook fails without a word. */
#include <sluice/plugin.h>

static int create(struct sl_instance *self)
{
    (void)self;
    return SL_ERROR;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "create-fails-silently",
    .version = "1.0.0", .summary = "A plugin that must be refused",
    .license = "MIT",   .create = create,
};
