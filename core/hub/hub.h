/*
 * The hub: the endpoints, the loops that own their clients, and what is counted across loops.
 *
 * Created before any thread starts, destroyed after all have ended. Endpoints never change while it
 * lives. Functions say which thread may call them.
 */
#ifndef SLUICE_HUB_HUB_H
#define SLUICE_HUB_HUB_H

#include "base/address.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct endpoint;
struct hub;
struct loop;
struct upgrade;

/* Why a client may not come in. */
enum admission {
    ADMISSION_GRANTED,
    ADMISSION_TOTAL_FULL,    /* limits.clients: 503 */
    ADMISSION_ENDPOINT_FULL, /* endpoints[].clients.max: 503 */
    ADMISSION_ADDRESS_FULL,  /* limits.clients_per_address or clients.per_address: 429 */
    ADMISSION_DRAINING       /* the server is stopping: 503 */
};

/* The endpoint that serves exactly this path, or NULL. Any thread. */
struct endpoint *hub_find_endpoint(struct hub *hub, const char *path);

/* Asks for a place for one more client and counts it if it is granted; every grant is given back
 * with hub_leave exactly once. Refusals are counted for the metrics. Any thread. */
enum admission hub_admit(struct hub *hub, struct endpoint *endpoint,
                         const struct address *address);

/* Gives a place back. Any thread. */
void hub_leave(struct hub *hub, struct endpoint *endpoint, const struct address *address);

/* Hands an admitted upgrade to a loop (the least busy one); owns it from here on. Any thread. */
void hub_accept(struct hub *hub, struct upgrade *upgrade);

#endif
