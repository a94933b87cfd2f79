/*
 * bad-identity: completes with a name that is none, and does not look whether it was taken.
 */
#include <sluice/plugin.h>

#include <stdlib.h>

static void work(struct sl_instance *self, void *context)
{
    struct sl_completion details = {.struct_size = sizeof details, .identity = {"\xff", 1}};
    struct sl_ticket *ticket = context;
    self->host->complete(*ticket, SL_CONTINUE, &details);
    free(ticket);
}

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    struct sl_ticket *ticket = malloc(sizeof *ticket);
    (void)request;
    enum sl_verdict verdict = self->host->defer(self, client, NULL, ticket);
    self->host->offload(self, 0, work, NULL, ticket);
    return verdict;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,   .name = "bad-identity",
    .version = "1.0.0", .summary = "A plugin with a mistake",
    .license = "MIT",   .on_connect = on_connect,
};
