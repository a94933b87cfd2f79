/*
 * The part of the metrics that says what values may at most be: each limit that has a value has the
 * value's name with `limit` in it.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_LIMITS_H
#define SLUICE_ADMIN_METRICS_LIMITS_H

struct front;
struct hub;
struct metrics_writer;

void metrics_write_limits(struct metrics_writer *writer, struct hub *hub, struct front *front);

#endif
