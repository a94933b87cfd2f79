/*
 * Latency: every sender sends so many messages a second, whatever the server does, each with the
 * time at which it was sent. Every receiver counts how long each took.
 */
#include "modes.h"
#include "report.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct latencies latencies;
static struct pattern message;

static void send_now(struct swarm *swarm)
{
    char time[MARK_LEN];
    latency_write(time, latency_now());
    frame_build(message.bytes, time, swarm->options->payload, 0);
    for (size_t i = 0; i < swarm->options->senders; i++)
        if (swarm->connections[i].socket >= 0 &&
            connection_write(&swarm->connections[i], message.bytes, message.message_len) < 0)
            swarm_drop(swarm, &swarm->connections[i]);
}

static void on_event(struct swarm *swarm, struct connection *connection, uint32_t events)
{
    (void)events;
    if (!connection) { /* the timer; what it has missed is sent as well */
        uint64_t due = 0;
        if (read(swarm->timer, &due, sizeof due) == (ssize_t)sizeof due)
            for (; due > 0; due--)
                send_now(swarm);
        return;
    }
    struct frame_count came = {.latencies = &latencies, .now = latency_now()};
    int received = connection_receive(connection, &came);
    swarm_count(swarm, &came);
    if (received < 0)
        swarm_drop(swarm, connection);
}

static void start_timer(struct swarm *swarm)
{
    long long interval = 1000000000LL / (long long)swarm->options->rate;
    struct timespec every = {.tv_sec = interval / 1000000000, .tv_nsec = interval % 1000000000};
    struct itimerspec timer = {.it_interval = every, .it_value = every};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    swarm->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (swarm->timer < 0 || timerfd_settime(swarm->timer, 0, &timer, NULL) < 0 ||
        epoll_ctl(swarm->epoll, EPOLL_CTL_ADD, swarm->timer, &event) < 0)
        die("no timer");
}

static void run_for(struct swarm *swarm, double seconds)
{
    for (double begin = now_seconds(); now_seconds() - begin < seconds;)
        swarm_poll(swarm, 0.1, on_event);
}

void latency_run(const struct options *options)
{
    struct swarm swarm;
    char time[MARK_LEN] = {0};
    message = pattern_create(time, options->payload, 1);
    if (!message.bytes)
        die("out of memory");
    swarm_init(&swarm, options, options->clients);
    swarm_open(&swarm);
    fprintf(stderr, "load: %zu clients are connected\n", swarm.count);
    start_timer(&swarm);
    run_for(&swarm, options->warm_up);
    latencies = (struct latencies){0};
    struct frame_count before = swarm.total;
    struct span span = span_begin(options);
    run_for(&swarm, options->seconds);
    span_end(&span, options);
    report_traffic(&swarm, &before, &span);
    printf(", \"rate\": %zu, \"p50_us\": %u, \"p99_us\": %u}\n", options->rate,
           latencies_quantile(&latencies, 0.5), latencies_quantile(&latencies, 0.99));
    close(swarm.timer);
    swarm_deinit(&swarm);
    free(message.bytes);
}
