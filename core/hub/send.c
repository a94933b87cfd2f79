#include "hub/send.h"

#include "client/client.h"
#include "hub/hub.h"

#include <string.h>

static struct shard *current_shard(const struct hub *hub)
{
    struct delivery_loop *here = delivery_current_loop(&hub->set.delivery);
    return here != NULL ? shard_of_delivery(here) : NULL;
}

int hub_broadcast_to_all(struct hub *hub, enum opcode opcode, const void *data, size_t len)
{
    int first_error = OK;
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        int error = fanout_publish(&hub->endpoints[i]->fanout, opcode, data, len);
        if (first_error == OK)
            first_error = error;
    }
    return first_error;
}

/* -- one client -- */

static int carry_out(struct hub *hub, const struct receiver_order *order, const void *text,
                     size_t len)
{
    unsigned index = client_id_loop(order->id);
    if (index >= hub->set.count)
        return ERR_INVALID;
    struct shard *shard = &hub->set.shards[index];
    if (shard == current_shard(hub))
        return client_carry_out(shard, order, text, len);
    return forward_order(&hub->set.delivery, index, order, text, len);
}

int hub_send(struct hub *hub, uint64_t client_id, enum opcode opcode, const void *data, size_t len)
{
    const struct receiver_order order = {.id = client_id, .opcode = opcode};
    return carry_out(hub, &order, data, len);
}

int hub_send_control(struct hub *hub, uint64_t client_id, enum opcode opcode, const void *data,
                     size_t len)
{
    const struct receiver_order order = {.id = client_id, .opcode = opcode, .is_control = true};
    return carry_out(hub, &order, data, len);
}

int hub_close(struct hub *hub, uint64_t client_id, uint16_t code, const char *reason)
{
    const struct receiver_order order = {
        .id = client_id, .opcode = OPCODE_CLOSE, .close_code = code};
    return carry_out(hub, &order, reason, strlen(reason));
}
