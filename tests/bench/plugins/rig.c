#include "rig.h"

#include "config/config_parse.h"
#include "host/host.h"
#include "hub/hub.h"
#include "pipeline/chain_open.h"

#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void give_up(const char *sentence)
{
    fprintf(stderr, "plugin_cost: %s\n", sentence);
    exit(1);
}

/* -- the hub -- */

static struct config *parse(const char *text, size_t len)
{
    struct diagnostics diagnostics;
    struct config *config = NULL;
    diagnostics_init(&diagnostics);
    int error = config_parse("bench.yaml", text, len, NULL, 0, &diagnostics, &config);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    if (error != OK)
        give_up("the configuration above is not valid");
    return config;
}

static struct hub *make_hub(struct config *config)
{
    struct diagnostics diagnostics;
    struct hub *hub = NULL;
    diagnostics_init(&diagnostics);
    int error = hub_create(config, host_table(), SL_MODE_SERVE, &diagnostics, &hub);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    if (error != OK)
        give_up("the pipeline above cannot be made");
    if (hub_start(hub) != OK)
        give_up("the loop's thread cannot be started");
    return hub;
}

void rig_create(struct rig *rig, const char *build, const char *pipeline)
{
    char *text = NULL;
    int len = asprintf(&text,
                       "listen: [{address: '127.0.0.1:0'}]\nloops: 1\n"
                       "plugins: {path: ['%s/plugins', '%s/tests/plugins']}\n"
                       "endpoints:\n- path: /ws\n  pipeline: %s\n",
                       build, build, pipeline);
    if (len < 0)
        give_up("there is no memory");
    rig->config = parse(text, (size_t)len);
    rig->hub = make_hub(rig->config);
    free(text);
}

void rig_destroy(struct rig *rig)
{
    hub_destroy(rig->hub);
    config_destroy(rig->config);
}

/* -- its loop -- */

struct errand {
    struct mail mail; /* first */
    void (*work)(struct shard *shard, void *context);
    void *context;
    sem_t done;
};

static void deliver(struct loop *loop, struct mail *mail)
{
    struct errand *errand = (struct errand *)mail;
    errand->work(shard_of(loop), errand->context);
    sem_post(&errand->done);
}

void rig_run(struct rig *rig, void (*work)(struct shard *shard, void *context), void *context)
{
    struct errand errand = {.mail.deliver = deliver, .work = work, .context = context};
    sem_init(&errand.done, 0, 0);
    loop_post(&rig->hub->set.shards[0].loop, &errand.mail);
    while (sem_wait(&errand.done) != 0) {
        /* A signal: waits on. */
    }
    sem_destroy(&errand.done);
}

/* -- clients -- */

struct endpoint *rig_endpoint(const struct shard *shard)
{
    const struct hub *hub = (struct hub *)(void *)((char *)shard->set - offsetof(struct hub, set));
    return hub->endpoints[0];
}

struct client *rig_client(struct shard *shard, unsigned number)
{
    struct endpoint *endpoint = rig_endpoint(shard);
    struct endpoint_setup *setup = endpoint->loop_setups[0];
    const struct chain *chain = setup->chain;
    size_t state_size = chain->client_size;
    struct client *client = calloc(1, sizeof *client + state_size);
    if (client == NULL)
        give_up("there is no memory for a client");
    sl_client_init(&client->seen, chain,
                   offsetof(struct client, plugin_state) - offsetof(struct client, seen));
    if (shard_add(shard, client) != OK)
        give_up("there is no memory for a client");
    unsigned place = 2 * 97 * number;
    client->receiver.audience = &endpoint->fanout.audiences[0];
    client->receiver.loop = &shard->delivery;
    client->receiver.limits = &setup->receiver_limits;
    client_set_state(client, CLIENT_CONNECTING);
    client->address = (struct address){.bytes = {[10] = 0xff,
                                                 [11] = 0xff,
                                                 [12] = (uint8_t)(1 + (place >> 16)),
                                                 [13] = (uint8_t)(place >> 8),
                                                 [14] = (uint8_t)place,
                                                 [15] = 1}};
    return client;
}

void rig_client_destroy(struct client *client)
{
    shard_remove(client_shard(client), client);
    free(client);
}

void rig_open(struct client *client, struct request *request)
{
    struct upgrade upgrade;
    upgrade_init(&upgrade, request, false, NULL);
    upgrade.references = 1;
    if (chain_connect(&client->seen, &upgrade) != CHAIN_PASSED) {
        fprintf(stderr, "plugin_cost: the upgrade was refused: %d %s\n", upgrade.status,
                upgrade.reason);
        exit(1);
    }
    client_set_state(client, CLIENT_OPEN);
    chain_open(&client->seen);
}

void rig_close(struct client *client)
{
    const struct sl_close how = {.struct_size = sizeof how, .reason = {.data = "", .len = 0}};
    chain_close(&client->seen, &how);
    sl_client_deinit(&client->seen);
    memset(client->plugin_state, 0, client->seen.inline_size);
    client_set_state(client, CLIENT_CONNECTING);
}
