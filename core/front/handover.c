#include "front/handover.h"

#include "client/tls_stream.h"

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

void handover_put(struct handover *handover, struct guest *guest)
{
    pthread_mutex_lock(&handover->lock);
    TAILQ_INSERT_TAIL(bucket(handover, guest->socket), guest, queue);
    pthread_mutex_unlock(&handover->lock);
}

bool handover_claim(struct handover *handover, int socket, struct guest_tls *out)
{
    struct guest *guest;
    pthread_mutex_lock(&handover->lock);
    TAILQ_FOREACH(guest, bucket(handover, socket), queue)
    {
        if (guest->socket == socket)
            break;
    }
    if (guest != NULL)
        TAILQ_REMOVE(bucket(handover, socket), guest, queue);
    pthread_mutex_unlock(&handover->lock);
    if (guest == NULL)
        return false;
    *out = guest->tls;
    tls_stream_lend(out->ssl);
    SSL_CTX_free(guest->context);
    free(guest);
    return true;
}
