/*
 * The part of the metrics that is about the event loops' time.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_LOOPS_H
#define SLUICE_ADMIN_METRICS_LOOPS_H

#include <stddef.h>

struct hub;
struct metrics_writer;

void metrics_write_loops(struct metrics_writer *writer, struct hub *hub);

/* Writes a family with a histogram of nanoseconds for each loop, `offset` bytes into struct shard.
 */
void metrics_write_loop_histogram(struct metrics_writer *writer, struct hub *hub, const char *name,
                                  size_t offset);

#endif
