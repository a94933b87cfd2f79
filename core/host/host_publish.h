/*
 * What other plugins of a pipeline hear of what one of them does: they are asked about what it
 * publishes to topics, if any of them wants to be, and are told of the events that it emits.
 */
#ifndef SLUICE_HOST_HOST_PUBLISH_H
#define SLUICE_HOST_HOST_PUBLISH_H

#include <sluice/plugin.h>

struct endpoint;
struct instance;

/* Publishes what `by` sends to a topic; the name, the type and the payload are valid. Any thread.
 * As host->publish: 0, -1 or SL_REFUSED. */
int host_publish_asking(const struct instance *by, struct endpoint *endpoint,
                        struct sl_string topic, enum sl_message_type type,
                        struct sl_string payload);

/* host->event_emit. Any thread. */
int host_event_emit(const struct sl_instance *self, struct sl_client *client, struct sl_string name,
                    struct sl_string payload);

#endif
