/*
 * The hub: the endpoints, the loops that own their clients, and what is counted across loops.
 *
 * Created before any thread starts, destroyed after all have ended. A reload (hub/reload.h) adds
 * and changes endpoints while it runs. Functions say which thread may call them.
 */
#ifndef SLUICE_HUB_HUB_H
#define SLUICE_HUB_HUB_H

#include "base/address.h"
#include "base/error.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct descriptors;
struct diagnostics;
struct endpoint;
struct hub;
struct loop;
struct handoff;
struct sl_host;

/* Why a client may not come in. */
enum admission {
    ADMISSION_GRANTED,
    ADMISSION_TOTAL_FULL,    /* limits.clients: 503 */
    ADMISSION_ENDPOINT_FULL, /* endpoints[].clients.max: 503 */
    ADMISSION_ADDRESS_FULL,  /* limits.clients_per_address or clients.per_address: 429 */
    ADMISSION_NO_MEMORY,     /* 503 */
    ADMISSION_DRAINING,      /* the server is stopping: 503 */
    ADMISSION_STUCK,         /* no loop goes on: 503 */
    ADMISSION_DESCRIPTORS    /* file descriptors are used up: 503 */
};

/* Builds endpoints and pipelines, loading the plugins and creating their instances, which are
 * handed `host`; no thread is started. Keeps a reference to `config` as long as it needs it. All
 * errors go to `diagnostics`. Main thread. Returns 0, ERR_CONFIG, ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int hub_create(struct config *config, const struct sl_host *host,
                          struct diagnostics *diagnostics, struct hub **out);

/* Starts the loops. Main thread. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int hub_start(struct hub *hub);

/* Begins to close all clients with 1012, spread over half of `grace` ns; nobody is admitted any
 * more. Any thread. */
void hub_drain(struct hub *hub, int64_t grace);

/* Stops the loops, ends the clients that are left, and destroys the instances and everything else.
 * The front must be gone. Main thread. NULL is fine. */
void hub_destroy(struct hub *hub);

/* A descriptor that is readable while there is work for the main thread, and that work: instances
 * that nobody uses any more are destroyed. Main thread. */
int hub_control_fd(const struct hub *hub);
void hub_run_control(struct hub *hub);

/* The endpoint that serves exactly this path at the moment, or NULL. Any thread. */
struct endpoint *hub_find_endpoint(struct hub *hub, const char *path);

/* How descriptors are shared out. Any thread, once hub_start was called. */
struct descriptors *hub_descriptors(struct hub *hub);

/* Asks for a place for one more client and counts it if it is granted; every grant is given back
 * with hub_leave exactly once. Refusals are counted for the metrics. Any thread. */
enum admission hub_admit(struct hub *hub, struct endpoint *endpoint, const struct address *address);

/* Gives a place back. Any thread. */
void hub_leave(struct hub *hub, struct endpoint *endpoint, const struct address *address);

/* Hands an admitted upgrade to a loop (the least busy one of those that go on); owns it from here
 * on. Any thread. */
void hub_accept(struct hub *hub, struct handoff *handoff);

/* Sends a message to one client, wherever it is. Any thread. A client that is gone is not an error.
 * Returns 0, ERR_INVALID (not a possible id), ERR_LIMIT (see fanout_publish) or ERR_NO_MEMORY. */
MUST_CHECK int hub_send(struct hub *hub, uint64_t client_id, enum opcode opcode, const void *data,
                        size_t len);

/* Closes one client. Any thread. Returns 0, ERR_INVALID or ERR_NO_MEMORY. */
MUST_CHECK int hub_close(struct hub *hub, uint64_t client_id, uint16_t code, const char *reason);

/* Sends a message to every client of every endpoint (to one endpoint's: fanout_publish). Any
 * thread. Returns 0, or the first error, after all have been tried. */
MUST_CHECK int hub_broadcast_to_all(struct hub *hub, enum opcode opcode, const void *data,
                                    size_t len);

/* Whether work of plugins waits for a worker thread or runs on one. Any thread. */
bool hub_has_offloaded_work(struct hub *hub);

/* How many clients an endpoint has (NULL: all endpoints). Any thread. */
uint32_t hub_client_count(const struct hub *hub, const struct endpoint *endpoint);

#endif
