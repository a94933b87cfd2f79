/*
 * HTTP requests of plugins: sent by the server's HTTP client, and done on the loop of the client
 * that they are about, or on the instance's.
 *
 * A request holds a reference to its instance until it is done, or, if it ends with the instance, a
 * tie.
 */
#ifndef SLUICE_PIPELINE_PLUGIN_REQUEST_H
#define SLUICE_PIPELINE_PLUGIN_REQUEST_H

#include "base/error.h"

#include <sluice/plugin.h>

struct http_owner_stats;
struct instance;
struct pipeline;

typedef void plugin_request_done(struct sl_instance *self, struct sl_client *client,
                                 const struct sl_http_response *response, void *context);

/* Sends a request, as sl_host says. Any thread. Returns 0, ERR_INVALID (logged), ERR_LIMIT (too
 * many of the instance's wait), ERR_CLOSED (the instance or the server ends), ERR_NO_MEMORY or
 * ERR_SYSTEM; `done` is not called then. */
MUST_CHECK int plugin_request_send(struct instance *instance, uint64_t client_id,
                                   const struct sl_http_request *request, plugin_request_done *done,
                                   void *context);

/* A client goes, from an instance or (NULL) altogether: its requests end as cancelled. Its loop. */
void plugin_request_cancel(const struct pipeline *pipeline, struct instance *instance,
                           uint64_t client_id);

/* An instance ends: so do, as cancelled, the requests that end with it. Its end_mail goes to the
 * control mailbox when they are done, on whatever thread that is. */
void plugin_request_end_tied(struct instance *instance);

/* What an instance's requests have come to. Returns false if it has made none. Any thread. */
bool plugin_request_read(struct instance *instance, struct http_owner_stats *out);

/* Of an instance that ends. */
void plugin_request_end(struct instance *instance);

#endif
