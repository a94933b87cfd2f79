/*
 * Fan-out and echo. A sender keeps a window of its own messages in flight: it sends the next one
 * when one of them has come back.
 */
#include "modes.h"
#include "report.h"
#include "swarm.h"

#include <stdio.h>
#include <stdlib.h>

struct senders {
    struct pattern *patterns;
    char (*marks)[MARK_LEN + 1];
    size_t count;
};

/* More than a compressor's window: what is sent again is not found in it. */
#define COMPRESSED_PATTERN (128u * 1024u)

/* In echo, and if compressed messages of one sender come, everything that comes back is one's own.
 * Else every sender tells its own messages by their mark. */
static bool all_is_own(const struct options *options)
{
    return options->mode == MODE_ECHO || (options->compress && options->senders == 1);
}

/* In fan-out every sender has a pattern of its own, in echo all share one. */
static struct senders senders_create(const struct options *options)
{
    struct senders senders = {.count = options->mode == MODE_ECHO ? 1 : options->senders};
    senders.patterns = calloc(senders.count, sizeof *senders.patterns);
    senders.marks = calloc(senders.count, sizeof *senders.marks);
    if (senders.count > 0 && (!senders.patterns || !senders.marks))
        die("out of memory");
    for (size_t i = 0; i < senders.count; i++) {
        snprintf(senders.marks[i], sizeof senders.marks[i], "s%07u", (unsigned)i % 10000000u);
        size_t copies = options->window;
        if (options->compress && copies < COMPRESSED_PATTERN / options->payload)
            copies = COMPRESSED_PATTERN / options->payload;
        senders.patterns[i] = pattern_create(senders.marks[i], options->payload, copies);
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

static void on_traffic(struct swarm *swarm, struct connection *connection, uint32_t events)
{
    struct frame_count came = {0};
    if ((events & EPOLLOUT) && connection_send(connection, 0) < 0) {
        swarm_drop(swarm, connection);
        return;
    }
    if (!(events & ~(uint32_t)EPOLLOUT))
        return;
    int received = connection_receive(connection, &came);
    swarm_count(swarm, &came);
    uint64_t again = 0;
    if (connection->pattern)
        again = all_is_own(swarm->options) ? came.messages : came.own;
    if (received < 0 || (again > 0 && connection_send(connection, again) < 0))
        swarm_drop(swarm, connection);
}

static void start_senders(struct swarm *swarm, struct senders *senders)
{
    bool echo = swarm->options->mode == MODE_ECHO;
    size_t count = echo ? swarm->count : senders->count;
    for (size_t i = 0; i < count; i++) {
        swarm->connections[i].pattern = &senders->patterns[echo ? 0 : i];
        swarm->connections[i].mark = all_is_own(swarm->options) ? NULL : senders->marks[i];
    }
    for (size_t i = 0; i < count; i++)
        if (connection_send(&swarm->connections[i], swarm->options->window) < 0)
            swarm_drop(swarm, &swarm->connections[i]);
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
    struct frame_count before = swarm.total;
    struct span span = span_begin(options);
    run_for(&swarm, options->seconds);
    span_end(&span, options);
    report_traffic(&swarm, &before, &span);
    puts("}");
    swarm_deinit(&swarm);
    senders_destroy(&senders);
}
