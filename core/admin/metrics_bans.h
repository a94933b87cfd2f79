/*
 * Metrics of bans.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_BANS_H
#define SLUICE_ADMIN_METRICS_BANS_H

struct hub;
struct metrics_writer;

void metrics_write_bans(struct metrics_writer *writer, struct hub *hub);

#endif
