/*
 * The part of /metrics that says what drains.
 *
 * Admin threads.
 */
#ifndef SLUICE_ADMIN_METRICS_DRAIN_H
#define SLUICE_ADMIN_METRICS_DRAIN_H

struct hub;
struct metrics_writer;

void metrics_write_drain(struct metrics_writer *writer, struct hub *hub);

#endif
