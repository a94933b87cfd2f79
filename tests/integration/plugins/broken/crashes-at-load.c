/*
 * crashes-at-load: ends the process while it is loaded, before the server could ask it anything.
 */
#include <sluice/plugin.h>

static int *volatile nowhere = (int *)16;

__attribute__((constructor)) static void on_load(void)
{
    *nowhere = 1;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER, .name = "crashes-at-load", .version = "1.0.0", .summary = "Crashes at load",
    .license = "MIT",
};
