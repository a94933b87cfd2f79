#include "hub/send.h"

#include "base/memory_cost.h"
#include "client/client.h"
#include "hub/hub.h"

#include <stdlib.h>
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

/* What a client is to get. */
struct order {
    uint64_t client_id;
    enum opcode opcode; /* OPCODE_CLOSE: `data` is the reason */
    bool is_control;    /* no overflow policy drops it */
    uint16_t close_code;
    size_t len;
};

struct client_mail {
    struct mail mail; /* first */
    struct order order;
    char data[];
};

static struct shard *shard_of_id(const struct hub *hub, uint64_t client_id)
{
    unsigned index = client_id_loop(client_id);
    return index < hub->set.count ? &hub->set.shards[index] : NULL;
}

static int send_to(struct client *client, const struct order *order, const char *data)
{
    return order->is_control ? client_send_control(client, order->opcode, data, order->len)
                             : client_send(client, order->opcode, data, order->len);
}

static int apply(struct shard *shard, const struct order *order, const char *data)
{
    struct client *client = shard_find(shard, order->client_id);
    if (client == NULL)
        return OK;
    if (order->opcode != OPCODE_CLOSE)
        return send_to(client, order, data) == ERR_NO_MEMORY ? ERR_NO_MEMORY : OK;
    client_close(client, order->close_code, data, order->len);
    return OK;
}

static size_t cost_of(const struct client_mail *mail)
{
    return memory_cost(sizeof *mail + mail->order.len);
}

static void deliver_to_client(struct loop *loop, struct mail *mail)
{
    struct client_mail *to = (struct client_mail *)mail;
    struct shard *shard = shard_of(loop);
    int error = apply(shard, &to->order, to->data);
    (void)error; /* Out of memory, which client_send has counted. */
    memory_account_sub(&shard->set->delivery.forwarded, cost_of(to));
    free(to);
}

/* Whether a loop takes its mail too slowly for more. Who is to be closed is told in any case. */
static bool is_refused(struct hub *hub, enum opcode opcode)
{
    if (opcode == OPCODE_CLOSE || !memory_account_is_full(&hub->set.delivery.forwarded))
        return false;
    if (current_shard(hub) != NULL)
        shard_count_drop(current_shard(hub), DROP_QUEUE_TOTAL);
    return true;
}

static int post_order(struct hub *hub, const struct order *order, const char *data)
{
    struct shard *shard = shard_of_id(hub, order->client_id);
    if (shard == NULL)
        return ERR_INVALID;
    if (shard == current_shard(hub))
        return apply(shard, order, data);
    if (is_refused(hub, order->opcode))
        return ERR_LIMIT;
    struct client_mail *mail = malloc(sizeof *mail + order->len);
    if (mail == NULL)
        return ERR_NO_MEMORY;
    if (current_shard(hub) != NULL) /* What was published here before goes first. */
        forward_flush(&current_shard(hub)->delivery);
    *mail = (struct client_mail){.mail.deliver = deliver_to_client, .order = *order};
    if (order->len > 0)
        memcpy(mail->data, data, order->len);
    memory_account_add(&hub->set.delivery.forwarded, cost_of(mail));
    loop_post(&shard->loop, &mail->mail);
    return OK;
}

int hub_send(struct hub *hub, uint64_t client_id, enum opcode opcode, const void *data, size_t len)
{
    const struct order order = {.client_id = client_id, .opcode = opcode, .len = len};
    return post_order(hub, &order, data);
}

int hub_send_control(struct hub *hub, uint64_t client_id, enum opcode opcode, const void *data,
                     size_t len)
{
    const struct order order = {
        .client_id = client_id, .opcode = opcode, .is_control = true, .len = len};
    return post_order(hub, &order, data);
}

int hub_close(struct hub *hub, uint64_t client_id, uint16_t code, const char *reason)
{
    const struct order order = {
        .client_id = client_id, .opcode = OPCODE_CLOSE, .close_code = code, .len = strlen(reason)};
    return post_order(hub, &order, reason);
}
