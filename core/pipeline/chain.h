/*
 * A chain: the instances of one endpoint's pipeline, in YAML order, with the policy that each has
 * there, and how their hooks are run.
 *
 * Built on the main thread (chain_build.c), immutable afterwards. Hooks run on the client's loop.
 * After each message hook it is checked that the client is still open; open and close hooks come in
 * pairs, so all of them run, whatever one of them does to the client.
 */
#ifndef SLUICE_PIPELINE_CHAIN_H
#define SLUICE_PIPELINE_CHAIN_H

#include "pipeline/credential_names.h"
#include "pipeline/instance_change.h"
#include "pipeline/message.h"
#include "pipeline/pipeline_loop.h"
#include "pipeline/sl_client.h"
#include "pipeline/stage.h"
#include "pipeline/upgrade.h"

struct pipeline;

struct chain {
    struct stage *stages; /* owned; all, in order */
    size_t count;
    struct stage **on_message; /* owned; those that have the hook, in order */
    size_t on_message_count;
    struct pipeline_loop *const *loops;  /* the pipeline's, by index; borrowed */
    size_t client_size;                  /* of a client's inline state blocks, bytes */
    unsigned slot_count;                 /* of a client's state blocks */
    size_t message_max;                  /* of a message, bytes */
    bool has_on_subscribe;               /* at least one of its plugins has */
    bool has_on_publish;                 /* likewise */
    struct credential_names credentials; /* where its clients show some; for recordings */
};

/* What a chain is built from, and for which endpoint. */
struct chain_plan {
    struct pipeline *pipeline;
    struct endpoint *endpoint; /* for the host's functions; not looked into here */
    const char *path;          /* the endpoint's; outlives the instances */
    unsigned endpoint_index;   /* so that endpoints have different homes for their timers */
    const struct endpoint_config *config;
    struct config *owner;         /* of `config` */
    const struct chain *previous; /* whose instances are taken over if they fit, or NULL */
};

/* Options that instances are to take live. */
struct change_list {
    struct instance_change *items; /* owned */
    size_t count;
};

/* Loads the plugins and creates the instances of a pipeline. Options that instances take live are
 * appended to `changes`. All errors of the pipeline go to `diagnostics`. Main thread. Returns 0,
 * ERR_CONFIG or ERR_NO_MEMORY. */
MUST_CHECK int chain_create(const struct chain_plan *plan, struct plugin_set *plugins,
                            struct change_list *changes, struct diagnostics *diagnostics,
                            struct chain **out);

/* Puts a new instance with the change's options where a chain that is not in force yet has the one
 * that asks for it. Main thread. Returns 0, or what instance_create returns; then the old one has
 * its place still. */
MUST_CHECK int chain_replace(const struct instance_change *change, struct config *owner,
                             struct diagnostics *diagnostics);

/* Nobody waits any more for the create of one of its instances: their tickets are worth nothing,
 * also while something, such as offloaded work, keeps the instances. Any thread. */
void chain_forget_creations(const struct chain *chain);

/* Gives the instances up, last first, and their creations. Any thread. NULL is fine. */
void chain_destroy(struct chain *chain);

/* The instance's stage in the chain, or NULL: it is no part of it. */
const struct stage *chain_stage_of(const struct chain *chain, const struct instance *instance);

/* Whether the instance is part of the chain. */
bool chain_has(const struct chain *chain, const struct instance *instance);

/* The loop of a client that has a chain. */
static inline struct pipeline_loop *chain_loop_of(const struct sl_client *client)
{
    return client->chain->loops[client_id_loop(client->id)];
}

/* How far a chain has come. */
enum chain_result {
    CHAIN_PASSED,  /* nobody objects */
    CHAIN_STOPPED, /* a verdict says how */
    CHAIN_DEFERRED /* a deferral of the client decides later */
};

/* Runs the connect hooks from upgrade->stage on, until one does not continue. If it is stopped,
 * `upgrade` says how to refuse. */
enum chain_result chain_connect(struct sl_client *client, struct upgrade *upgrade);

/* The same with what a deferral of the stage before upgrade->stage has led to. */
enum chain_result chain_connect_resume(struct sl_client *client, struct upgrade *upgrade,
                                       int verdict);

/* Runs the message hooks from its stage on, until one does not continue. The message may become
 * another one with the same content; a deferral owns it then. If it is stopped, *verdict is what
 * counts: an error has met its stage's on_error already, so SL_ERROR means: drop the message. */
enum chain_result chain_message(struct sl_client *client, struct message **message,
                                enum sl_verdict *verdict);

/* The same with what a deferral of the stage before message->stage has led to. */
enum chain_result chain_message_resume(struct sl_client *client, struct message **message,
                                       int decided, enum sl_verdict *verdict);

/* Runs the close hooks of the stages that have had on_open. */
void chain_close(struct sl_client *client, const struct sl_close *how);

/* Has the plugins free what their state of a client owns, the last first: what it has of a service
 * goes before what the provider has of it. No hook is called about the client afterwards. */
void chain_free_client(struct sl_client *client);

#endif
