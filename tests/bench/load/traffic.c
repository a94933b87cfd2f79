/*
 * Fan-out and echo. A sender keeps a window of its own messages in flight: it sends the next one
 * when one of them has come back.
 */
#include "modes.h"
#include "swarm.h"

#include <stdio.h>
#include <stdlib.h>

struct senders {
    struct pattern *patterns;
    char (*marks)[MARK_LEN + 1];
    size_t count;
};

/* In fan-out every sender has a mark of its own. In echo everything that comes back is one's own,
 * so nobody looks at payloads and all share one pattern. */
static struct senders senders_create(const struct options *options)
{
    struct senders senders = {.count = options->mode == MODE_ECHO ? 1 : options->senders};
    senders.patterns = calloc(senders.count, sizeof *senders.patterns);
    senders.marks = calloc(senders.count, sizeof *senders.marks);
    if (!senders.patterns || !senders.marks)
        die("out of memory");
    for (size_t i = 0; i < senders.count; i++) {
        snprintf(senders.marks[i], sizeof senders.marks[i], "s%07u", (unsigned)i % 10000000u);
        senders.patterns[i] = pattern_create(senders.marks[i], options->payload, options->window);
        if (!senders.patterns[i].bytes)
            die("out of memory");
    }
    return senders;
}

static void senders_destroy(struct senders *senders)
{
    for (size_t i = 0; i < senders->count; i++)
        free(senders->patterns[i].bytes);
    free(senders->patterns);
    free(senders->marks);
}

static void drop(struct swarm *swarm, struct connection *connection)
{
    connection_reset(connection);
    swarm->lost++;
}

static void on_traffic(struct swarm *swarm, struct connection *connection, uint32_t events)
{
    struct frame_count came = {0};
    if ((events & EPOLLOUT) && connection_send(connection, 0) < 0) {
        drop(swarm, connection);
        return;
    }
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    int received = connection_receive(connection, &came);
    swarm->total.messages += came.messages;
    uint64_t again = swarm->options->mode == MODE_ECHO ? came.messages : came.own;
    if (received < 0 || (again > 0 && connection_send(connection, again) < 0))
        drop(swarm, connection);
}

static void start_senders(struct swarm *swarm, struct senders *senders)
{
    bool echo = swarm->options->mode == MODE_ECHO;
    size_t count = echo ? swarm->count : senders->count;
    for (size_t i = 0; i < count; i++) {
        swarm->connections[i].pattern = &senders->patterns[echo ? 0 : i];
        swarm->connections[i].mark = echo ? NULL : senders->marks[i];
    }
    for (size_t i = 0; i < count; i++)
        if (connection_send(&swarm->connections[i], swarm->options->window) < 0)
            drop(swarm, &swarm->connections[i]);
}

static double run_for(struct swarm *swarm, double seconds)
{
    double begin = now_seconds();
    while (now_seconds() - begin < seconds)
        swarm_poll(swarm, 0.1, on_traffic);
    return now_seconds() - begin;
}

void traffic_run(const struct options *options)
{
    struct swarm swarm;
    struct senders senders = senders_create(options);
    swarm_init(&swarm, options, options->clients);
    swarm_open(&swarm);
    fprintf(stderr, "load: %zu clients are connected\n", swarm.count);
    start_senders(&swarm, &senders);
    run_for(&swarm, options->warm_up);
    uint64_t before = swarm.total.messages;
    double seconds = run_for(&swarm, options->seconds);
    uint64_t messages = swarm.total.messages - before;
    printf("{\"mode\": \"%s\", \"clients\": %zu, \"senders\": %zu, \"window\": %zu, "
           "\"payload\": %zu, \"seconds\": %.3f, \"messages\": %llu, \"per_second\": %.0f, "
           "\"lost\": %zu}\n",
           mode_name(options->mode), options->clients,
           options->mode == MODE_ECHO ? options->clients : options->senders, options->window,
           options->payload, seconds, (unsigned long long)messages, (double)messages / seconds,
           swarm.lost);
    swarm_deinit(&swarm);
    senders_destroy(&senders);
}
