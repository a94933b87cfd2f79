/*
 * Admission: who may become a client, and which loop gets it.
 *
 * Any thread.
 */
#ifndef SLUICE_HUB_ADMISSION_H
#define SLUICE_HUB_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

struct address;
struct endpoint;
struct handoff;
struct hub;

/* Why a client may not come in. */
enum admission {
    ADMISSION_GRANTED,
    ADMISSION_TOTAL_FULL,    /* limits.clients: 503 */
    ADMISSION_ENDPOINT_FULL, /* endpoints[].clients.max: 503 */
    ADMISSION_ADDRESS_FULL,  /* limits.clients_per_address or clients.per_address: 429 */
    ADMISSION_NO_MEMORY,     /* 503 */
    ADMISSION_DRAINING,      /* the server is stopping or drains, or the endpoint does: 503 */
    ADMISSION_STUCK,         /* no loop goes on: 503 */
    ADMISSION_DESCRIPTORS,   /* file descriptors are used up: 503 */
    ADMISSION_BANNED,        /* the address is: 403 */
    ADMISSION_STARTING,      /* no configuration is in force yet: 503; not said by hub_admit */
    ADMISSION_COUNT
};

/* Asks for a place for one more client and counts it if it is granted; every grant is given back
 * with hub_leave exactly once. Refusals are counted for the metrics. */
enum admission hub_admit(struct hub *hub, struct endpoint *endpoint, const struct address *address);

/* Counts a refusal for the metrics that is not hub_admit's. */
void hub_count_refusal(struct hub *hub, enum admission reason);

/* Whether there is a place for no client more; how many have one or ask for it, and how many may:
 * limits.clients, or what file descriptors allow. */
bool hub_is_full(const struct hub *hub, uint32_t *clients, uint32_t *most);

/* Gives a place back. */
void hub_leave(struct hub *hub, struct endpoint *endpoint, const struct address *address);

/* Hands an admitted upgrade to a loop (the least busy one of those that go on); owns it from here
 * on. */
void hub_accept(struct hub *hub, struct handoff *handoff);

#endif
