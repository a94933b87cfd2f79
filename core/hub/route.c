/*
 * Messages from outside a client's own loop: to one client by its id, to an endpoint from any
 * thread, and from one loop to the others.
 */
#include "base/memory_cost.h"
#include "client/client.h"
#include "hub/hub_internal.h"
#include "delivery/topic.h"

#include <stdlib.h>
#include <string.h>

struct shard *hub_current_shard(const struct hub *hub)
{
    struct loop *loop = loop_current();
    return loop != NULL && shard_of(loop)->hub == hub ? shard_of(loop) : NULL;
}

/* -- frames for an endpoint -- */

struct frames_mail {
    struct mail mail; /* first */
    struct shared_bytes *frames;
    struct endpoint *endpoint;
    uint32_t messages;
};

static void deliver_frames(struct loop *loop, struct mail *mail)
{
    struct frames_mail *frames_mail = (struct frames_mail *)mail;
    struct shard *shard = shard_of(loop);
    if (audience_add_frames(&frames_mail->endpoint->audiences[loop->index],
                            frames_mail->frames->data, frames_mail->frames->len,
                            frames_mail->messages) != OK)
        shard_count_drop(shard, DROP_NO_MEMORY);
    shared_bytes_unref(frames_mail->frames);
    free(frames_mail);
}

static int post_frames(struct shard *to, struct shared_bytes *frames, struct endpoint *endpoint,
                       uint32_t messages)
{
    struct frames_mail *mail = malloc(sizeof *mail);
    if (mail == NULL)
        return ERR_NO_MEMORY;
    *mail = (struct frames_mail){.mail.deliver = deliver_frames,
                                 .frames = shared_bytes_ref(frames),
                                 .endpoint = endpoint,
                                 .messages = messages};
    loop_post(&to->loop, &mail->mail);
    return OK;
}

int hub_forward(struct endpoint *endpoint, const struct shard *from, const void *frames, size_t len,
                uint32_t messages)
{
    struct hub *hub = endpoint->hub;
    int error = OK;
    if (atomic_load_explicit(&hub->forwarded_bytes, memory_order_relaxed) > hub_queue_limit(hub))
        return ERR_LIMIT;
    struct shared_bytes *shared = shared_bytes_create(frames, len, &hub->forwarded_bytes);
    if (shared == NULL)
        return ERR_NO_MEMORY;
    for (unsigned i = 0; i < hub->shard_count; i++)
        if (&hub->shards[i] != from &&
            post_frames(&hub->shards[i], shared, endpoint, messages) != OK)
            error = ERR_NO_MEMORY;
    shared_bytes_unref(shared);
    return error;
}

int hub_broadcast(struct hub *hub, struct endpoint *endpoint, enum opcode opcode, const void *data,
                  size_t len)
{
    struct shard *here = hub_current_shard(hub);
    if (here != NULL)
        return audience_publish(&endpoint->audiences[here->loop.index], opcode, data, len, NULL);

    uint8_t *frame = malloc(FRAME_HEADER_MAX + len);
    if (frame == NULL)
        return ERR_NO_MEMORY;
    size_t header_len = frame_encode_header(frame, opcode, len);
    if (len > 0)
        memcpy(frame + header_len, data, len);
    int error = hub_forward(endpoint, NULL, frame, header_len + len, 1);
    free(frame);
    return error;
}

int hub_broadcast_to_all(struct hub *hub, enum opcode opcode, const void *data, size_t len)
{
    int first_error = OK;
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        int error = hub_broadcast(hub, hub->endpoints[i], opcode, data, len);
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
    return index < hub->shard_count ? &hub->shards[index] : NULL;
}

/* What was published here before goes first, so that the order is kept on the other loop too. */
static void forward_published(struct shard *shard)
{
    if (shard == NULL)
        return;
    topic_forward(shard);
    shard_forward_audiences(shard);
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
    atomic_fetch_sub_explicit(&shard->hub->forwarded_bytes, cost_of(to), memory_order_relaxed);
    free(to);
}

/* Whether a loop takes its mail too slowly for more. Who is to be closed is told in any case. */
static bool is_refused(struct hub *hub, enum opcode opcode)
{
    if (opcode == OPCODE_CLOSE ||
        atomic_load_explicit(&hub->forwarded_bytes, memory_order_relaxed) <= hub_queue_limit(hub))
        return false;
    if (hub_current_shard(hub) != NULL)
        shard_count_drop(hub_current_shard(hub), DROP_QUEUE_TOTAL);
    return true;
}

static int post_to_client(struct hub *hub, uint64_t client_id, enum opcode opcode,
                          uint16_t close_code, const char *data, size_t len)
{
    struct shard *shard = shard_of_id(hub, client_id);
    if (shard == NULL)
        return ERR_INVALID;
    if (shard == hub_current_shard(hub))
        return apply(shard, client_id, opcode, close_code, data, len);
    if (is_refused(hub, opcode))
        return ERR_LIMIT;
    struct client_mail *mail = malloc(sizeof *mail + len);
    if (mail == NULL)
        return ERR_NO_MEMORY;
    forward_published(hub_current_shard(hub));
    *mail = (struct client_mail){.mail.deliver = deliver_to_client,
                                 .client_id = client_id,
                                 .opcode = opcode,
                                 .close_code = close_code,
                                 .len = len};
    if (len > 0)
        memcpy(mail->data, data, len);
    atomic_fetch_add_explicit(&hub->forwarded_bytes, cost_of(mail), memory_order_relaxed);
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
