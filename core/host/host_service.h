/*
 * What an instance says of others in its create alone: which services it provides and finds, and
 * which events it listens to.
 */
#ifndef SLUICE_HOST_HOST_SERVICE_H
#define SLUICE_HOST_HOST_SERVICE_H

#include <sluice/plugin.h>

int host_service_provide(struct sl_instance *self, const char *name, uint16_t major, uint16_t minor,
                         const void *table);
const struct sl_service *host_service_find(struct sl_instance *self, const char *name,
                                           uint16_t major, uint16_t minor);
int host_event_listen(struct sl_instance *self, struct sl_string name);

#endif
