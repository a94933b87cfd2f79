#include "front/front.h"

#include "base/log.h"
#include "front/front_listener.h"
#include "front/front_handler.h"
#include "front/tls.h"
#include "front/trusted_proxies.h"
#include "hub/hub.h"

#include <civetweb.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The counts of closed listeners, so that no sum ever falls. */
struct closed_totals {
    unsigned long long responses[CIVETWEB_CONTEXT_STATUS_CLASSES];
    unsigned long long dropped[PENDING_DROP_COUNT];
};

struct front {
    pthread_mutex_t lock; /* of `listeners` and `closed`, for threads that read counts */
    struct front_listener **listeners; /* owned; in the configuration's order */
    size_t count;
    struct closed_totals closed;
    struct front_handler handler;
    struct trust trust;
    struct handshakes handshakes;
};

/* One listener of the new configuration. */
struct listener_step {
    struct front_listener *listener; /* NULL until it is found or made */
    SSL_CTX *tls;                    /* owned; what a listener that stays changes to */
    bool is_new;
};

struct front_reload {
    struct listener_step *steps; /* owned */
    size_t count;
    struct front_listener **listeners; /* owned; room for the front's new ones */
    bool demo_page;
    size_t handshake_bytes;
    uint32_t handshakes_per_address;
    struct trusted_proxies *proxies; /* owned; NULL: none */
};

/* -- preparing -- */

/* Tries all certificates, so that every mistake is reported. */
static int load_contexts(struct listener_step *steps, const struct config *config,
                         struct diagnostics *diagnostics)
{
    int result = OK;
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listen_config *listen = &config->listeners[i];
        if (listen->tls == NULL)
            continue;
        int error = tls_context_create(listen->tls, diagnostics, &steps[i].tls);
        if (error == ERR_TLS)
            diagnostics_add(diagnostics, listen->position, "TLS could not be set up for %s",
                            listen->address);
        if (error != OK)
            result = ERR_CONFIG;
    }
    return result;
}

static bool is_taken(const struct front_reload *reload, const struct front_listener *listener)
{
    for (size_t i = 0; i < reload->count; i++)
        if (reload->steps[i].listener == listener)
            return true;
    return false;
}

/* A listener that listens there already, in the same way. */
static struct front_listener *find_running_listener(const struct front *front,
                                                    const struct front_reload *reload,
                                                    const struct listen_config *config)
{
    for (size_t i = 0; i < front->count; i++) {
        struct front_listener *listener = front->listeners[i];
        if (strcmp(listener->configured, config->address) == 0 &&
            listener->address.tls == (config->tls != NULL) && !is_taken(reload, listener))
            return listener;
    }
    return NULL;
}

static int find_or_make(struct front *front, const struct config *config,
                        struct diagnostics *diagnostics, struct front_reload *reload)
{
    int result = OK;
    for (size_t i = 0; i < reload->count; i++) {
        struct listener_step *step = &reload->steps[i];
        step->listener = find_running_listener(front, reload, &config->listeners[i]);
        if (step->listener != NULL)
            continue;
        SSL_CTX *tls = step->tls;
        step->tls = NULL;
        int error = front_listener_create(&config->listeners[i], tls, config->front_workers,
                                          &front->handler, diagnostics, &step->listener);
        if (error == ERR_NO_MEMORY)
            return error;
        step->is_new = error == OK;
        if (error == OK) {
            step->listener->civetweb.trust = &front->trust;
            step->listener->civetweb.handshakes = &front->handshakes;
            step->listener->civetweb.descriptors = hub_descriptors(front->handler.hub);
        } else {
            result = error;
        }
    }
    return result;
}

/* Whether a listener that is about to go has the port. */
static bool is_about_to_go(const struct front *front, const struct front_reload *reload,
                           uint16_t port)
{
    for (size_t i = 0; i < front->count; i++)
        if (front->listeners[i]->address.port == port && !is_taken(reload, front->listeners[i]))
            return true;
    return false;
}

/* Finds every address that does not work, with its position. */
static int probe(const struct front *front, const struct config *config,
                 struct diagnostics *diagnostics, const struct front_reload *reload)
{
    int result = OK;
    int *probes = malloc((reload->count + 1) * sizeof *probes);
    if (probes == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < reload->count; i++) {
        const struct front_listener *listener = reload->steps[i].listener;
        probes[i] = -1;
        if (!reload->steps[i].is_new)
            continue;
        bool is_ours = is_about_to_go(front, reload, listener->address.port);
        if (front_listener_probe(listener, &config->listeners[i], is_ours, diagnostics,
                                 &probes[i]) != OK)
            result = ERR_CONFIG;
    }
    for (size_t i = 0; i < reload->count; i++)
        if (probes[i] >= 0)
            close(probes[i]);
    free(probes);
    return result;
}

static int open_new(const struct config *config, struct diagnostics *diagnostics,
                    struct front_reload *reload)
{
    for (size_t i = 0; i < reload->count; i++) {
        if (!reload->steps[i].is_new)
            continue;
        int error = front_listener_open(reload->steps[i].listener, config,
                                        config->listeners[i].position, diagnostics);
        if (error != OK)
            return error;
    }
    return OK;
}

static int prepare(struct front *front, const struct config *config,
                   struct diagnostics *diagnostics, struct front_reload *reload)
{
    int certificates = load_contexts(reload->steps, config, diagnostics);
    int addresses = find_or_make(front, config, diagnostics, reload);
    if (addresses == OK)
        addresses = probe(front, config, diagnostics, reload);
    if (certificates != OK)
        return certificates;
    return addresses != OK ? addresses : open_new(config, diagnostics, reload);
}

static int make_proxies(const struct config *config, struct trusted_proxies **out)
{
    return trusted_proxies_create(config->trusted_proxies, config->trusted_proxy_count, out);
}

int front_reload_prepare(struct front *front, const struct config *config,
                         struct diagnostics *diagnostics, struct front_reload **out)
{
    struct front_reload *reload = calloc(1, sizeof *reload);
    if (reload == NULL)
        return ERR_NO_MEMORY;
    reload->demo_page = config->demo_page;
    reload->handshake_bytes = config->limit_handshake_bytes;
    reload->handshakes_per_address = config->limit_handshakes_per_address;
    reload->steps = calloc(config->listener_count + 1, sizeof *reload->steps);
    reload->listeners = calloc(config->listener_count + 1, sizeof(struct front_listener *));
    if (reload->steps == NULL || reload->listeners == NULL) {
        front_reload_abort(reload);
        return ERR_NO_MEMORY;
    }
    reload->count = config->listener_count;
    int error = make_proxies(config, &reload->proxies);
    if (error == OK)
        error = prepare(front, config, diagnostics, reload);
    if (error != OK) {
        front_reload_abort(reload);
        return error;
    }
    *out = reload;
    return OK;
}

void front_reload_abort(struct front_reload *reload)
{
    if (reload == NULL)
        return;
    for (size_t i = 0; i < reload->count; i++) {
        SSL_CTX_free(reload->steps[i].tls);
        if (reload->steps[i].is_new)
            front_listener_destroy(reload->steps[i].listener);
    }
    trusted_proxies_unref(reload->proxies);
    free(reload->listeners);
    free(reload->steps);
    free(reload);
}

/* -- committing -- */

/* With the lock. */
static void add_closed(struct front *front, const struct front_listener *listener)
{
    const struct civetweb_context *civetweb = &listener->civetweb;
    for (size_t i = 0; i < CIVETWEB_CONTEXT_STATUS_CLASSES; i++)
        front->closed.responses[i] += atomic_load(&civetweb->responses[i]);
    for (size_t i = 0; i < PENDING_DROP_COUNT; i++)
        front->closed.dropped[i] += atomic_load(&civetweb->accept_stats.dropped[i]);
}

/* Outside the lock: stopping waits for the workers. */
static void close_gone(struct front *front, struct front_listener **before, size_t count,
                       const struct front_reload *reload)
{
    for (size_t i = 0; i < count; i++) {
        if (is_taken(reload, before[i]))
            continue;
        log_info("front", "no longer listening on %s", before[i]->configured);
        civetweb_context_stop(&before[i]->civetweb);
        pthread_mutex_lock(&front->lock);
        add_closed(front, before[i]);
        pthread_mutex_unlock(&front->lock);
        front_listener_destroy(before[i]);
    }
}

void front_reload_commit(struct front *front, struct front_reload *reload)
{
    struct front_listener **before = front->listeners;
    size_t count = front->count;
    struct front_listener **after = reload->listeners;
    reload->listeners = NULL;
    for (size_t i = 0; i < reload->count; i++) {
        after[i] = reload->steps[i].listener;
        if (reload->steps[i].tls != NULL)
            civetweb_context_use_tls(&after[i]->civetweb, reload->steps[i].tls);
        reload->steps[i].is_new = false; /* The front's now. */
    }
    pthread_mutex_lock(&front->lock);
    front->listeners = after;
    front->count = reload->count;
    pthread_mutex_unlock(&front->lock);
    atomic_store_explicit(&front->handler.demo_page, reload->demo_page, memory_order_relaxed);
    handshakes_configure(&front->handshakes, reload->handshake_bytes,
                         reload->handshakes_per_address);
    trust_change(&front->trust, reload->proxies);
    reload->proxies = NULL;
    close_gone(front, before, count, reload);
    free(before);
    front_reload_abort(reload); /* What is left of it. */
}

/* -- life -- */

int front_create(const struct config *config, struct hub *hub, struct diagnostics *diagnostics,
                 struct front **out)
{
    struct front_reload *reload;
    struct trusted_proxies *proxies;
    struct front *front = calloc(1, sizeof *front);
    if (front == NULL)
        return ERR_NO_MEMORY;
    pthread_mutex_init(&front->lock, NULL);
    trust_init(&front->trust);
    front->handler.hub = hub;
    mg_init_library(MG_FEATURES_TLS | MG_FEATURES_IPV6);
    /* Before anybody can come in. */
    atomic_init(&front->handler.demo_page, config->demo_page);
    handshakes_configure(&front->handshakes, config->limit_handshake_bytes,
                         config->limit_handshakes_per_address);
    int error = make_proxies(config, &proxies);
    trust_change(&front->trust, proxies);
    if (error == OK)
        error = front_reload_prepare(front, config, diagnostics, &reload);
    if (error != OK) {
        front_destroy(front);
        return error;
    }
    front_reload_commit(front, reload);
    *out = front;
    return OK;
}

int front_check(const struct config *config, struct diagnostics *diagnostics)
{
    struct listener_step *steps = calloc(config->listener_count + 1, sizeof *steps);
    if (steps == NULL)
        return ERR_NO_MEMORY;
    int error = load_contexts(steps, config, diagnostics);
    for (size_t i = 0; i < config->listener_count; i++)
        SSL_CTX_free(steps[i].tls);
    free(steps);
    return error;
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
    mg_exit_library();
    trust_deinit(&front->trust);
    pthread_mutex_destroy(&front->lock);
    free(front);
}

/* -- what it says of itself -- */

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

size_t front_waiting(struct front *front)
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
        .begun = atomic_load_explicit(&handshakes->begun, memory_order_relaxed),
        .delayed = atomic_load_explicit(&handshakes->delayed, memory_order_relaxed)};
    for (size_t i = 0; i < TLS_FAULT_COUNT; i++)
        out->faults[i] = atomic_load_explicit(&handshakes->faults[i], memory_order_relaxed);
}
