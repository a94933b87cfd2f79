#include "report.h"

#include <stdio.h>
#include <time.h>

/* User and system time of a process with all its threads, in seconds; false if it cannot be read.
 */
static bool process_cpu(pid_t process, double *seconds)
{
    clockid_t clock;
    struct timespec time;
    if (clock_getcpuclockid(process, &clock) != 0 || clock_gettime(clock, &time) != 0)
        return false;
    *seconds += (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
    return true;
}

static bool servers_cpu(const struct options *options, double *seconds)
{
    *seconds = 0;
    for (size_t i = 0; i < options->server_count; i++)
        if (!process_cpu(options->servers[i], seconds))
            return false;
    return options->server_count > 0;
}

struct span span_begin(const struct options *options)
{
    struct span span = {0};
    span.server_counts = servers_cpu(options, &span.server_cpu);
    process_cpu(0, &span.own_cpu);
    span.seconds = now_seconds();
    return span;
}

void span_end(struct span *span, const struct options *options)
{
    double server = 0;
    double own = 0;
    span->seconds = now_seconds() - span->seconds;
    span->server_counts = span->server_counts && servers_cpu(options, &server);
    span->server_cpu = server - span->server_cpu;
    process_cpu(0, &own);
    span->own_cpu = own - span->own_cpu;
}

void report_span(const struct span *span, uint64_t count)
{
    printf(", \"seconds\": %.3f, \"load_cpu\": %.3f", span->seconds, span->own_cpu / span->seconds);
    if (span->server_counts)
        printf(", \"server_cpu\": %.3f", span->server_cpu / span->seconds);
    if (span->server_counts && count > 0)
        printf(", \"cpu_us\": %.4f", span->server_cpu * 1e6 / (double)count);
}

void report_traffic(const struct swarm *swarm, const struct frame_count *before,
                    const struct span *span)
{
    const struct options *options = swarm->options;
    uint64_t messages = swarm->total.messages - before->messages;
    printf("{\"mode\": \"%s\", \"clients\": %zu, \"senders\": %zu, \"window\": %zu, "
           "\"payload\": %zu, \"messages\": %llu, \"per_second\": %.0f, \"compressed\": %llu, "
           "\"bytes\": %llu, \"lost\": %zu",
           mode_name(options->mode), options->clients,
           options->mode == MODE_ECHO ? options->clients : options->senders, options->window,
           options->payload, (unsigned long long)messages, (double)messages / span->seconds,
           (unsigned long long)(swarm->total.compressed - before->compressed),
           (unsigned long long)(swarm->total.bytes - before->bytes), swarm->lost);
    report_span(span, messages);
}
