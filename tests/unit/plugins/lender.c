/*
 * lender: provides the service "loans" to borrower, see there, and looks whether it is called when
 * it is gone. Emits "lent" each time.
 */
#include "loans.h"

#include <stdatomic.h>
#include <stdlib.h>

#define ALIVE 0x600d600d

struct state {
    atomic_uint sign;
};

static int lend(struct sl_instance *provider, struct sl_client *client)
{
    struct state *state = provider->state;
    if (atomic_load(&state->sign) != ALIVE)
        abort();
    if (client != NULL)
        ++*(int *)provider->host->client_state(provider, client);
    provider->host->event_emit(provider, client, sl_string_of("lent"), sl_string_of(""));
    return LOAN;
}

static const struct loans loans = {.struct_size = sizeof loans, .lend = lend};

static int create(struct sl_instance *self)
{
    struct state *state = self->state;
    atomic_store(&state->sign, ALIVE);
    return self->host->service_provide(self, "loans", 1, 0, &loans);
}

static void destroy(struct sl_instance *self)
{
    struct state *state = self->state;
    atomic_store(&state->sign, 0);
}

static const struct sl_option options[] = {
    {.name = "tag", .type = SL_OPTION_STRING, .default_value = "none", .summary = "Anything"},
};

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "lender",
    .version = "1.0.0",
    .summary = "Lends",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct state),
    .client_size = sizeof(int),
    .create = create,
    .destroy = destroy,
};
