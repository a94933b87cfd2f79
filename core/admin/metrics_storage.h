/*
 * The part of the metrics about the storage tables of plugins.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_STORAGE_H
#define SLUICE_ADMIN_METRICS_STORAGE_H

struct hub;
struct metrics_writer;

void metrics_write_storage(struct metrics_writer *writer, struct hub *hub);

#endif
