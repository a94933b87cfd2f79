#include "front/front_internal.h"

#include <civetweb.h>
#include <stdlib.h>

/* -- life -- */

/* With one thread the accepting threads do handshakes themselves: that saves its wake-ups. */
static int create_handshake_threads(struct front *front, const struct config *config)
{
    unsigned count = config->front_handshake_threads;
    if (count == 0)
        count = handshake_threads_auto();
    return count > 1 ? handshake_threads_create(count, &front->threads) : OK;
}

int front_create(const struct config *config, struct hub *hub, struct diagnostics *diagnostics,
                 struct front **out)
{
    struct front_reload *reload = NULL;
    struct trusted_proxies *proxies;
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&front->lock, NULL);
    trust_init(&front->trust);
    front->handler.hub = hub;
    mg_init_library(MG_FEATURES_TLS | MG_FEATURES_IPV6);
    /* The listeners use all of this as soon as they are open. */
    atomic_init(&front->handler.demo_page, config->demo_page);
    handshakes_configure(&front->handshakes, config->limit_handshake_bytes,
                         config->limit_handshakes_per_address);
    int error =
        trusted_proxies_create(config->trusted_proxies, config->trusted_proxy_count, &proxies);
    trust_change(&front->trust, proxies);
    if (error == OK)
        error = create_handshake_threads(front, config);
    if (error == OK)
        error = front_reload_prepare(front, config, diagnostics, &reload);
    if (error == OK)
        error = front_reload_open(reload, diagnostics);
    if (error != OK) {
        front_reload_abort(reload);
        front_destroy(front);
        return error;
    }
    front_reload_commit(front, reload);
    *out = front;
    return OK;
}

void front_stop(struct front *front)
{
    for (size_t i = 0; i < front->count; i++)
        civetweb_context_stop(&front->listeners[i]->civetweb);
}

void front_destroy(struct front *front)
{
    if (front == NULL)
        return;
    for (size_t i = 0; i < front->count; i++)
        front_listener_destroy(front->listeners[i]);
    free(front->listeners);
    handshake_threads_destroy(front->threads);
    mg_exit_library();
    trust_deinit(&front->trust);
    pthread_mutex_destroy(&front->lock);
    free(front);
}

/* -- addresses and counts -- */

size_t front_listener_count(const struct front *front)
{
    return front->count;
}

const char *front_listener_address(const struct front *front, size_t index)
{
    return front->listeners[index]->configured;
}

void front_listener_url(const struct front *front, size_t index, char *url, size_t size)
{
    bind_address_url(&front->listeners[index]->address, url, size);
}

bool front_certificate_end(struct front *front, size_t index, int64_t *end, char *url, size_t size)
{
    pthread_mutex_lock(&front->lock);
    bool is_there = index < front->count;
    if (is_there) {
        const struct front_listener *listener = front->listeners[index];
        *end = atomic_load_explicit(&listener->civetweb.certificate_end, memory_order_relaxed);
        bind_address_url(&listener->address, url, size);
    }
    pthread_mutex_unlock(&front->lock);
    return is_there;
}

unsigned long long front_responses(struct front *front, unsigned hundreds)
{
    if (hundreds >= CIVETWEB_CONTEXT_STATUS_CLASSES)
        return 0;
    pthread_mutex_lock(&front->lock);
    unsigned long long sum = front->closed.responses[hundreds];
    for (size_t i = 0; i < front->count; i++)
        sum += atomic_load_explicit(&front->listeners[i]->civetweb.responses[hundreds],
                                    memory_order_relaxed);
    pthread_mutex_unlock(&front->lock);
    return sum;
}

size_t front_pending(struct front *front)
{
    size_t sum = 0;
    pthread_mutex_lock(&front->lock);
    for (size_t i = 0; i < front->count; i++)
        sum += atomic_load_explicit(&front->listeners[i]->civetweb.accept_stats.pending,
                                    memory_order_relaxed);
    pthread_mutex_unlock(&front->lock);
    return sum;
}

unsigned long long front_dropped(struct front *front, enum pending_drop reason)
{
    pthread_mutex_lock(&front->lock);
    unsigned long long sum = front->closed.dropped[reason];
    for (size_t i = 0; i < front->count; i++)
        sum += atomic_load_explicit(&front->listeners[i]->civetweb.accept_stats.dropped[reason],
                                    memory_order_relaxed);
    pthread_mutex_unlock(&front->lock);
    return sum;
}

void front_handshakes(struct front *front, struct front_handshakes *out)
{
    struct handshakes *handshakes = &front->handshakes;
    *out = (struct front_handshakes){
        .bytes = atomic_load_explicit(&handshakes->bytes, memory_order_relaxed),
        .bytes_limit = atomic_load_explicit(&handshakes->bytes_limit, memory_order_relaxed),
        .begun = atomic_load_explicit(&handshakes->begun, memory_order_relaxed),
        .delayed = atomic_load_explicit(&handshakes->delayed, memory_order_relaxed)};
    for (size_t i = 0; i < TLS_FAULT_COUNT; i++)
        out->faults[i] = atomic_load_explicit(&handshakes->faults[i], memory_order_relaxed);
}
