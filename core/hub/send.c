#include "hub/send.h"

#include "base/memory_cost.h"
#include "client/client.h"
#include "hub/hub.h"

#include <stdlib.h>
#include <string.h>

static struct shard *current_shard(const struct hub *hub)
{
    struct loop *loop = loop_current();
    return loop != NULL && shard_of(loop)->set == &hub->set ? shard_of(loop) : NULL;
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

struct client_mail {
    struct mail mail; /* first */
    uint64_t client_id;
    enum opcode opcode; /* OPCODE_CLOSE: `data` is the reason */
    uint16_t close_code;
    size_t len;
    char data[];
};

static struct shard *shard_of_id(const struct hub *hub, uint64_t client_id)
{
    unsigned index = client_id_loop(client_id);
    return index < hub->set.count ? &hub->set.shards[index] : NULL;
}

static int apply(struct shard *shard, uint64_t client_id, enum opcode opcode, uint16_t close_code,
                 const char *data, size_t len)
{
    struct client *client = shard_find(shard, client_id);
    if (client == NULL)
        return OK;
    if (opcode != OPCODE_CLOSE)
        return client_send(client, opcode, data, len) == ERR_NO_MEMORY ? ERR_NO_MEMORY : OK;
    client_close(client, close_code, data, len);
    return OK;
}

static size_t cost_of(const struct client_mail *mail)
{
    return memory_cost(sizeof *mail + mail->len);
}

static void deliver_to_client(struct loop *loop, struct mail *mail)
{
    struct client_mail *to = (struct client_mail *)mail;
    struct shard *shard = shard_of(loop);
    int error = apply(shard, to->client_id, to->opcode, to->close_code, to->data, to->len);
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

static int post_to_client(struct hub *hub, uint64_t client_id, enum opcode opcode,
                          uint16_t close_code, const char *data, size_t len)
{
    struct shard *shard = shard_of_id(hub, client_id);
    if (shard == NULL)
        return ERR_INVALID;
    if (shard == current_shard(hub))
        return apply(shard, client_id, opcode, close_code, data, len);
    if (is_refused(hub, opcode))
        return ERR_LIMIT;
    struct client_mail *mail = malloc(sizeof *mail + len);
    if (mail == NULL)
        return ERR_NO_MEMORY;
    if (current_shard(hub) != NULL) /* What was published here before goes first. */
        forward_flush(&current_shard(hub)->delivery);
    *mail = (struct client_mail){.mail.deliver = deliver_to_client,
                                 .client_id = client_id,
                                 .opcode = opcode,
                                 .close_code = close_code,
                                 .len = len};
    if (len > 0)
        memcpy(mail->data, data, len);
    memory_account_add(&hub->set.delivery.forwarded, cost_of(mail));
    loop_post(&shard->loop, &mail->mail);
    return OK;
}

int hub_send(struct hub *hub, uint64_t client_id, enum opcode opcode, const void *data, size_t len)
{
    return post_to_client(hub, client_id, opcode, 0, data, len);
}

int hub_close(struct hub *hub, uint64_t client_id, uint16_t code, const char *reason)
{
    return post_to_client(hub, client_id, OPCODE_CLOSE, code, reason, strlen(reason));
}
