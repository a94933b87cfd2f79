/*
 * What the files that implement the host's functions share: what is behind the plugins' pointers,
 * and what an instance in shadow mode may do.
 */
#ifndef SLUICE_HOST_HOST_INTERNAL_H
#define SLUICE_HOST_HOST_INTERNAL_H

#include "base/utf8.h"
#include "client/client.h"
#include "client/endpoint.h"
#include "pipeline/chain.h"
#include "pipeline/hook.h"
#include "pipeline/instance.h"
#include "pipeline/message.h"
#include "pipeline/upgrade.h"

/* What plugins hold are members of our own structs; for clients see client_of. */
static inline struct instance *instance_of(const struct sl_instance *self)
{
    return (struct instance *)(uintptr_t)self;
}

static inline struct upgrade *upgrade_of(const struct sl_request *request)
{
    return (struct upgrade *)(uintptr_t)request;
}

static inline struct message *message_of(const struct sl_message *message)
{
    return (struct message *)(uintptr_t)message;
}

static inline enum opcode opcode_of(enum sl_message_type type)
{
    return type == SL_BINARY ? OPCODE_BINARY : OPCODE_TEXT;
}

static inline bool is_sendable(enum sl_message_type type, const char *data, size_t len)
{
    return type == SL_BINARY || (type == SL_TEXT && utf8_is_valid(data, len));
}

static inline struct hub *hub_of(const struct sl_instance *self)
{
    return instance_of(self)->endpoint->hub;
}

/* Whether an instance only watches (mode: shadow), so that what it asks for is not done. In a hook
 * of a stage the stage says so, since loops change over to a new chain one after the other. */
static inline bool host_is_watching(const struct sl_instance *self)
{
    const struct instance *instance = instance_of(self);
    if (hook_instance() == instance && hook_stage() != NULL)
        return hook_stage()->is_shadow;
    return atomic_load_explicit(&instance->is_shadow, memory_order_relaxed);
}

/* The same of the instance whose hook runs on this thread. */
static inline bool host_is_shadowed(void)
{
    const struct instance *instance = hook_instance();
    return instance != NULL && host_is_watching(&instance->seen);
}

#define ALL_ENDPOINTS "*" /* instead of a path */

/* host->time_monotonic. Any thread. */
int64_t host_time_monotonic(void);

/* The endpoint with that path, NULL meaning the instance's own. NULL: there is none. */
struct endpoint *host_endpoint(const struct sl_instance *self, const char *path);

#endif
