/*
 * What plugins are to each other, which is the server's own: services and listeners are found in
 * the instances that have been put before the one that is tested. Calls outside of create, to which
 * the server answers with nothing, are failures, and so are events that nobody could hear.
 */
#include "workbench/fake_internal.h"

#include "delivery/topic.h"
#include "pipeline/chain_events.h"
#include "pipeline/creation.h"
#include "pipeline/instance_services.h"

#include <stdio.h>

static void require_create(const struct instance *instance, const char *function)
{
    if (!creation_runs_here(instance))
        fake_fail("host->%s was called outside create, where services are provided and found, and "
                  "events listened to",
                  function);
}

static int service_provide(struct sl_instance *self, const char *name, uint16_t major,
                           uint16_t minor, const void *table)
{
    char text[SERVICE_TEXT_MAX];
    struct instance *instance = (struct instance *)self;
    require_create(instance, "service_provide");
    int error = ERR_NO_MEMORY;
    if (fake_allocation_is_to_fail())
        snprintf(text, sizeof text, "there is no memory for the service '%s'", name);
    else
        error = instance_service_provide(instance, name, major, minor, table, text);
    if (error == OK)
        return 0;
    self->host->fail(self, text, strlen(text));
    return SL_ERROR;
}

static const struct sl_service *service_find(struct sl_instance *self, const char *name,
                                             uint16_t major, uint16_t minor)
{
    char text[SERVICE_TEXT_MAX];
    struct instance *instance = (struct instance *)self;
    const struct sl_service *service = NULL;
    require_create(instance, "service_find");
    if (fake_allocation_is_to_fail())
        snprintf(text, sizeof text, "there is no memory for the service '%s'", name);
    else
        service = instance_service_find(instance, name, major, minor, text);
    if (service == NULL)
        self->host->fail(self, text, strlen(text));
    return service;
}

/* -- events -- */

static int event_listen(struct sl_instance *self, struct sl_string name)
{
    char text[EVENT_NAME_TEXT_MAX] = "an event's name is 1 to 255 bytes of UTF-8";
    struct instance *instance = (struct instance *)self;
    require_create(instance, "event_listen");
    bool is_name = topic_is_name(name.data, name.len);
    if (is_name && fake_allocation_is_to_fail())
        snprintf(text, sizeof text, "there is no memory for listening to the event '%.*s'",
                 (int)name.len, name.data);
    else if (is_name && instance_event_listen(instance, name, text) == OK)
        return 0;
    self->host->fail(self, text, strlen(text));
    return SL_ERROR;
}

static bool is_event(struct sl_string name, struct sl_string payload)
{
    return topic_is_name(name.data, name.len) && payload.len <= SL_EVENT_PAYLOAD_MAX;
}

static int have_heard(const struct chain *chain, const struct instance *by, const char *emitter,
                      struct sl_client *client, struct sl_string name, struct sl_string payload)
{
    const struct emission emission = {.chain = chain,
                                      .loop = fake_loop(),
                                      .by = by,
                                      .emitter = emitter,
                                      .client = client,
                                      .name = name,
                                      .payload = {payload.len > 0 ? payload.data : "", payload.len},
                                      .is_shadow = by != NULL && fake_is_watching()};
    return chain_emit(&emission) == OK ? 0 : -1;
}

/* Threads of the plugin's own are heard by nobody here: the others' hooks run where the scenario
 * goes on. */
static int event_emit(const struct sl_instance *self, struct sl_client *client,
                      struct sl_string name, struct sl_string payload)
{
    const struct instance *by = (const struct instance *)self;
    const struct chain *chain = fake_running.instance != NULL ? fake_chain_of(by) : NULL;
    if (client != NULL)
        fake_check_client(client, "event_emit");
    if (fake_runs_on_event() && !fake_allows_any_verdict())
        fake_fail("on_event called host->event_emit, which returns -1 there: no event can be "
                  "emitted while one is heard; use host->offload, and emit in its done");
    if (!is_event(name, payload))
        return -1;
    if (client != NULL && (!client->is_open || client->is_leaving || client->chain != chain))
        client = NULL;
    if (!fake_is_watching())
        fake_note(FAKE_EMITTED, self, client != NULL ? fake_client_number(client) : 0, name,
                  SL_BINARY, payload, 0);
    return chain != NULL ? have_heard(chain, by, self->name, client, name, payload) : 0;
}

int fake_emit(struct fake_instance *instance, const char *emitter, struct sl_client *client,
              struct sl_string name, struct sl_string payload)
{
    if (!is_event(name, payload))
        return SL_ERROR;
    bool is_heard = instance_hears(fake_tested(instance), name);
    return have_heard(instance->chain, NULL, emitter, client, name, payload) == 0 && is_heard;
}

const char *fake_event_name(const struct fake_instance *instance, size_t index)
{
    return instance_event_name(fake_tested(instance), index);
}

void fake_services_provide(struct sl_host *host)
{
    host->event_listen = event_listen;
    host->event_emit = event_emit;
    host->service_provide = service_provide;
    host->service_find = service_find;
}
