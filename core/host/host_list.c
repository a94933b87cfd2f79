#include "host/host_list.h"

#include "delivery/topic.h"
#include "host/host_internal.h"
#include "hub/client_list.h"
#include "hub/hub.h"

#include <stdlib.h>
#include <string.h>

#define LISTS_MAX 16u /* of an instance, under way */

struct host_list {
    struct instance *instance; /* one reference */
    void (*done)(struct sl_instance *self, const struct sl_client_page *page, void *context);
    void *context;
    struct client_list list; /* last: its ids follow */
};

static void free_list(struct host_list *own)
{
    atomic_fetch_sub_explicit(&own->instance->lists, 1, memory_order_relaxed);
    instance_unref(own->instance);
    free(own);
}

static void give_page(struct client_list *list)
{
    struct host_list *own =
        (struct host_list *)(void *)((char *)list - offsetof(struct host_list, list));
    const struct sl_client_page page = {
        .struct_size = sizeof page, .count = list->count, .ids = list->ids, .cursor = list->cursor};
    hook_begin(own->instance, NULL, 0, "client_list (done)");
    own->done(&own->instance->seen, &page, own->context);
    hook_end();
    free_list(own);
}

/* Takes a place among the instance's lists under way. */
static bool take_place(struct instance *instance)
{
    if (atomic_fetch_add_explicit(&instance->lists, 1, memory_order_relaxed) < LISTS_MAX &&
        instance_try_ref(instance))
        return true;
    atomic_fetch_sub_explicit(&instance->lists, 1, memory_order_relaxed);
    return false;
}

static bool is_query(const struct hub *hub, const struct sl_client_query *query)
{
    const struct sl_string *identity = &query->identity;
    return query->struct_size >= sizeof *query && client_list_is_cursor(hub, query->cursor) &&
           (identity->len == 0 || topic_is_name(identity->data, identity->len));
}

/* NULL: no memory, or too many are under way. */
static struct host_list *make_list(struct instance *instance, struct endpoint *endpoint,
                                   const struct sl_client_query *query)
{
    uint32_t max = query->max == 0 || query->max > CLIENT_LIST_MAX ? CLIENT_LIST_MAX : query->max;
    struct host_list *own = calloc(1, sizeof *own + max * sizeof own->list.ids[0]);
    if (own == NULL || !take_place(instance)) {
        free(own);
        return NULL;
    }
    own->instance = instance;
    own->list.hub = endpoint->hub;
    own->list.home = instance->home;
    own->list.filter.endpoint = endpoint;
    if (query->identity.len > 0)
        memcpy(own->list.filter.identity, query->identity.data, query->identity.len);
    own->list.done = give_page;
    own->list.cursor = query->cursor;
    own->list.max = max;
    return own;
}

/* Then `done` would be called at once, and could begin the next list, for ever. */
static bool is_stopping(const struct hub *hub)
{
    return atomic_load_explicit(&hub->set.is_stopping, memory_order_relaxed);
}

int host_client_list(struct sl_instance *self, const struct sl_client_query *query,
                     void (*done)(struct sl_instance *self, const struct sl_client_page *page,
                                  void *context),
                     void *context)
{
    static const struct sl_client_query everybody = {.struct_size = sizeof everybody};
    if (query == NULL)
        query = &everybody;
    struct endpoint *endpoint = host_endpoint(self, query->endpoint_cstr);
    if (endpoint == NULL || done == NULL || !is_query(hub_of(self), query) ||
        is_stopping(endpoint->hub))
        return -1;
    struct host_list *own = make_list(instance_of(self), endpoint, query);
    if (own == NULL)
        return -1;
    own->done = done;
    own->context = context;
    client_list_begin(&own->list);
    return 0;
}

int64_t host_client_count(const struct sl_instance *self, const char *path)
{
    if (path != NULL && strcmp(path, ALL_ENDPOINTS) == 0)
        return hub_client_count(hub_of(self), NULL);
    struct endpoint *endpoint = host_endpoint(self, path);
    return endpoint == NULL ? -1 : (int64_t)hub_client_count(hub_of(self), endpoint);
}
