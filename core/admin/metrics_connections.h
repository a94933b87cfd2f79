/*
 * The part of the metrics that is about connections: what became of upgrades, how long clients
 * stayed, and with which code they ended.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_CONNECTIONS_H
#define SLUICE_ADMIN_METRICS_CONNECTIONS_H

struct hub;
struct metrics_writer;

void metrics_write_connections(struct metrics_writer *writer, struct hub *hub);

#endif
