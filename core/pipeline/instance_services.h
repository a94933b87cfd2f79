/*
 * Services: what an instance provides for those that come after it in the pipeline, by name and
 * version, and what it has found of those before it.
 *
 * Provided and found while create runs, on the main thread. Whoever has found a service holds its
 * provider until it is freed itself, so a provider ends after everybody who may call it.
 */
#ifndef SLUICE_PIPELINE_INSTANCE_SERVICES_H
#define SLUICE_PIPELINE_INSTANCE_SERVICES_H

#include "base/error.h"

#include <sluice/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct instance;
struct instance_services;
struct stage;
struct stage_config;

/* What a service is called. */
struct service_key {
    char name[SL_SERVICE_NAME_MAX + 1]; /* empty: none */
    uint16_t major, minor;
};

/* Where an instance finds services: in the stages of its chain before its own. All borrowed. */
struct service_scope {
    const struct stage *stages;         /* of which some may have no instance */
    const struct stage_config *configs; /* of the same stages */
    size_t index;                       /* of the instance's own */
    struct service_key *missed;         /* gets the last one that was not found; or NULL */
};

#define SERVICE_TEXT_MAX 512 /* of a sentence, bytes */

/* host->service_provide. Returns 0, ERR_INVALID or ERR_NO_MEMORY with a sentence in `text`. */
MUST_CHECK int instance_service_provide(struct instance *instance, const char *name, uint16_t major,
                                        uint16_t minor, const void *table,
                                        char text[SERVICE_TEXT_MAX]);

/* host->service_find. Returns NULL with a sentence in `text`. */
const struct sl_service *instance_service_find(struct instance *instance, const char *name,
                                               uint16_t major, uint16_t minor,
                                               char text[SERVICE_TEXT_MAX]);

/* Whether everything that the instance has looked for would be found in the same instances there:
 * else it must not stay. */
bool instance_services_hold(const struct instance *instance, const struct service_scope *scope);

/* Whether the instance provides a service that somebody has missed. */
bool instance_provides(const struct instance *instance, const struct service_key *missed);

/* Calls `visit` for each service that the instance provides. Any thread, once create has returned.
 */
void instance_services_each_provided(const struct instance *instance,
                                     void (*visit)(void *context, const struct service_key *key),
                                     void *context);

/* The same for each that it has looked for. `found` is of `provider`, or that is NULL. */
void instance_services_each_wanted(const struct instance *instance,
                                   void (*visit)(void *context, const struct service_key *key,
                                                 const struct sl_service *found,
                                                 const struct instance *provider),
                                   void *context);

/* Gives up what was found. NULL is fine. */
void instance_services_free(struct instance_services *services);

#endif
