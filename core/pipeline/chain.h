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

#include "pipeline/upgrade.h"
#include "pipeline/credential_names.h"
#include "pipeline/instance.h"
#include "pipeline/message.h"

struct client;
struct deferral;
struct endpoint_setup;

/* An instance and its policy. */
struct stage {
    struct instance *instance; /* one reference */
    enum sl_verdict (*on_message)(struct sl_instance *, struct sl_client *,
                                  const struct sl_message *);
    uint64_t budget; /* ns; UINT64_MAX: none */
    int64_t timeout; /* ns */
    enum on_error on_error;
    bool is_shadow;
};

struct chain {
    struct stage *stages; /* owned; all, in order */
    size_t count;
    struct stage **on_message; /* owned; those that have the hook, in order */
    size_t on_message_count;
    size_t client_size;                  /* of a client's plugin_state, bytes */
    unsigned slot_count;                 /* of a client's state blocks */
    struct credential_names credentials; /* where its clients show some; for recordings */
};

/* Loads the plugins and creates the instances of a set-up's pipeline; those of `previous` (may be
 * NULL) that fit are taken over. Options that instances take live are appended to `changes`. All
 * errors of the pipeline go to `diagnostics`. Main thread. Returns 0, ERR_CONFIG or
 * ERR_NO_MEMORY. */
struct change_list {
    struct instance_change *items; /* owned */
    size_t count;
};
MUST_CHECK int chain_create(struct plugin_set *plugins, struct endpoint_setup *setup,
                            const struct chain *previous, struct change_list *changes,
                            struct diagnostics *diagnostics, struct chain **out);

/* Gives the instances up, last first. Any thread. NULL is fine. */
void chain_destroy(struct chain *chain);

/* The instance's stage in the chain, or NULL: it is no part of it. */
const struct stage *chain_stage_of(const struct chain *chain, const struct instance *instance);

/* Whether the instance is part of the chain. */
bool chain_has(const struct chain *chain, const struct instance *instance);

/* How far a chain has come. */
enum chain_result {
    CHAIN_PASSED,  /* nobody objects */
    CHAIN_STOPPED, /* a verdict says how */
    CHAIN_DEFERRED /* a deferral of the client decides later */
};

/* Runs the connect hooks from upgrade->stage on, until one does not continue. If it is stopped,
 * `upgrade` says how to refuse. */
enum chain_result chain_connect(struct client *client, struct upgrade *upgrade);

/* The same with what a deferral of the stage before upgrade->stage has led to. */
enum chain_result chain_connect_resume(struct client *client, struct upgrade *upgrade, int verdict);

/* Runs the open hooks. */
void chain_open(const struct chain *chain, struct client *client);

/* Runs the message hooks from its stage on, until one does not continue. The message may become
 * another one with the same content; a deferral owns it then. If it is stopped, *verdict is what
 * counts: an error has met its stage's on_error already, so SL_ERROR means: drop the message. */
enum chain_result chain_message(struct client *client, struct message **message,
                                enum sl_verdict *verdict);

/* The same with what a deferral of the stage before message->stage has led to. */
enum chain_result chain_message_resume(struct client *client, struct message **message, int decided,
                                       enum sl_verdict *verdict);

/* Runs the close hooks. */
void chain_close(const struct chain *chain, struct client *client);

/* The open hook, the close hook of one stage; for a client that a reload moves from one chain to
 * another. */
void stage_open_client(const struct stage *stage, struct client *client);
void stage_leave_client(const struct stage *stage, struct client *client);

#endif
