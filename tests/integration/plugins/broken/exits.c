/*
 * exits: ends the process.
 */
#include <sluice/plugin.h>

#include <stdlib.h>

static int create(struct sl_instance *self)
{
    (void)self;
    exit(3);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER, .name = "exits",  .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT", .create = create,
};
