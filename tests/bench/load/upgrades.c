/*
 * Upgrades: each of the connections is opened, closed with the closing handshake and opened anew.
 */
#include "modes.h"
#include "report.h"
#include "swarm.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#define FAILURES_MAX 100

struct upgrades {
    size_t started; /* also chooses the source address */
    size_t done;
    size_t resumed; /* TLS sessions */
    size_t failed;
};

static struct upgrades progress;

/* A masked close frame with code 1000. */
static uint8_t close_frame[] = {0x88, 0x82, 0x11, 0x22, 0x33, 0x44, 0x03 ^ 0x11, 0xe8 ^ 0x22};
static const struct pattern close_pattern = {
    .bytes = close_frame, .message_len = sizeof close_frame, .len = sizeof close_frame};

static void begin(struct swarm *swarm, struct connection *connection)
{
    connection_reset(connection);
    connection->pattern = &close_pattern;
    if (connection_start(connection, swarm->options, swarm->epoll, progress.started++) < 0)
        die("cannot connect: %s", strerror(errno));
}

static void fail(struct swarm *swarm, struct connection *connection, const char *why)
{
    if (++progress.failed > FAILURES_MAX)
        die("more than %d upgrades failed; the last one: %s", FAILURES_MAX, why);
    begin(swarm, connection);
}

static void on_upgrade(struct swarm *swarm, struct connection *connection, uint32_t events)
{
    struct frame_count came = {0};
    const char *why = "";
    (void)events;
    if (connection->state == CONNECTION_OPEN) {
        /* The close frame, or the end of the connection: both complete the round. */
        if (connection_receive(connection, &came) < 0)
            begin(swarm, connection);
        return;
    }
    int open = connection_advance(connection, swarm->options, &came, &why);
    if (open < 0) {
        fail(swarm, connection, why);
    } else if (open > 0) {
        progress.done++;
        if (connection->tls && SSL_session_reused(connection->tls))
            progress.resumed++;
        if (connection_send(connection, 1) < 0)
            begin(swarm, connection);
    }
}

static double run_for(struct swarm *swarm, double seconds)
{
    double begin_time = now_seconds();
    while (now_seconds() - begin_time < seconds)
        swarm_poll(swarm, 0.1, on_upgrade);
    return now_seconds() - begin_time;
}

void upgrades_run(const struct options *options)
{
    struct swarm swarm;
    swarm_init(&swarm, options, options->clients);
    for (size_t i = 0; i < swarm.count; i++)
        begin(&swarm, &swarm.connections[i]);
    run_for(&swarm, options->warm_up);
    size_t before = progress.done;
    size_t resumed = progress.resumed;
    struct span span = span_begin(options);
    run_for(&swarm, options->seconds);
    span_end(&span, options);
    size_t done = progress.done - before;
    printf("{\"mode\": \"upgrades\", \"clients\": %zu, \"upgrades\": %zu, \"per_second\": %.0f, "
           "\"resumed\": %zu, \"failed\": %zu",
           options->clients, done, (double)done / span.seconds, progress.resumed - resumed,
           progress.failed);
    report_span(&span, done);
    puts("}");
    swarm_deinit(&swarm);
}
