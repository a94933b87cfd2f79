#include "hub/reload.h"

#include "base/clock.h"
#include "base/unloaded.h"
#include "client/client.h"
#include "hub/hub.h"
#include "hub/reload_internal.h"
#include "pipeline/chain_events.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

static void release(struct hub_reload *reload)
{
    for (size_t i = 0; i < reload->change_count; i++)
        endpoint_setup_unref(reload->changes[i].setup);
    for (size_t i = 0; i < reload->live.count; i++)
        options_version_unref(reload->live.items[i].options);
    free(reload->live.items);
    free(reload->mails);
    free(reload->changes);
    plugin_set_deinit(&reload->plugins);
    config_destroy(reload->config);
    free(reload);
}

int hub_reload_prepare(struct hub *hub, struct config *config, struct diagnostics *diagnostics,
                       struct hub_reload **out)
{
    struct hub_reload *reload = calloc(1, sizeof *reload);
    if (reload == NULL)
        return ERR_NO_MEMORY;
    reload->hub = hub;
    reload->config = config_ref(config);
    plugin_set_init(&reload->plugins, config->plugin_path, config->plugin_path_count,
                    &hub->plugins);
    reload->changes =
        calloc(config->endpoint_count + hub_endpoint_count(hub), sizeof *reload->changes);
    /* What the commit needs, which must not fail for lack of memory. */
    reload->mails = calloc(hub->set.count, sizeof *reload->mails);
    bool has_room = reload->changes != NULL && reload->mails != NULL;
    int error = has_room ? reload_prepare_endpoints(reload, diagnostics) : ERR_NO_MEMORY;
    if (error != OK) {
        release(reload);
        return error;
    }
    reload_prepare_removals(reload);
    *out = reload;
    return OK;
}

/* -- changing over: each loop -- */

static void close_removed(struct client *client)
{
    static const char reason[] = "the endpoint was removed";
    if (client->state == CLIENT_OPEN)
        client_close(client, CLOSE_GOING_AWAY, reason, sizeof reason - 1);
}

static bool switch_client(struct sweep *sweep, struct client *client)
{
    (void)sweep;
    if (atomic_load_explicit(&client_endpoint(client)->is_active, memory_order_relaxed))
        client_catch_up_with_reload(client);
    else
        close_removed(client);
    return true;
}

/* What instances do outside of their stages' hooks: now that no loop has the old chains any more,
 * the new modes are theirs, unless another reload has changed the endpoint meanwhile. */
static void set_modes(const struct endpoint_setup *setup)
{
    for (size_t i = 0; setup != NULL && i < setup->chain->count; i++)
        instance_set_mode(setup->chain->stages[i].instance, setup->chain->stages[i].is_shadow);
}

static void on_all_switched(struct loop *loop, struct mail *mail)
{
    struct hub_reload *reload = (struct hub_reload *)mail;
    (void)loop;
    for (size_t i = 0; !reload->is_void && i < reload->change_count; i++)
        if (reload->changes[i].endpoint->setup == reload->changes[i].setup)
            set_modes(reload->changes[i].setup);
    release(reload);
}

static void count_switching(struct hub *hub, int by)
{
    pthread_mutex_lock(&hub->switch_lock);
    hub->switching += (unsigned)by;
    pthread_cond_broadcast(&hub->has_switched);
    pthread_mutex_unlock(&hub->switch_lock);
}

/* The last loop ends the reload, and with it the orders. */
static void end_switch(struct hub_reload *reload)
{
    if (atomic_fetch_sub_explicit(&reload->loops_to_go, 1, memory_order_acq_rel) == 1) {
        count_switching(reload->hub, -1);
        reload->done.deliver = on_all_switched;
        hub_post_control(reload->hub, &reload->done);
    }
}

static void on_clients_switched(struct sweep *sweep, struct shard *shard)
{
    struct switch_mail *order =
        (struct switch_mail *)((char *)sweep - offsetof(struct switch_mail, sweep));
    shard->switching--;
    end_switch(order->reload);
}

/* New clients get the new set-up from here on, and the others before their next message. */
static void deliver_switch(struct loop *loop, struct mail *mail)
{
    struct switch_mail *order = (struct switch_mail *)mail;
    struct hub_reload *reload = order->reload;
    struct shard *shard = shard_of(loop);
    if (reload->is_void) {
        end_switch(reload);
        return;
    }
    for (size_t i = 0; i < reload->change_count; i++)
        endpoint_switch_loop(reload->changes[i].endpoint, loop->index, reload->changes[i].setup);
    shard->switching++;
    order->sweep = (struct sweep){
        .visit = switch_client, .end = on_clients_switched, .quota = SWEEP_WITHOUT_QUOTA};
    sweep_begin(shard, &order->sweep);
}

/* -- committing: the main thread -- */

static int offer_options(struct hub_reload *reload, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < reload->live.count; i++) {
        struct instance_change *change = &reload->live.items[i];
        reload->was_offered = true;
        if (!change->wants_new && instance_change_apply(change, diagnostics) != OK)
            return ERR_CONFIG;
    }
    return OK;
}

/* Those that have asked for a new instance get one, when everybody has been asked. All errors are
 * reported. */
static int replace_instances(struct hub_reload *reload, struct diagnostics *diagnostics)
{
    int result = OK;
    for (size_t i = 0; i < reload->live.count; i++) {
        struct instance_change *change = &reload->live.items[i];
        bool needs_one = change->wants_new && !change->has_new;
        int error = needs_one ? chain_replace(change, reload->config, diagnostics) : OK;
        if (error == ERR_NO_MEMORY)
            return error;
        if (error != OK)
            result = ERR_CONFIG;
        else
            change->has_new = change->wants_new;
    }
    return result;
}

/* All or nobody: those who have taken their options already take the old ones back, also while one
 * that has been made is awaited: until then the old configuration serves. */
static int apply_live(struct hub_reload *reload, struct diagnostics *diagnostics)
{
    int error = offer_options(reload, diagnostics);
    if (error == OK)
        error = replace_instances(reload, diagnostics);
    if (error == OK)
        error = reload_check_created(reload, diagnostics);
    if (error == OK && reload->last_step != NULL)
        error = reload->last_step(reload->last_context, diagnostics);
    for (size_t i = reload->live.count; error != OK && i-- > 0;)
        instance_change_revert(&reload->live.items[i]);
    return error;
}

static void apply_limits(struct hub *hub, const struct config *config)
{
    bans_configure(&hub->bans, config);
    atomic_store_explicit(&hub->limit_clients, config->limit_clients, memory_order_relaxed);
    atomic_store_explicit(&hub->limit_clients_per_address, config->limit_clients_per_address,
                          memory_order_relaxed);
    atomic_store_explicit(&hub->drain_delay, config->shutdown_delay, memory_order_relaxed);
    atomic_store_explicit(&hub->drain_over, config->shutdown_grace, memory_order_relaxed);
    delivery_set_limit(&hub->set.delivery, config->limit_queue_bytes);
    memory_account_set_limit(&hub->set.input, config->limit_input_bytes);
}

static void settle_instances(struct hub *hub, const struct endpoint_setup *setup)
{
    for (size_t i = 0; i < setup->chain->count; i++) {
        struct instance *instance = setup->chain->stages[i].instance;
        if (instance->replaces != NULL)
            atomic_fetch_add_explicit(&hub->reloads.replaced, 1, memory_order_relaxed);
        instance_settle(instance, &setup->config->pipeline[i], setup->owner);
        instance_inherit(instance);
    }
}

static void apply_change(const struct endpoint_change *change)
{
    struct endpoint *endpoint = change->endpoint;
    struct endpoint_setup *before = endpoint->setup;
    endpoint->setup = change->setup != NULL ? endpoint_setup_ref(change->setup) : NULL;
    atomic_store_explicit(&endpoint->has_on_publish,
                          change->setup != NULL && change->setup->chain->has_on_publish,
                          memory_order_relaxed);
    atomic_store_explicit(&endpoint->has_listeners,
                          change->setup != NULL && chain_has_listeners(change->setup->chain),
                          memory_order_relaxed);
    if (change->setup != NULL) {
        const struct endpoint_config *config = change->setup->config;
        atomic_store_explicit(&endpoint->clients_max, config->clients_max, memory_order_relaxed);
        atomic_store_explicit(&endpoint->clients_per_address, config->clients_per_address,
                              memory_order_relaxed);
        endpoint_use_key(endpoint, config);
        fanout_use_flush(&endpoint->fanout, config->flush_delay, config->flush_bytes);
        settle_instances(endpoint->hub, change->setup);
    }
    atomic_store_explicit(&endpoint->is_active, change->setup != NULL, memory_order_release);
    endpoint_setup_unref(before); /* Its instances know by now to whom they hand over. */
}

/* Tables of names that the configuration does not have any more are nobody's but their users'. */
static void keep_storage(struct storage *storage, const struct hub_reload *reload)
{
    atomic_store(&reload->hub->set.pipeline.descriptors_max,
                 reload->config->limit_plugin_descriptors);
    storage_configure(storage, reload->config);
    storage_keep_begin(storage);
    for (size_t i = 0; i < reload->change_count; i++) {
        const struct endpoint_setup *setup = reload->changes[i].setup;
        if (setup == NULL)
            continue;
        const struct endpoint_config *config = &reload->config->endpoints[i]; /* the order is its */
        storage_keep(storage, config->path, NULL, &config->storage);
        for (size_t j = 0; j < setup->chain->count; j++)
            storage_keep(storage, config->path, setup->chain->stages[j].instance->name,
                         &config->pipeline[j].storage);
    }
    storage_keep_end(storage);
}

static void apply_changes(struct hub *hub, struct hub_reload *reload)
{
    pthread_mutex_lock(&hub->setup_lock);
    for (size_t i = 0; i < reload->change_count; i++)
        apply_change(&reload->changes[i]);
    pthread_mutex_unlock(&hub->setup_lock);
    struct plugin_set before = hub->plugins;
    hub->plugins = reload->plugins;
    hub->plugins.previous = NULL;
    hub->plugins.folders = NULL;
    reload->plugins = before;
    /* The first configuration was no reload, so the number of reloads is that before this one. */
    unloaded_by_reload(atomic_fetch_add_explicit(&hub->generation, 1, memory_order_relaxed));
    atomic_store_explicit(&hub->reloads.in_force_at, clock_wall(), memory_order_relaxed);
}

/* The loops change over, or pass by if it is void. */
static void post_switch(struct hub_reload *reload)
{
    struct hub *hub = reload->hub;
    count_switching(hub, 1);
    atomic_init(&reload->loops_to_go, hub->set.count);
    for (unsigned i = 0; i < hub->set.count; i++) {
        reload->mails[i] = (struct switch_mail){.mail.deliver = deliver_switch, .reload = reload};
        loop_post(&hub->set.shards[i].loop, &reload->mails[i].mail);
    }
}

void hub_reload_set_last_step(struct hub_reload *reload,
                              int (*step)(void *context, struct diagnostics *diagnostics),
                              void *context)
{
    reload->last_step = step;
    reload->last_context = context;
}

int hub_reload_commit(struct hub *hub, struct hub_reload *reload, struct diagnostics *diagnostics)
{
    int error = reload_check_created(reload, diagnostics);
    if (error == OK)
        error = apply_live(reload, diagnostics);
    if (error == HUB_RELOAD_AWAITED)
        return error;
    reload->is_void = error != OK;
    if (error == OK) {
        apply_limits(hub, reload->config);
        apply_changes(hub, reload);
        keep_storage(&hub->set.pipeline.storage, reload);
    } else {
        reload_forget_creations(reload);
    }
    post_switch(reload);
    return error;
}

void hub_reload_abort(struct hub_reload *reload)
{
    if (reload == NULL)
        return;
    reload->is_void = true;
    reload_forget_creations(reload);
    if (reload->was_offered)
        post_switch(reload);
    else
        release(reload);
}

/* -- waiting for the loops -- */

void hub_reload_init(struct hub *hub)
{
    pthread_condattr_t monotonic;
    pthread_mutex_init(&hub->switch_lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&hub->has_switched, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void hub_reload_deinit(struct hub *hub)
{
    pthread_cond_destroy(&hub->has_switched);
    pthread_mutex_destroy(&hub->switch_lock);
}

bool hub_reload_await(struct hub *hub, int64_t timeout)
{
    int64_t deadline = clock_monotonic() + timeout;
    const struct timespec at = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    int error = 0;
    pthread_mutex_lock(&hub->switch_lock);
    while (hub->switching > 0 && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&hub->has_switched, &hub->switch_lock, &at);
    bool have_all = hub->switching == 0;
    pthread_mutex_unlock(&hub->switch_lock);
    return have_all;
}

void hub_announce_instances(struct hub *hub)
{
    for (size_t i = 0; i < hub_endpoint_count(hub); i++) {
        const struct endpoint_setup *setup = hub->endpoints[i]->setup;
        for (size_t j = 0; setup != NULL && j < setup->chain->count; j++)
            instance_announce(setup->chain->stages[j].instance);
    }
}
