#include "front/front.h"

#include "base/log.h"
#include "front/entrance.h"
#include "front/routes.h"
#include "front/tls.h"
#include "front/trusted_proxies.h"
#include "hub/hub.h"

#include <civetweb.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the entrances that are gone have counted, so that no count ever falls. */
struct bygone {
    unsigned long long responses[SERVER_STATUS_CLASSES];
    unsigned long long dropped[WAITING_DROP_COUNT];
};

struct front {
    pthread_mutex_t lock;        /* of `entrances` and `bygone`, for who reads counts */
    struct entrance **entrances; /* owned; in the configuration's order */
    size_t count;
    struct bygone bygone;
    struct routes routes;
    struct trust trust;
    struct handshakes handshakes;
};

/* One listener of the new configuration. */
struct step {
    struct entrance *entrance; /* NULL until it is found or made */
    SSL_CTX *tls;              /* owned; what a listener that stays changes to */
    bool is_new;
};

struct front_reload {
    struct step *steps; /* owned */
    size_t count;
    struct entrance **entrances; /* owned; room for the front's new ones */
    bool demo_page;
    size_t handshake_bytes;
    uint32_t handshakes_per_address;
    struct trusted_proxies *proxies; /* owned; NULL: none */
};

/* -- preparing -- */

/* Tries all certificates, so that every mistake is reported. */
static int load_contexts(struct step *steps, const struct config *config,
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

static bool is_taken(const struct front_reload *reload, const struct entrance *entrance)
{
    for (size_t i = 0; i < reload->count; i++)
        if (reload->steps[i].entrance == entrance)
            return true;
    return false;
}

/* An entrance that listens there already, in the same way. */
static struct entrance *find_entrance(const struct front *front, const struct front_reload *reload,
                                      const struct listen_config *config)
{
    for (size_t i = 0; i < front->count; i++) {
        struct entrance *entrance = front->entrances[i];
        if (strcmp(entrance->address, config->address) == 0 &&
            entrance->listener.tls == (config->tls != NULL) && !is_taken(reload, entrance))
            return entrance;
    }
    return NULL;
}

static int find_or_make(struct front *front, const struct config *config,
                        struct diagnostics *diagnostics, struct front_reload *reload)
{
    int result = OK;
    for (size_t i = 0; i < reload->count; i++) {
        struct step *step = &reload->steps[i];
        step->entrance = find_entrance(front, reload, &config->listeners[i]);
        if (step->entrance != NULL)
            continue;
        SSL_CTX *tls = step->tls;
        step->tls = NULL;
        int error = entrance_create(&config->listeners[i], tls, config->front_workers,
                                    &front->routes, diagnostics, &step->entrance);
        if (error == ERR_NO_MEMORY)
            return error;
        step->is_new = error == OK;
        if (error == OK) {
            step->entrance->server.trust = &front->trust;
            step->entrance->server.handshakes = &front->handshakes;
            step->entrance->server.descriptors = hub_descriptors(front->routes.hub);
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
        if (front->entrances[i]->listener.port == port && !is_taken(reload, front->entrances[i]))
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
        const struct entrance *entrance = reload->steps[i].entrance;
        probes[i] = -1;
        if (!reload->steps[i].is_new)
            continue;
        bool is_ours = is_about_to_go(front, reload, entrance->listener.port);
        if (entrance_probe(entrance, &config->listeners[i], is_ours, diagnostics, &probes[i]) != OK)
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
        int error = entrance_open(reload->steps[i].entrance, config, config->listeners[i].position,
                                  diagnostics);
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
    reload->entrances = calloc(config->listener_count + 1, sizeof(struct entrance *));
    if (reload->steps == NULL || reload->entrances == NULL) {
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
            entrance_destroy(reload->steps[i].entrance);
    }
    trusted_proxies_unref(reload->proxies);
    free(reload->entrances);
    free(reload->steps);
    free(reload);
}

/* -- committing -- */

/* With the lock. */
static void remember(struct front *front, const struct entrance *entrance)
{
    const struct server *server = &entrance->server;
    for (size_t i = 0; i < SERVER_STATUS_CLASSES; i++)
        front->bygone.responses[i] += atomic_load(&server->responses[i]);
    for (size_t i = 0; i < WAITING_DROP_COUNT; i++)
        front->bygone.dropped[i] += atomic_load(&server->waiting_stats.dropped[i]);
}

/* Outside the lock: stopping waits for the workers. */
static void close_gone(struct front *front, struct entrance **before, size_t count,
                       const struct front_reload *reload)
{
    for (size_t i = 0; i < count; i++) {
        if (is_taken(reload, before[i]))
            continue;
        log_info("front", "no longer listening on %s", before[i]->address);
        server_stop(&before[i]->server);
        pthread_mutex_lock(&front->lock);
        remember(front, before[i]);
        pthread_mutex_unlock(&front->lock);
        entrance_destroy(before[i]);
    }
}

void front_reload_commit(struct front *front, struct front_reload *reload)
{
    struct entrance **before = front->entrances;
    size_t count = front->count;
    struct entrance **after = reload->entrances;
    reload->entrances = NULL;
    for (size_t i = 0; i < reload->count; i++) {
        after[i] = reload->steps[i].entrance;
        if (reload->steps[i].tls != NULL)
            server_use_tls(&after[i]->server, reload->steps[i].tls);
        reload->steps[i].is_new = false; /* The front's now. */
    }
    pthread_mutex_lock(&front->lock);
    front->entrances = after;
    front->count = reload->count;
    pthread_mutex_unlock(&front->lock);
    atomic_store_explicit(&front->routes.demo_page, reload->demo_page, memory_order_relaxed);
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
    front->routes.hub = hub;
    mg_init_library(MG_FEATURES_TLS | MG_FEATURES_IPV6);
    /* Before anybody can come in. */
    atomic_init(&front->routes.demo_page, config->demo_page);
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
    struct step *steps = calloc(config->listener_count + 1, sizeof *steps);
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
        server_stop(&front->entrances[i]->server);
}

void front_destroy(struct front *front)
{
    if (front == NULL)
        return;
    for (size_t i = 0; i < front->count; i++)
        entrance_destroy(front->entrances[i]);
    free(front->entrances);
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
    return front->entrances[index]->address;
}

void front_listener_url(const struct front *front, size_t index, char *url, size_t size)
{
    listener_url(&front->entrances[index]->listener, url, size);
}

unsigned long long front_responses(struct front *front, unsigned hundreds)
{
    if (hundreds >= SERVER_STATUS_CLASSES)
        return 0;
    pthread_mutex_lock(&front->lock);
    unsigned long long sum = front->bygone.responses[hundreds];
    for (size_t i = 0; i < front->count; i++)
        sum += atomic_load_explicit(&front->entrances[i]->server.responses[hundreds],
                                    memory_order_relaxed);
    pthread_mutex_unlock(&front->lock);
    return sum;
}

size_t front_waiting(struct front *front)
{
    size_t sum = 0;
    pthread_mutex_lock(&front->lock);
    for (size_t i = 0; i < front->count; i++)
        sum += atomic_load_explicit(&front->entrances[i]->server.waiting_stats.waiting,
                                    memory_order_relaxed);
    pthread_mutex_unlock(&front->lock);
    return sum;
}

unsigned long long front_dropped(struct front *front, enum waiting_drop reason)
{
    pthread_mutex_lock(&front->lock);
    unsigned long long sum = front->bygone.dropped[reason];
    for (size_t i = 0; i < front->count; i++)
        sum += atomic_load_explicit(&front->entrances[i]->server.waiting_stats.dropped[reason],
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
