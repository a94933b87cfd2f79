#include "delivery/fanout.h"

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"

#include <stdlib.h>

int fanout_init(struct fanout *fanout, struct delivery *delivery)
{
    *fanout = (struct fanout){.delivery = delivery};
    fanout->audiences =
        aligned_alloc(_Alignof(struct audience), delivery->loop_count * sizeof(struct audience));
    if (fanout->audiences == NULL)
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < delivery->loop_count; i++)
        audience_init(&fanout->audiences[i], fanout, delivery->loops[i]);
    return OK;
}

void fanout_deinit(struct fanout *fanout)
{
    for (unsigned i = 0; fanout->audiences != NULL && i < fanout->delivery->loop_count; i++)
        audience_deinit(&fanout->audiences[i]);
    free(fanout->audiences);
}

int fanout_publish(struct fanout *fanout, enum opcode opcode, const void *data, size_t len)
{
    const struct delivery_loop *here = delivery_current_loop(fanout->delivery);
    if (here != NULL)
        return audience_publish(&fanout->audiences[here->loop->index], opcode, data, len, NULL);
    const struct topic_key all = {.fanout = fanout, .kind = TOPIC_ALL, .name = ""};
    return forward_from_outside(&all, opcode, data, len);
}
