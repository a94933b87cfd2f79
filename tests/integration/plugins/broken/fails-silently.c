/*
 * fails-silently: fails without saying why.
 */
#include <sluice/plugin.h>

static int create(struct sl_instance *self)
{
    (void)self;
    return SL_ERROR;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "fails-silently",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .create = create,
};
