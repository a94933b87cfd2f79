#include "hub/hub.h"

#include "client/client.h"
#include "config/config.h"
#include "hub/io.h"
#include "hub/reload.h"
#include "pipeline/worker_pool.h"

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
    return error;
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

static int create_parts(struct hub *hub, struct config *config, struct diagnostics *diagnostics)
{
    int error = address_counts_init(&hub->addresses);
    if (error == OK)
        error = mailbox_init(&hub->control);
    if (error == OK)
        error = worker_pool_create(config->offload_threads, config->offload_queue,
                                   &hub->set.pipeline.workers);
    if (error == OK)
        error = create_shards(hub, config);
    if (error == OK)
        error = io_set_up(hub, config, diagnostics);
    descriptors_share(&hub->descriptors);
    if (error == OK)
        error = create_endpoints(hub, config, diagnostics);
    return error;
}

int hub_create(struct config *config, const struct sl_host *host, struct diagnostics *diagnostics,
               struct hub **out)
{
    struct hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL)
        return ERR_NO_MEMORY;
    hub->control.event_fd = -1;
    hub->set.pipeline = (struct pipeline){.host = host,
                                          .calls = &client_pipeline_calls,
                                          .control = &hub->control,
                                          .input = &hub->set.input};
    hub->plugins.in_place = config->plugins_in_place;
    pthread_mutex_init(&hub->setup_lock, NULL);
    pthread_mutex_init(&hub->drain_lock, NULL);
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
    for (unsigned i = 0; i < hub->set.count; i++) {
        if (loop_start(&hub->set.shards[i].loop) != OK) {
            while (i-- > 0)
                loop_stop(&hub->set.shards[i].loop);
            return ERR_SYSTEM;
        }
    }
    hub->is_started = true;
    return OK;
}

/* Mail that was posted to loops that do not run: by close hooks on other loops, by plugins in
 * create and destroy, by plugins' own threads. Instances say goodbye to each other so: what one
 * posts may be another's end. */
static void deliver_rest(struct hub *hub)
{
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < hub->set.count; i++)
            loop_deliver_rest(&hub->set.shards[i].loop);
        hub_run_control(hub);
    }
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
    for (size_t i = 0; i < count; i++)
        endpoint_retire(hub->endpoints[i]);
    deliver_rest(hub);
    for (size_t i = 0; i < count; i++)
        endpoint_destroy(hub->endpoints[i]);
}

void hub_destroy(struct hub *hub)
{
    if (hub == NULL)
        return;
    atomic_store(&hub->set.is_draining, true);
    atomic_store(&hub->set.is_stopping, true);
    worker_pool_stop(
        hub->set.pipeline.workers); /* First: what is done, or given up, comes back to the loops. */
    for (unsigned i = 0; hub->is_started && i < hub->set.count; i++)
        loop_stop(&hub->set.shards[i].loop);
    deliver_rest(hub);
    destroy_endpoints(hub);
    destroy_shards(hub);
    plugin_set_deinit(&hub->plugins);
    worker_pool_destroy(hub->set.pipeline.workers);
    mailbox_deinit(&hub->control);
    address_counts_deinit(&hub->addresses);
    pthread_mutex_destroy(&hub->drain_lock);
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
    struct mail *mail = hub->control.event_fd >= 0 ? mailbox_take(&hub->control) : NULL;
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->deliver(NULL, mail);
        mail = next;
    }
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

bool hub_has_offloaded_work(struct hub *hub)
{
    struct worker_stats stats;
    worker_pool_read(hub->set.pipeline.workers, &stats);
    return stats.waiting + stats.running > 0;
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
