#include "front/front_internal.h"

#include "base/log.h"
#include "front/tls.h"
#include "hub/hub.h"

#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One listener of the new configuration. */
struct listener_step {
    struct front_listener *listener; /* NULL until one is found or made */
    SSL_CTX *tls;                    /* owned; for a listener that stays */
    X509 *certificate;               /* one reference; NULL: plain */
    bool is_new;
};

struct front_reload {
    struct config *config;       /* one reference: what is logged at the end stands there */
    struct listener_step *steps; /* owned */
    size_t count;
    struct front_listener **listeners; /* owned; room for the front's new ones */
    bool demo_page;
    size_t handshake_bytes;
    uint32_t handshakes_per_address;
    struct trusted_proxies *proxies; /* owned; NULL: none */
};

/* -- preparing -- */

/* For the log: the context goes its own way. */
static void keep_certificate(struct listener_step *step)
{
    step->certificate = SSL_CTX_get0_certificate(step->tls);
    if (step->certificate != NULL)
        X509_up_ref(step->certificate);
}

/* Tries all certificates, so that every mistake is reported. */
static int load_tls_contexts(struct listener_step *steps, const struct config *config,
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
        else
            keep_certificate(&steps[i]);
    }
    return result;
}

/* Whether a listener of the front stays. */
static bool is_kept(const struct front_reload *reload, const struct front_listener *listener)
{
    for (size_t i = 0; i < reload->count; i++)
        if (reload->steps[i].listener == listener)
            return true;
    return false;
}

/* The listener that listens at the address already, with or without TLS as configured; NULL: none.
 */
static struct front_listener *find_running_listener(const struct front *front,
                                                    const struct front_reload *reload,
                                                    const struct listen_config *config)
{
    for (size_t i = 0; i < front->count; i++) {
        struct front_listener *listener = front->listeners[i];
        if (strcmp(listener->configured, config->address) == 0 &&
            listener->address.tls == (config->tls != NULL) && !is_kept(reload, listener))
            return listener;
    }
    return NULL;
}

static int find_or_make_listeners(struct front *front, const struct config *config,
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
            step->listener->civetweb.threads = front->threads;
            step->listener->civetweb.descriptors = &front->handler.hub->descriptors;
        } else {
            result = error;
        }
    }
    return result;
}

/* Whether a listener that the reload closes has the port. */
static bool is_closing_port(const struct front *front, const struct front_reload *reload,
                            uint16_t port)
{
    for (size_t i = 0; i < front->count; i++)
        if (front->listeners[i]->address.port == port && !is_kept(reload, front->listeners[i]))
            return true;
    return false;
}

/* Finds every address that does not work, with its position. */
static int probe_new_listeners(const struct front *front, const struct config *config,
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
        bool is_ours = is_closing_port(front, reload, listener->address.port);
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

int front_reload_open(struct front_reload *reload, struct diagnostics *diagnostics)
{
    const struct config *config = reload->config;
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

static int prepare_listeners(struct front *front, const struct config *config,
                             struct diagnostics *diagnostics, struct front_reload *reload)
{
    int certificates = load_tls_contexts(reload->steps, config, diagnostics);
    int addresses = find_or_make_listeners(front, config, diagnostics, reload);
    if (addresses == OK)
        addresses = probe_new_listeners(front, config, diagnostics, reload);
    return certificates != OK ? certificates : addresses;
}

int front_reload_prepare(struct front *front, const struct config *config,
                         struct diagnostics *diagnostics, struct front_reload **out)
{
    struct front_reload *reload = calloc(1, sizeof *reload);
    if (reload == NULL)
        return ERR_NO_MEMORY;
    reload->config = config_ref((struct config *)(uintptr_t)config);
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
    int error = trusted_proxies_create(config->trusted_proxies, config->trusted_proxy_count,
                                       &reload->proxies);
    if (error == OK)
        error = prepare_listeners(front, config, diagnostics, reload);
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
        X509_free(reload->steps[i].certificate);
        if (reload->steps[i].is_new)
            front_listener_destroy(reload->steps[i].listener);
    }
    trusted_proxies_unref(reload->proxies);
    config_destroy(reload->config);
    free(reload->listeners);
    free(reload->steps);
    free(reload);
}

int front_check(const struct config *config, struct diagnostics *diagnostics)
{
    struct listener_step *steps = calloc(config->listener_count + 1, sizeof *steps);
    if (steps == NULL)
        return ERR_NO_MEMORY;
    int error = load_tls_contexts(steps, config, diagnostics);
    for (size_t i = 0; i < config->listener_count; i++) {
        SSL_CTX_free(steps[i].tls);
        X509_free(steps[i].certificate);
    }
    free(steps);
    return error;
}

/* -- committing -- */

/* With the lock. */
static void add_closed_totals(struct front *front, const struct front_listener *listener)
{
    const struct civetweb_context *civetweb = &listener->civetweb;
    for (size_t i = 0; i < CIVETWEB_CONTEXT_STATUS_CLASSES; i++)
        front->closed.responses[i] += atomic_load(&civetweb->responses[i]);
    for (size_t i = 0; i < PENDING_DROP_COUNT; i++)
        front->closed.dropped[i] += atomic_load(&civetweb->accept_stats.dropped[i]);
}

/* Stops without the lock, since stopping waits for the workers. */
static void close_removed_listeners(struct front *front, struct front_listener **before,
                                    size_t count, const struct front_reload *reload)
{
    for (size_t i = 0; i < count; i++) {
        if (is_kept(reload, before[i]))
            continue;
        log_info("front", "no longer listening on %s", before[i]->configured);
        civetweb_context_stop(&before[i]->civetweb);
        pthread_mutex_lock(&front->lock);
        add_closed_totals(front, before[i]);
        pthread_mutex_unlock(&front->lock);
        front_listener_destroy(before[i]);
    }
}

static void log_certificates(const struct front_reload *reload)
{
    for (size_t i = 0; i < reload->count; i++) {
        const struct listen_config *listen = &reload->config->listeners[i];
        if (reload->steps[i].certificate != NULL)
            tls_log_certificate(reload->steps[i].certificate, listen->tls->certificate,
                                listen->address);
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
    close_removed_listeners(front, before, count, reload);
    free(before);
    log_certificates(reload);
    front_reload_abort(reload); /* Frees what is left of it. */
}
