/*
 * What a pipeline costs: nanoseconds for each message, and for each plugin of it, with chains of
 * plugins that do nothing; and how many allocations that takes. Drives chain_message, as the read
 * path does, without sockets.
 *
 * usage: plugin_cost FOLDER (of nothing.so)
 */
#include "base/clock.h"
#include "base/ticks.h"
#include "client/client.h"
#include "config/config_parse.h"
#include "hub/hub_internal.h"
#include "pipeline/chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGES 3000000
#define ROUNDS 5

static unsigned long allocations;

extern void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

static struct config *make_config(const char *folder, unsigned plugins)
{
    char text[4096];
    struct diagnostics diagnostics;
    struct config *config = NULL;
    size_t len = (size_t)snprintf(text, sizeof text,
                                  "listen: [{address: '127.0.0.1:0'}]\nloops: 1\n"
                                  "plugins: {path: ['%s']}\nendpoints:\n- path: /ws\n  pipeline: [",
                                  folder);
    for (unsigned i = 0; i < plugins; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s{plugin: nothing}",
                                i > 0 ? ", " : "");
    len += (size_t)snprintf(text + len, sizeof text - len, "]\n");
    diagnostics_init(&diagnostics);
    int error = config_parse("bench.yaml", text, len, NULL, 0, &diagnostics, &config);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    return error == OK ? config : NULL;
}

static struct hub *make_hub(struct config *config)
{
    struct diagnostics diagnostics;
    struct hub *hub = NULL;
    diagnostics_init(&diagnostics);
    int error = hub_create(config, &diagnostics, &hub);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    if (error != OK)
        exit(1);
    loop_deliver_rest(&hub->shards[0].loop); /* The first configuration comes into force. */
    return hub;
}

/* The best of some rounds, in ns for each message. */
static double measure(struct hub *hub)
{
    static uint8_t payload[] = "sixty-four bytes of text, as in the other benchmarks, more or less";
    struct shard *shard = &hub->shards[0];
    struct audience *audience = &hub->endpoints[0]->audiences[0];
    struct client *client = calloc(1, sizeof *client + audience->setup->chain->client_size);
    double best = 1e9;
    client->shard = shard;
    client->audience = audience;
    client->setup = audience->setup;
    client->state = CLIENT_OPEN;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t start = clock_monotonic();
        for (int i = 0; i < MESSAGES; i++) {
            enum sl_verdict verdict = SL_CONTINUE;
            struct message *message = message_take(shard);
            message_init(message, client, OPCODE_TEXT, payload, sizeof payload - 1);
            if (chain_message(client, &message, &verdict) != CHAIN_PASSED)
                exit(1);
            message_release(shard, message);
        }
        double ns = (double)(clock_monotonic() - start) / MESSAGES;
        best = ns < best ? ns : best;
    }
    free(client);
    return best;
}

int main(int argc, char **argv)
{
    static const unsigned lengths[] = {0, 1, 4, 16};
    double without = 0;
    if (argc != 2)
        return 2;
    ticks_init();
    printf("%-8s %12s %12s %14s\n", "plugins", "ns/message", "ns/plugin", "allocations");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct config *config = make_config(argv[1], lengths[i]);
        if (config == NULL)
            return 1;
        struct hub *hub = make_hub(config);
        unsigned long before = allocations;
        double ns = measure(hub);
        if (lengths[i] == 0)
            without = ns;
        printf("%-8u %12.1f %12.1f %14.6f\n", lengths[i], ns,
               lengths[i] > 0 ? (ns - without) / lengths[i] : 0.0,
               (double)(allocations - before - 1) / ((double)MESSAGES * ROUNDS));
        hub_destroy(hub);
        config_destroy(config);
    }
    return 0;
}
