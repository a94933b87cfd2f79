/*
 * A hub without sockets, in which the benchmark drives chains as the read path does.
 *
 * The hub has one endpoint and one loop, whose thread runs the measurements, since it is there that
 * hooks find the clock and the timers that they find in the server. Clients are made without a
 * connection; nobody reads what is sent to them, and nothing is.
 */
#ifndef BENCH_RIG_H
#define BENCH_RIG_H

#include "client/client.h"
#include "client/shard.h"
#include "ws/request.h"

struct config;
struct hub;

struct rig {
    struct config *config;
    struct hub *hub;
};

/* Builds the hub around `pipeline`, a YAML list in brackets, with plugins from `build`, a build
 * folder. Ends the process with a sentence if that fails. */
void rig_create(struct rig *rig, const char *build, const char *pipeline);
void rig_destroy(struct rig *rig);

/* Runs `work` on the loop's thread and waits for it. */
void rig_run(struct rig *rig, void (*work)(struct shard *shard, void *context), void *context);

/* The only endpoint, and on the loop's thread: the nth client (below 1,000), connecting, at an
 * address of its own: in 1.0.0.0 and on, in a /24 with an even number. */
struct endpoint *rig_endpoint(const struct shard *shard);
struct client *rig_client(struct shard *shard, unsigned number);
void rig_client_destroy(struct client *client);

/* Lets it pass the connect chain and opens it, as the server does for an upgrade with that request.
 * Ends the process if the chain objects. */
void rig_open(struct client *client, struct request *request);

/* Closes it; it is as it was before rig_open. */
void rig_close(struct client *client);

#endif
