/*
 * The part of the metrics that is about what is in force: the configuration, since when, what
 * became of reloads, and until when certificates are valid.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_CONFIGURATION_H
#define SLUICE_ADMIN_METRICS_CONFIGURATION_H

struct front;
struct hub;
struct metrics_writer;

void metrics_write_configuration(struct metrics_writer *writer, struct hub *hub,
                                 struct front *front);

#endif
