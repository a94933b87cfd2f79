/*
 * The part of the metrics that is about reads and writes on client sockets.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_IO_H
#define SLUICE_ADMIN_METRICS_IO_H

struct hub;
struct metrics_writer;

void metrics_write_io(struct metrics_writer *writer, struct hub *hub);

#endif
