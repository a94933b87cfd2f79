/*
 * Metrics of the admin listener itself.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_ADMIN_H
#define SLUICE_ADMIN_METRICS_ADMIN_H

struct admin_denials;
struct metrics_writer;

/* `refused`: requests that found no slot. */
void metrics_write_admin(struct metrics_writer *writer, unsigned long long refused,
                         const struct admin_denials *denials);

#endif
