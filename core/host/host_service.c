#include "host/host_service.h"

#include "delivery/topic.h"
#include "host/host_internal.h"
#include "pipeline/chain_events.h"
#include "pipeline/creation.h"
#include "pipeline/instance_services.h"

#include <string.h>

int host_service_provide(struct sl_instance *self, const char *name, uint16_t major, uint16_t minor,
                         const void *table)
{
    char text[SERVICE_TEXT_MAX];
    struct instance *instance = instance_of(self);
    if (!creation_runs_here(instance))
        return SL_ERROR;
    if (instance_service_provide(instance, name, major, minor, table, text) == OK)
        return 0;
    self->host->fail(self, text, strlen(text));
    return SL_ERROR;
}

const struct sl_service *host_service_find(struct sl_instance *self, const char *name,
                                           uint16_t major, uint16_t minor)
{
    char text[SERVICE_TEXT_MAX];
    struct instance *instance = instance_of(self);
    if (!creation_runs_here(instance))
        return NULL;
    const struct sl_service *service = instance_service_find(instance, name, major, minor, text);
    if (service == NULL)
        self->host->fail(self, text, strlen(text));
    return service;
}

int host_event_listen(struct sl_instance *self, struct sl_string name)
{
    char text[EVENT_NAME_TEXT_MAX] = "an event's name is 1 to 255 bytes of UTF-8";
    struct instance *instance = instance_of(self);
    if (!creation_runs_here(instance))
        return SL_ERROR;
    if (topic_is_name(name.data, name.len) && instance_event_listen(instance, name, text) == OK)
        return 0;
    self->host->fail(self, text, strlen(text));
    return SL_ERROR;
}
