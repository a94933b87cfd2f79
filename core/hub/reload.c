#include "hub/reload.h"

#include "base/clock.h"
#include "client/client.h"
#include "hub/hub.h"
#include "pipeline/chain.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What one endpoint changes to. */
struct endpoint_change {
    struct endpoint *endpoint;
    struct endpoint_setup *setup; /* one reference; NULL: the configuration has it no more */
};

/* One loop's order to change over. */
struct switch_mail {
    struct mail mail; /* first */
    struct sweep sweep;
    struct hub_reload *reload;
};

struct hub_reload {
    struct mail done; /* to the main thread, when all loops have changed over */
    struct hub *hub;
    struct config *config;     /* one reference */
    struct plugin_set plugins; /* of the new configuration; after the commit, of the old one */
    struct endpoint_change *changes; /* owned */
    size_t change_count;
    struct switch_mail *mails; /* owned; one for each loop */
    struct change_list live;   /* options that instances take live */
    bool is_void; /* refused: the loops only pass by, so that no hook still reads its options */
    _Atomic unsigned loops_to_go;
};

/* -- preparing -- */

static struct endpoint *find_endpoint(struct hub *hub, const char *path)
{
    for (size_t i = 0; i < hub_endpoint_count(hub); i++)
        if (strcmp(hub->endpoints[i]->path, path) == 0)
            return hub->endpoints[i];
    return NULL;
}

/* One that is there, active or not, or a new one, which nobody sees until it is active. */
static int need_endpoint(struct hub *hub, const struct endpoint_config *config,
                         struct diagnostics *diagnostics, struct endpoint **out)
{
    *out = find_endpoint(hub, config->path);
    if (*out != NULL)
        return OK;
    size_t index = hub_endpoint_count(hub);
    if (index == HUB_ENDPOINTS_MAX) {
        diagnostics_add(diagnostics, config->position,
                        "since its start this server has had %d endpoints; restart it for more",
                        HUB_ENDPOINTS_MAX);
        return ERR_CONFIG;
    }
    int error = endpoint_create(hub, &hub->set.delivery, config->path, (unsigned)index,
                                &hub->endpoints[index]);
    if (error != OK)
        return error;
    *out = hub->endpoints[index];
    atomic_store_explicit(&hub->endpoint_count, index + 1, memory_order_release);
    return OK;
}

static int prepare_endpoint(struct hub_reload *reload, const struct endpoint_config *config,
                            struct diagnostics *diagnostics)
{
    struct endpoint_change *change = &reload->changes[reload->change_count];
    int error = need_endpoint(reload->hub, config, diagnostics, &change->endpoint);
    if (error != OK)
        return error;
    error = endpoint_setup_create(change->endpoint, reload->config, config, &change->setup);
    if (error != OK)
        return error;
    reload->change_count++;
    const struct endpoint_setup *before = change->endpoint->setup;
    const struct chain_plan plan = {.pipeline = &reload->hub->set.pipeline,
                                    .endpoint = change->endpoint,
                                    .path = change->endpoint->path,
                                    .endpoint_index = change->endpoint->index,
                                    .config = config,
                                    .owner = reload->config,
                                    .previous = before != NULL ? before->chain : NULL};
    return chain_create(&plan, &reload->plugins, &reload->live, diagnostics, &change->setup->chain);
}

static int prepare_endpoints(struct hub_reload *reload, struct diagnostics *diagnostics)
{
    int result = OK;
    for (size_t i = 0; i < reload->config->endpoint_count; i++) {
        int error = prepare_endpoint(reload, &reload->config->endpoints[i], diagnostics);
        if (error == ERR_NO_MEMORY)
            return error;
        if (error != OK)
            result = error;
    }
    return result;
}

static bool is_configured(const struct hub_reload *reload, const struct endpoint *endpoint)
{
    for (size_t i = 0; i < reload->config->endpoint_count; i++)
        if (strcmp(reload->config->endpoints[i].path, endpoint->path) == 0)
            return true;
    return false;
}

static void prepare_removals(struct hub_reload *reload)
{
    for (size_t i = 0; i < hub_endpoint_count(reload->hub); i++) {
        struct endpoint *endpoint = reload->hub->endpoints[i];
        if (endpoint->setup != NULL && !is_configured(reload, endpoint))
            reload->changes[reload->change_count++] =
                (struct endpoint_change){.endpoint = endpoint};
    }
}

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
    int error = has_room ? prepare_endpoints(reload, diagnostics) : ERR_NO_MEMORY;
    if (error != OK) {
        release(reload);
        return error;
    }
    prepare_removals(reload);
    *out = reload;
    return OK;
}

void hub_reload_abort(struct hub_reload *reload)
{
    if (reload != NULL)
        release(reload);
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
 * the new modes are theirs. */
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
        set_modes(reload->changes[i].setup);
    release(reload);
}

/* The last loop ends the reload, and with it the orders. */
static void end_switch(struct hub_reload *reload)
{
    if (atomic_fetch_sub_explicit(&reload->loops_to_go, 1, memory_order_acq_rel) == 1) {
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

/* All or nobody: those who have taken their options already take the old ones back. */
static int apply_live(struct hub_reload *reload, struct diagnostics *diagnostics)
{
    for (size_t i = 0; i < reload->live.count; i++) {
        if (instance_change_apply(&reload->live.items[i], diagnostics) == OK)
            continue;
        while (i-- > 0)
            instance_change_revert(&reload->live.items[i]);
        return ERR_CONFIG;
    }
    return OK;
}

static void apply_limits(struct hub *hub, const struct config *config)
{
    atomic_store_explicit(&hub->limit_clients, config->limit_clients, memory_order_relaxed);
    atomic_store_explicit(&hub->limit_clients_per_address, config->limit_clients_per_address,
                          memory_order_relaxed);
    atomic_store_explicit(&hub->drain_delay, config->shutdown_delay, memory_order_relaxed);
    atomic_store_explicit(&hub->drain_over, config->shutdown_grace, memory_order_relaxed);
    delivery_set_limit(&hub->set.delivery, config->limit_queue_bytes);
    memory_account_set_limit(&hub->set.input, config->limit_input_bytes);
}

static void settle_instances(const struct endpoint_setup *setup)
{
    for (size_t i = 0; i < setup->chain->count; i++)
        instance_settle(setup->chain->stages[i].instance, &setup->config->pipeline[i],
                        setup->owner);
}

static void apply_change(const struct endpoint_change *change)
{
    struct endpoint *endpoint = change->endpoint;
    struct endpoint_setup *before = endpoint->setup;
    endpoint->setup = change->setup != NULL ? endpoint_setup_ref(change->setup) : NULL;
    endpoint_setup_unref(before);
    if (change->setup != NULL) {
        const struct endpoint_config *config = change->setup->config;
        atomic_store_explicit(&endpoint->clients_max, config->clients_max, memory_order_relaxed);
        atomic_store_explicit(&endpoint->clients_per_address, config->clients_per_address,
                              memory_order_relaxed);
        endpoint_use_key(endpoint, config);
        fanout_use_flush(&endpoint->fanout, config->flush_delay, config->flush_bytes);
        settle_instances(change->setup);
    }
    atomic_store_explicit(&endpoint->is_active, change->setup != NULL, memory_order_release);
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
    atomic_fetch_add_explicit(&hub->generation, 1, memory_order_relaxed);
    atomic_store_explicit(&hub->reloads.in_force_at, clock_wall(), memory_order_relaxed);
}

int hub_reload_commit(struct hub *hub, struct hub_reload *reload, struct diagnostics *diagnostics)
{
    int error = apply_live(reload, diagnostics);
    reload->is_void = error != OK;
    if (error == OK) {
        apply_limits(hub, reload->config);
        apply_changes(hub, reload);
    }
    atomic_init(&reload->loops_to_go, hub->set.count);
    for (unsigned i = 0; i < hub->set.count; i++) {
        reload->mails[i] = (struct switch_mail){.mail.deliver = deliver_switch, .reload = reload};
        loop_post(&hub->set.shards[i].loop, &reload->mails[i].mail);
    }
    return error;
}
