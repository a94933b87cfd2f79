/* unready: cannot do its work from the start, if it is configured with a reason. */
#include <sluice/plugin.h>

#include <stdio.h>

static const struct sl_option options[] = {
    {.name = "reason", .type = SL_OPTION_STRING, .summary = "Why it cannot do its work"},
};

static int create(struct sl_instance *self)
{
    struct sl_string reason = sl_option_string(self, "reason");
    char text[64];
    snprintf(text, sizeof text, "%.*s", (int)reason.len, reason.data != NULL ? reason.data : "");
    if (reason.len > 0)
        self->host->set_unready(self, text);
    return 0;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER, .name = "unready",   .version = "1.0.0", .summary = "Cannot do its work",
    .license = "MIT", SL_OPTIONS(options), .create = create,
};
