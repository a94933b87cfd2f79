/* mutters: writes what is no UTF-8 to standard error, and fails without saying why. */
#include <sluice/plugin.h>

#include <stdio.h>

static int create(struct sl_instance *self)
{
    (void)self;
    fputs("gr\xfc\xdf dich \xf0\x9f\x92\n", stderr);
    return SL_ERROR;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER, .name = "mutters", .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT", .create = create,
};
