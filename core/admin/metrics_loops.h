/*
 * The part of the metrics that is about the event loops' time.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_LOOPS_H
#define SLUICE_ADMIN_METRICS_LOOPS_H

struct hub;
struct metrics_writer;

void metrics_write_loops(struct metrics_writer *writer, struct hub *hub);

#endif
