/*
 * misreads-option: reads a duration as a text.
 */
#include <sluice/plugin.h>

static int create(struct sl_instance *self)
{
    return sl_option_string(self, "interval").len > 100 ? sl_fail(self, "too long") : 0;
}

static const struct sl_option options[] = {
    {.name = "interval", .type = SL_OPTION_DURATION, .default_value = "5s", .summary = "How often"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "misreads-option",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   SL_OPTIONS(options),
    .create = create,
};
