#include "measure.h"

#include "allocations.h"
#include "base/clock.h"
#include "cases.h"
#include "pipeline/chain.h"
#include "rig.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLIENTS 1000
#define ROUNDS 15
#define ROUND_NS (20 * NS_PER_MS)
#define WARM_UP 2000
#define HUBS 4

/* On the loop's thread. */
struct bench {
    const struct subject *subject;
    struct figures *figures;
    struct shard *shard;
    struct request *request;
    struct client *clients[CLIENTS];
    size_t turn; /* whose turn it is */
};

static _Noreturn void give_up(const char *sentence)
{
    fprintf(stderr, "plugin_cost: %s\n", sentence);
    exit(1);
}

/* -- what is measured -- */

/* What a browser sends. */
static struct request *make_request(const struct subject *subject)
{
    const char *names[] = {"Host",
                           "Connection",
                           "Pragma",
                           "Cache-Control",
                           "User-Agent",
                           "Upgrade",
                           "Origin",
                           "Sec-WebSocket-Version",
                           "Accept-Encoding",
                           "Accept-Language",
                           "Sec-WebSocket-Key",
                           "Sec-WebSocket-Extensions",
                           "Authorization"};
    const char *values[] = {"chat.example.com",
                            "Upgrade",
                            "no-cache",
                            "no-cache",
                            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
                            "websocket",
                            COST_ORIGIN,
                            "13",
                            "gzip, deflate, br",
                            "en-US,en;q=0.9",
                            "dGhlIHNhbXBsZSBub25jZQ==",
                            "permessage-deflate; client_max_window_bits",
                            subject->authorization};
    size_t count = sizeof names / sizeof *names - (subject->authorization == NULL);
    struct request_source source = {.method = "GET",
                                    .http_version = "1.1",
                                    .path = "/ws",
                                    .header_count = count,
                                    .header_names = names,
                                    .header_values = values};
    struct request *request;
    if (request_create(&source, &request) != OK)
        give_up("there is no memory for a request");
    return request;
}

static struct client *next_client(struct bench *bench)
{
    bench->turn = (bench->turn + 1) % CLIENTS;
    return bench->clients[bench->turn];
}

static void name_client(struct client *client, size_t number)
{
    char name[32];
    int len = snprintf(name, sizeof name, "user-%zu", number);
    if (sl_client_identify(&client->seen, name, (size_t)len) != OK ||
        sl_client_set_attribute(&client->seen, "tenant", "blue", 4) != OK)
        give_up("there is no memory for a name");
}

static void open_client(struct bench *bench, size_t number)
{
    if (bench->subject->is_named)
        name_client(bench->clients[number], number);
    rig_open(bench->clients[number], bench->request);
}

static void do_upgrades(struct bench *bench, size_t count)
{
    while (count-- > 0) {
        struct client *client = next_client(bench);
        open_client(bench, bench->turn);
        rig_close(client);
    }
}

static void do_messages(struct bench *bench, size_t count)
{
    size_t size = strlen(cost_message);
    while (count-- > 0) {
        struct client *client = next_client(bench);
        enum sl_verdict verdict = SL_CONTINUE;
        struct message *message = message_take(&bench->shard->pipeline);
        message_init(message, client->seen.chain->message_max, OPCODE_TEXT,
                     (const uint8_t *)cost_message, size);
        if (chain_message(&client->seen, &message, &verdict) != CHAIN_PASSED)
            give_up("a message did not pass the pipeline");
        message_release(&bench->shard->pipeline, message);
    }
}

/* -- how -- */

static double time_of(struct bench *bench, void (*work)(struct bench *, size_t), size_t count)
{
    bench->shard->loop.now = clock_monotonic();
    int64_t start = clock_read(CLOCK_THREAD_CPUTIME_ID);
    work(bench, count);
    return (double)(clock_read(CLOCK_THREAD_CPUTIME_ID) - start);
}

/* Nanoseconds for one: the best round, after a warm-up that also tells how long a round has to be.
 */
static double best_of_rounds(struct bench *bench, void (*work)(struct bench *, size_t))
{
    size_t warm_up = bench->subject->is_quick ? CLIENTS : WARM_UP;
    double best = time_of(bench, work, warm_up) / (double)warm_up;
    size_t count = (size_t)((double)ROUND_NS / best) + 1;
    for (int round = 0; round < ROUNDS && !bench->subject->is_quick; round++) {
        double ns = time_of(bench, work, count) / (double)count;
        best = ns < best ? ns : best;
    }
    return best;
}

static double allocations_of(struct bench *bench, void (*work)(struct bench *, size_t))
{
    unsigned long before = allocations_made();
    allocations_count(true);
    work(bench, WARM_UP);
    allocations_count(false);
    return (double)(allocations_made() - before) / WARM_UP;
}

static void measure_messages(struct bench *bench)
{
    struct figures *figures = bench->figures;
    figures->message_ns = best_of_rounds(bench, do_messages);
    figures->message_allocations = allocations_of(bench, do_messages);
}

/* Makes and opens all clients, counting what that takes. */
static void open_clients(struct bench *bench)
{
    long before = allocations_bytes();
    allocations_count(true);
    for (unsigned i = 0; i < CLIENTS; i++) {
        bench->clients[i] = rig_client(bench->shard, i);
        open_client(bench, i);
    }
    allocations_count(false);
    bench->figures->client_bytes = (double)(allocations_bytes() - before) / CLIENTS;
}

static void look_at_hooks(const struct chain *chain, struct figures *figures)
{
    for (size_t i = 0; i < chain->count; i++) {
        const struct sl_plugin *table = &chain->stages[i].instance->plugin->table;
        figures->state_bytes += table->client_size;
        figures->has_message |= table->on_message != NULL;
        figures->has_upgrade |=
            table->on_connect != NULL || table->on_open != NULL || table->on_close != NULL;
    }
}

static void measure_all(struct shard *shard, void *context)
{
    struct bench *bench = context;
    bench->shard = shard;
    look_at_hooks(rig_endpoint(shard)->loop_setups[0]->chain, bench->figures);
    open_clients(bench);
    measure_messages(bench);
    for (unsigned i = 0; i < CLIENTS; i++)
        rig_close(bench->clients[i]);
    bench->figures->upgrade_ns = best_of_rounds(bench, do_upgrades);
    for (unsigned i = 0; i < CLIENTS; i++)
        rig_client_destroy(bench->clients[i]);
}

void measure(const struct subject *subject, struct figures *figures)
{
    struct rig rig;
    struct bench bench = {.subject = subject, .figures = figures};
    *figures = (struct figures){.message_ns = 0};
    bench.request = make_request(subject);
    rig_create(&rig, subject->build, subject->pipeline);
    rig_run(&rig, measure_all, &bench);
    rig_destroy(&rig);
    request_destroy(bench.request);
}

static void do_nothing(struct shard *shard, void *context)
{
    (void)shard;
    (void)context;
}

static long bytes_of_hub(const struct subject *subject)
{
    struct rig rig;
    long before = allocations_bytes();
    allocations_count(true);
    rig_create(&rig, subject->build, subject->pipeline);
    rig_run(&rig, do_nothing, NULL); /* The configuration is in force now. */
    long bytes = allocations_bytes() - before;
    allocations_count(false);
    rig_destroy(&rig);
    return bytes;
}

long measure_hub(const struct subject *subject)
{
    long least = LONG_MAX;
    for (int i = 0; i < HUBS && (i == 0 || !subject->is_quick); i++) {
        long bytes = bytes_of_hub(subject);
        least = bytes < least ? bytes : least;
    }
    return least;
}
