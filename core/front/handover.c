#include "front/handover.h"

#include "delivery/tls_stream.h"

#include <openssl/ssl.h>
#include <stdlib.h>

void handover_init(struct handover *handover)
{
    pthread_mutex_init(&handover->lock, NULL);
    for (size_t i = 0; i < HANDOVER_BUCKETS; i++)
        TAILQ_INIT(&handover->buckets[i]);
}

void handover_deinit(struct handover *handover)
{
    for (size_t i = 0; i < HANDOVER_BUCKETS; i++)
        guest_queue_clear(&handover->buckets[i]);
    pthread_mutex_destroy(&handover->lock);
}

static struct guest_queue *bucket(struct handover *handover, int socket)
{
    return &handover->buckets[(unsigned)socket % HANDOVER_BUCKETS];
}

/* With the lock. */
static struct guest *take(struct handover *handover, int socket)
{
    struct guest *guest;
    TAILQ_FOREACH(guest, bucket(handover, socket), queue)
    {
        if (guest->socket == socket)
            break;
    }
    if (guest != NULL)
        TAILQ_REMOVE(bucket(handover, socket), guest, queue);
    return guest;
}

void handover_put(struct handover *handover, struct guest *guest)
{
    pthread_mutex_lock(&handover->lock);
    struct guest *left = take(handover, guest->socket);
    TAILQ_INSERT_TAIL(bucket(handover, guest->socket), guest, queue);
    pthread_mutex_unlock(&handover->lock);
    if (left == NULL)
        return;
    left->socket =
        -1; /* CivetWeb has closed it without asking for more, and the number is reused. */
    guest_destroy(left);
}

bool handover_claim(struct handover *handover, int socket, struct guest_tls *out)
{
    pthread_mutex_lock(&handover->lock);
    struct guest *guest = take(handover, socket);
    pthread_mutex_unlock(&handover->lock);
    if (guest == NULL)
        return false;
    *out = guest->tls;
    tls_stream_lend(out->ssl);
    SSL_CTX_free(guest->context);
    free(guest);
    return true;
}
