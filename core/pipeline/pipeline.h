/*
 * A pipeline's surroundings: what all loops and all instances of a server share, and the calls by
 * which the pipeline reaches the clients that it decides about.
 *
 * Set up on the main thread before any loop starts, and not changed afterwards, but for the
 * counter, the instances that are awaited and, by the main thread, the storage.
 */
#ifndef SLUICE_PIPELINE_PIPELINE_H
#define SLUICE_PIPELINE_PIPELINE_H

#include "base/memory_account.h"
#include "loop/mailbox.h"
#include "pipeline/creation.h"
#include "pipeline/storage.h"

#include <sluice/plugin.h>

#include <stdatomic.h>

struct http_client;
struct message;
struct pipeline_loop;
struct upgrade;
struct worker_pool;

/* Rare calls to whoever owns the clients, on their loop. */
struct pipeline_calls {
    /* A verdict about the client is awaited: nothing is to be read from it. */
    void (*wait)(struct sl_client *client);
    /* The verdict is there. Takes what was deferred: the message, or one reference to the
     * upgrade; the other one is NULL. Both NULL: the open hooks were. */
    void (*resume)(struct sl_client *client, struct message *message, struct upgrade *upgrade,
                   int verdict);
    /* What the client's deferrals hold has changed, see sl_client_deferred_bytes. */
    void (*held)(struct sl_client *client);
    /* An instance has named the client with its completion. NULL: nobody wants to know. */
    void (*identified)(struct sl_client *client, const char *instance);
    /* The loop's client with that id, or NULL if it is gone. Also when the loop has ended. */
    struct sl_client *(*find)(struct pipeline_loop *loop, uint64_t client_id);
};

struct pipeline {
    const struct sl_host *host; /* what instances are handed; static storage */
    enum sl_mode mode;          /* what instances are told that they are there for */
    const struct pipeline_calls *calls;
    struct mailbox *control;      /* the main thread's; borrowed */
    struct worker_pool *workers;  /* for offloaded work; borrowed */
    struct http_client *http;     /* for requests of plugins; borrowed */
    struct memory_account *input; /* what all clients have sent and is still held; borrowed */
    struct pipeline_loop **loops; /* by index; borrowed */
    unsigned loop_count;
    struct storage storage; /* main thread */
    struct creations creations;
    _Atomic size_t descriptors_max; /* that one instance may watch */
    _Atomic int unready_count;      /* instances that say that they cannot do their work */
};

#endif
