#include "front/handoff.h"

#include "delivery/tls_stream.h"

#include <openssl/ssl.h>
#include <stdlib.h>

void handoff_init(struct handoff *handoff)
{
    pthread_mutex_init(&handoff->lock, NULL);
    for (size_t i = 0; i < HANDOFF_BUCKETS; i++)
        TAILQ_INIT(&handoff->buckets[i]);
}

void handoff_deinit(struct handoff *handoff)
{
    for (size_t i = 0; i < HANDOFF_BUCKETS; i++)
        pending_queue_clear(&handoff->buckets[i]);
    pthread_mutex_destroy(&handoff->lock);
}

static struct pending_queue *bucket_of(struct handoff *handoff, int socket)
{
    return &handoff->buckets[(unsigned)socket % HANDOFF_BUCKETS];
}

/* With the lock. */
static struct pending *take_by_socket(struct handoff *handoff, int socket)
{
    struct pending *pending;
    TAILQ_FOREACH(pending, bucket_of(handoff, socket), link)
    {
        if (pending->socket == socket)
            break;
    }
    if (pending != NULL)
        TAILQ_REMOVE(bucket_of(handoff, socket), pending, link);
    return pending;
}

void handoff_put(struct handoff *handoff, struct pending *pending)
{
    pthread_mutex_lock(&handoff->lock);
    struct pending *unclaimed = take_by_socket(handoff, pending->socket);
    TAILQ_INSERT_TAIL(bucket_of(handoff, pending->socket), pending, link);
    pthread_mutex_unlock(&handoff->lock);
    if (unclaimed == NULL)
        return;
    unclaimed->socket = -1; /* CivetWeb has closed it, and the number is in use again. */
    pending_destroy(unclaimed);
}

bool handoff_claim(struct handoff *handoff, int socket, struct pending_tls *out)
{
    pthread_mutex_lock(&handoff->lock);
    struct pending *pending = take_by_socket(handoff, socket);
    pthread_mutex_unlock(&handoff->lock);
    if (pending == NULL)
        return false;
    *out = pending->tls;
    if (out->ssl != NULL)
        tls_stream_lend(out->ssl);
    SSL_CTX_free(pending->context);
    free(pending);
    return true;
}
