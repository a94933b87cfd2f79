/*
 * A chain: the instances of one endpoint's pipeline, in YAML order, and how their hooks are run.
 *
 * Built on the main thread before the loops start. Hooks run on the client's loop. After each
 * message hook it is checked that the client is still open; open and close hooks come in pairs, so
 * all of them run, whatever one of them does to the client.
 */
#ifndef SLUICE_PIPELINE_CHAIN_H
#define SLUICE_PIPELINE_CHAIN_H

#include "pipeline/connect.h"
#include "pipeline/instance.h"
#include "pipeline/message.h"

struct client;
struct endpoint;

struct chain {
    struct instance **instances; /* owned; all, in order */
    size_t count;
    struct instance **on_message; /* owned; those that have the hook, in order */
    size_t on_message_count;
    size_t client_size; /* of a client's plugin_state, bytes */
};

/* Loads the plugins and creates the instances of an endpoint's pipeline. All errors of the pipeline
 * go to `diagnostics`. Returns 0, ERR_CONFIG or ERR_NO_MEMORY. */
MUST_CHECK int chain_create(struct plugin_set *plugins, struct endpoint *endpoint,
                            unsigned loop_count, struct diagnostics *diagnostics,
                            struct chain **out);

/* Destroys the instances, last first. NULL is fine. */
void chain_destroy(struct chain *chain);

/* Runs the connect hooks until one denies. Returns whether the upgrade may go on; if not, `connect`
 * says how to refuse. */
bool chain_connect(const struct chain *chain, struct client *client, struct connect *connect);

/* Runs the open hooks. */
void chain_open(const struct chain *chain, struct client *client);

/* Runs the message hooks until one does not continue. Returns the verdict that counts: an error has
 * met its instance's on_error already, so SL_ERROR means: drop the message. */
enum sl_verdict chain_message(const struct chain *chain, struct client *client,
                              struct message *message);

/* Runs the close hooks. */
void chain_close(const struct chain *chain, struct client *client);

#endif
