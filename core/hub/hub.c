#include "hub/hub.h"

#include "base/clock.h"
#include "base/unloaded.h"
#include "client/client.h"
#include "config/config.h"
#include "http/http_client.h"
#include "hub/io.h"
#include "hub/reload.h"
#include "pipeline/storage_file.h"
#include "pipeline/worker_pool.h"

#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* -- life -- */

/* What the chains of all endpoints are built from is what a reload does, with nothing before it. */
static int create_endpoints(struct hub *hub, struct config *config, struct diagnostics *diagnostics)
{
    struct hub_reload *reload;
    int error = hub_reload_prepare(hub, config, diagnostics, &reload);
    if (error == OK)
        error = hub_reload_commit(hub, reload, diagnostics);
    if (error != HUB_RELOAD_AWAITED)
        return error;
    hub->starting = reload;
    atomic_store_explicit(&hub->is_starting, true, memory_order_release);
    return OK;
}

static unsigned loop_count_for(const struct config *config)
{
    cpu_set_t cpus;
    unsigned count = config->loops;
    if (count == 0 && sched_getaffinity(0, sizeof cpus, &cpus) == 0)
        count = (unsigned)CPU_COUNT(&cpus);
    if (count == 0)
        count = 1;
    return count < HUB_LOOPS_MAX ? count : HUB_LOOPS_MAX;
}

static void on_left(struct endpoint *endpoint, const struct address *address)
{
    hub_leave(endpoint->hub, endpoint, address);
}

static int create_shards(struct hub *hub, const struct config *config)
{
    unsigned count = loop_count_for(config);
    struct shard_set *set = &hub->set;
    int error = delivery_init(&set->delivery, count);
    set->on_left = on_left;
    set->shards = calloc(count, sizeof *set->shards);
    set->pipeline.loops = calloc(count, sizeof(struct pipeline_loop *));
    if (set->shards == NULL || set->pipeline.loops == NULL)
        return ERR_NO_MEMORY;
    for (; error == OK && set->count < count; set->count += error == OK) {
        error = shard_init(&set->shards[set->count], set, set->count);
        set->pipeline.loops[set->count] = &set->shards[set->count].pipeline;
    }
    set->pipeline.loop_count = count;
    return error;
}

/* What works for plugins beside the loops; no thread is started. */
static int create_helpers(struct hub *hub, const struct config *config)
{
    const struct http_limits limits = {.under_way = config->http_in_flight,
                                       .per_owner = config->http_per_instance,
                                       .queue = config->http_queue,
                                       .failures = config->http_breaker_failures,
                                       .pause = config->http_breaker_pause};
    const struct worker_limits workers = {.threads = config->offload_threads,
                                          .source_threads = config->offload_per_instance,
                                          .queue = config->offload_queue,
                                          .source_queue = config->offload_queue_per_instance};
    int error = worker_pool_create(&workers, &hub->set.pipeline.workers);
    return error == OK ? http_client_create(&limits, &hub->set.pipeline.http) : error;
}

/* Whoever only looks makes no file, and changes none. */
static int create_storage(struct hub *hub, const struct config *config,
                          struct diagnostics *diagnostics)
{
    struct storage *storage = &hub->set.pipeline.storage;
    char why[STORAGE_FILE_TEXT] = "";
    int error = storage_init(storage);
    storage_configure(storage, config);
    if (error != OK || config->storage_path == NULL)
        return error;
    if (hub->set.pipeline.mode == SL_MODE_SERVE)
        error = storage_open(storage, config->storage_path, config->storage_sync, why);
    else if (hub->set.pipeline.mode == SL_MODE_CHECK)
        error = storage_file_check(config->storage_path, why);
    if (error != ERR_SYSTEM)
        return error;
    diagnostics_add(diagnostics, config->storage_path_position, "cannot use %s: %s",
                    config->storage_path, why);
    return ERR_CONFIG;
}

static int create_parts(struct hub *hub, struct config *config, struct diagnostics *diagnostics)
{
    int error = address_counts_init(&hub->addresses);
    if (error == OK)
        error = mailbox_init(&hub->control);
    int bans_error = error == OK ? bans_init(&hub->bans, config, diagnostics) : OK;
    hub->set.bans = &hub->bans.list;
    if (bans_error != ERR_CONFIG && bans_error != OK)
        error = bans_error;
    if (error == OK)
        error = create_helpers(hub, config);
    int storage_error = error == OK ? create_storage(hub, config, diagnostics) : OK;
    if (storage_error != ERR_CONFIG && storage_error != OK)
        error = storage_error;
    atomic_store(&hub->set.pipeline.descriptors_max, config->limit_plugin_descriptors);
    if (error == OK)
        error = create_shards(hub, config);
    if (error == OK)
        error = io_set_up(hub, config, diagnostics);
    descriptors_share(&hub->descriptors);
    if (error == OK)
        error = create_endpoints(hub, config, diagnostics);
    if (error == OK)
        error = bans_error; /* All that is wrong has been looked for. */
    return error != OK ? error : storage_error;
}

int hub_create(struct config *config, const struct sl_host *host, enum sl_mode mode,
               struct diagnostics *diagnostics, struct hub **out)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL)
        return ERR_NO_MEMORY;
    hub->control.event_fd = -1;
    hub->set.pipeline = (struct pipeline){.host = host,
                                          .mode = mode,
                                          .calls = &client_pipeline_calls,
                                          .control = &hub->control,
                                          .input = &hub->set.input};
    hub->plugins.in_place = config->plugins_in_place;
    pthread_mutex_init(&hub->setup_lock, NULL);
    pthread_cond_init(&hub->setups_given_back, NULL);
    pthread_mutex_init(&hub->drain_lock, NULL);
    hub_reload_init(hub);
    int error = create_parts(hub, config, diagnostics);
    if (error != OK) {
        hub_destroy(hub);
        return error;
    }
    *out = hub;
    return OK;
}

int hub_start(struct hub *hub)
{
    if (storage_start(&hub->set.pipeline.storage) != OK)
        return ERR_SYSTEM;
    for (unsigned i = 0; i < hub->set.count; i++) {
        if (loop_start(&hub->set.shards[i].loop) != OK) {
            while (i-- > 0)
                loop_stop(&hub->set.shards[i].loop);
            return ERR_SYSTEM;
        }
    }
    hub->is_started = true;
    if (hub->starting != NULL)
        hub_reload_count_anew(hub->starting);
    return OK;
}

int hub_finish_start(struct hub *hub, struct diagnostics *diagnostics)
{
    if (hub->starting == NULL)
        return OK;
    if (hub_reload_is_awaited(hub->starting))
        return HUB_RELOAD_AWAITED;
    int error = hub_reload_commit(hub, hub->starting, diagnostics);
    if (error != HUB_RELOAD_AWAITED)
        hub->starting = NULL;
    if (error == OK)
        atomic_store_explicit(&hub->is_starting, false, memory_order_release);
    return error;
}

int64_t hub_start_deadline(const struct hub *hub)
{
    return hub->starting != NULL ? hub_reload_deadline(hub->starting) : INT64_MAX;
}

int hub_await_start(struct hub *hub, struct diagnostics *diagnostics)
{
    int error = hub->starting != NULL ? hub_start(hub) : OK;
    if (error == OK)
        error = hub_finish_start(hub, diagnostics);
    while (error == HUB_RELOAD_AWAITED) {
        struct pollfd watched = {.fd = hub->control.event_fd, .events = POLLIN};
        int64_t left = hub_start_deadline(hub) - clock_monotonic();
        poll(&watched, 1, left > 0 ? (int)(left / NS_PER_MS + 1) : 0);
        hub_run_control(hub);
        error = hub_finish_start(hub, diagnostics);
    }
    return error;
}

/* Returns whether there was any work. */
static bool run_control(struct hub *hub)
{
    struct mail *mail = hub->control.event_fd >= 0 ? mailbox_take(&hub->control) : NULL;
    bool had_work = mail != NULL;
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->deliver(NULL, mail);
        mail = next;
    }
    return had_work;
}

/* Mail that was posted to loops that do not run: by close hooks on other loops, by plugins in
 * create and destroy, by plugins' own threads. Returns whether there was any, which may have led to
 * more. */
static bool deliver_round(struct hub *hub)
{
    bool had_work = false;
    for (unsigned i = 0; i < hub->set.count; i++)
        if (loop_deliver_rest(&hub->set.shards[i].loop))
            had_work = true;
    return run_control(hub) || had_work;
}

/* While there are instances their own threads may post for ever, so not until nothing is left. */
static void deliver_before_the_end(struct hub *hub)
{
    for (int round = 0; round < 3; round++)
        deliver_round(hub);
}

/* What an instance posts may be another's end, and the end of one that hands over to another, or
 * has found a service of it, may be that one's. */
static void end_instances(struct hub *hub)
{
    while (deliver_round(hub))
        continue;
}

static void destroy_shards(struct hub *hub)
{
    for (unsigned i = 0; i < hub->set.count; i++)
        shard_deinit(&hub->set.shards[i]);
    free(hub->set.shards);
    free(hub->set.pipeline.loops);
    delivery_deinit(&hub->set.delivery);
}

/* The loops' mailboxes outlive the instances, whose own threads may post until destroy. */
static void destroy_endpoints(struct hub *hub)
{
    size_t count = hub_endpoint_count(hub);
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < count; i++)
        endpoint_retire(hub->endpoints[i]);
    while (hub->setups_held > 0)
        pthread_cond_wait(&hub->setups_given_back, &hub->setup_lock);
    pthread_mutex_unlock(&hub->setup_lock);
    end_instances(hub);
    for (size_t i = 0; i < count; i++)
        endpoint_destroy(hub->endpoints[i]);
}

void hub_destroy(struct hub *hub)
{
    if (hub == NULL)
        return;
    hub_reload_abort(hub->starting);
    atomic_store(&hub->set.is_draining, true);
    atomic_store(&hub->set.is_stopping, true);
    /* First: what is done, or given up, comes back to the loops. */
    worker_pool_stop(hub->set.pipeline.workers);
    http_client_stop(hub->set.pipeline.http);
    for (unsigned i = 0; hub->is_started && i < hub->set.count; i++)
        loop_stop(&hub->set.shards[i].loop);
    unloaded_at_end();
    deliver_before_the_end(hub);
    destroy_endpoints(hub);
    storage_close(&hub->set.pipeline.storage);
    storage_keep_begin(&hub->set.pipeline.storage);
    storage_keep_end(&hub->set.pipeline.storage);
    destroy_shards(hub);
    plugin_set_deinit(&hub->plugins);
    worker_pool_destroy(hub->set.pipeline.workers);
    http_client_destroy(hub->set.pipeline.http);
    mailbox_deinit(&hub->control);
    bans_deinit(&hub->bans);
    address_counts_deinit(&hub->addresses);
    hub_reload_deinit(hub);
    pthread_mutex_destroy(&hub->drain_lock);
    pthread_cond_destroy(&hub->setups_given_back);
    pthread_mutex_destroy(&hub->setup_lock);
    free(hub);
}

/* -- the main thread's work -- */

int hub_control_fd(const struct hub *hub)
{
    return hub->control.event_fd;
}

void hub_post_control(struct hub *hub, struct mail *mail)
{
    mailbox_post(&hub->control, mail);
}

void hub_run_control(struct hub *hub)
{
    run_control(hub);
}

/* -- what is there -- */

struct endpoint *hub_find_endpoint(struct hub *hub, const char *path)
{
    size_t count = hub_endpoint_count(hub);
    for (size_t i = 0; i < count; i++)
        if (atomic_load_explicit(&hub->endpoints[i]->is_active, memory_order_acquire) &&
            strcmp(hub->endpoints[i]->path, path) == 0)
            return hub->endpoints[i];
    return NULL;
}

struct endpoint_setup *hub_hold_setup(struct endpoint *endpoint)
{
    struct hub *hub = endpoint->hub;
    struct endpoint_setup *setup = NULL;
    pthread_mutex_lock(&hub->setup_lock);
    if (endpoint->setup != NULL) {
        setup = endpoint_setup_ref(endpoint->setup);
        hub->setups_held++;
    }
    pthread_mutex_unlock(&hub->setup_lock);
    return setup;
}

void hub_give_setup_back(struct endpoint *endpoint, struct endpoint_setup *setup)
{
    struct hub *hub = endpoint->hub;
    pthread_mutex_lock(&hub->setup_lock);
    endpoint_setup_unref(setup);
    if (--hub->setups_held == 0)
        pthread_cond_signal(&hub->setups_given_back);
    pthread_mutex_unlock(&hub->setup_lock);
}

bool hub_has_plugin_work(struct hub *hub)
{
    struct worker_stats jobs;
    struct http_client_stats requests;
    worker_pool_read(hub->set.pipeline.workers, &jobs);
    http_client_read(hub->set.pipeline.http, &requests);
    return jobs.waiting + jobs.running > 0 || requests.waiting + requests.under_way > requests.tied;
}

uint32_t hub_client_count(const struct hub *hub, const struct endpoint *endpoint)
{
    uint32_t count = 0;
    if (endpoint != NULL)
        return atomic_load_explicit(&endpoint->connected, memory_order_relaxed);
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        count += atomic_load_explicit(&hub->endpoints[i]->connected, memory_order_relaxed);
    return count;
}
