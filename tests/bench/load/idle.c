/*
 * Idle clients: connect, say so, hold until standard input ends.
 */
#include "modes.h"
#include "swarm.h"

#include <stdio.h>
#include <unistd.h>

static bool input_ended;

static void on_idle(struct swarm *swarm, struct connection *connection, uint32_t events)
{
    char discarded[256];
    (void)events;
    if (!connection) {
        input_ended = read(STDIN_FILENO, discarded, sizeof discarded) <= 0;
        return;
    }
    if (connection_receive(connection, &swarm->total) < 0) {
        connection_reset(connection);
        swarm->lost++;
    }
}

void idle_run(const struct options *options)
{
    struct swarm swarm;
    struct epoll_event input = {.events = EPOLLIN, .data.ptr = NULL};
    swarm_init(&swarm, options, options->clients);
    double begin = now_seconds();
    swarm_open(&swarm);
    printf("{\"mode\": \"idle\", \"connected\": %zu, \"seconds\": %.3f}\n", swarm.opened,
           now_seconds() - begin);
    fflush(stdout);
    if (epoll_ctl(swarm.epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) < 0)
        die("standard input must be a pipe or a terminal");
    while (!input_ended)
        swarm_poll(&swarm, 1, on_idle);
    if (swarm.lost > 0)
        die("%zu connections were closed by the server", swarm.lost);
    swarm_deinit(&swarm);
}
