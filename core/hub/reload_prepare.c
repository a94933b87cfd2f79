/*
 * What a reload changes: the endpoints of the new configuration with their chains, and those that
 * it does not have any more.
 */
#include "hub/hub.h"
#include "hub/reload_internal.h"

#include <stdlib.h>
#include <string.h>

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

int reload_prepare_endpoints(struct hub_reload *reload, struct diagnostics *diagnostics)
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

void reload_prepare_removals(struct hub_reload *reload)
{
    for (size_t i = 0; i < hub_endpoint_count(reload->hub); i++) {
        struct endpoint *endpoint = reload->hub->endpoints[i];
        if (endpoint->setup != NULL && !is_configured(reload, endpoint))
            reload->changes[reload->change_count++] =
                (struct endpoint_change){.endpoint = endpoint};
    }
}
