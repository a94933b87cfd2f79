/*
 * ignores-no-memory: believes that there is always memory.
 */
#include <sluice/plugin.h>

static int create(struct sl_instance *self)
{
    char **state = self->state;
    *state = self->host->allocate(100);
    (*state)[0] = '\0';
    return 0;
}

static void destroy(struct sl_instance *self)
{
    char **state = self->state;
    self->host->release(*state);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "ignores-no-memory",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .instance_size = sizeof(char *),
    .create = create,   .destroy = destroy,
};
