/*
 * Lists of an endpoint's clients: like offloaded work they come when that is run.
 */
#include "workbench/fake_internal.h"

#include "delivery/topic.h"

#include <stdio.h>

#define PAGE_MAX 1024u

struct fake_list {
    char endpoint[256];
    char identity[TOPIC_NAME_MAX + 1];
    uint64_t cursor;
    uint32_t max;
    void (*done)(struct sl_instance *self, const struct sl_client_page *page, void *context);
    void *context;
};

static bool is_listed(const struct fake_list *list, const struct fake_client *client)
{
    return fake_is_at(client, list->endpoint) && client->number > list->cursor &&
           (list->identity[0] == '\0' ||
            strcmp(fake_client_name(&client->seen), list->identity) == 0);
}

/* Of those behind the cursor the one that came first; NULL: there are no more. */
static const struct fake_client *next_client(const struct fake_list *list)
{
    const struct fake_client *next = NULL;
    for (const struct fake_client *client = fake.clients; client != NULL; client = client->next)
        if (is_listed(list, client) && (next == NULL || client->number < next->number))
            next = client;
    return next;
}

static void give_page(struct sl_instance *self, struct sl_client *client, void *context)
{
    struct fake_list *list = context;
    uint64_t ids[PAGE_MAX];
    struct sl_client_page page = {.struct_size = sizeof page, .ids = ids};
    const struct fake_client *next;
    (void)client;
    fake_lock();
    while (page.count < list->max && (next = next_client(list)) != NULL)
        ids[page.count++] = list->cursor = next->number;
    page.cursor = next_client(list) != NULL ? list->cursor : 0;
    fake_unlock();
    list->done(self, &page, list->context);
    free(list);
}

static void do_nothing(struct sl_instance *self, void *context)
{
    (void)self;
    (void)context;
}

static int list_clients(struct sl_instance *self, const struct sl_client_query *query,
                        void (*done)(struct sl_instance *self, const struct sl_client_page *page,
                                     void *context),
                        void *context)
{
    static const struct sl_client_query everybody = {.struct_size = sizeof everybody};
    if (query == NULL)
        query = &everybody;
    if (done == NULL)
        fake_fail("host->client_list was called without `done`");
    if (query->struct_size < sizeof *query)
        fake_fail("host->client_list was given a query whose struct_size is %u; set it to "
                  "sizeof(struct sl_client_query)",
                  query->struct_size);
    const struct sl_string *identity = &query->identity;
    const char *endpoint = fake_endpoint(self, query->endpoint_cstr);
    bool is_name = identity->len == 0 || topic_is_name(identity->data, identity->len);
    if (endpoint == NULL || !is_name)
        return -1;
    struct fake_list *list = fake_zalloc(sizeof *list);
    snprintf(list->endpoint, sizeof list->endpoint, "%s", endpoint);
    list->cursor = query->cursor;
    list->max = query->max == 0 || query->max > PAGE_MAX ? PAGE_MAX : query->max;
    list->done = done;
    list->context = context;
    if (identity->len > 0)
        memcpy(list->identity, identity->data, identity->len);
    return self->host->offload(self, 0, do_nothing, give_page, list);
}

void fake_lists_provide(struct sl_host *host)
{
    host->client_list = list_clients;
}
