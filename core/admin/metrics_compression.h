/*
 * The part of the metrics that is about permessage-deflate.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_COMPRESSION_H
#define SLUICE_ADMIN_METRICS_COMPRESSION_H

struct hub;
struct metrics_writer;

void metrics_write_compression(struct metrics_writer *writer, struct hub *hub);

#endif
