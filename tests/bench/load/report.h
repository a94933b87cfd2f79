/*
 * What is said about the time in which something was measured: how long it was, and how much CPU
 * time the server and the load generator used in it.
 */
#ifndef LOAD_REPORT_H
#define LOAD_REPORT_H

#include "swarm.h"

struct span {
    double seconds;     /* while it goes on: when it began */
    double server_cpu;  /* seconds of all processes of the server */
    double own_cpu;     /* seconds of this process */
    bool server_counts; /* a process of the server was named, and its time can be read */
};

struct span span_begin(const struct options *options);
void span_end(struct span *span, const struct options *options);

/* Members of a JSON object, each with a comma before it: the span, with the server's CPU time for
 * each of `count` deliveries. */
void report_span(const struct span *span, uint64_t count);

/* The beginning of a JSON object: what came since `before`, and the span. */
void report_traffic(const struct swarm *swarm, const struct frame_count *before,
                    const struct span *span);

#endif
