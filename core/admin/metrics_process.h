/*
 * The part of the metrics that is about the process and its build. The names that begin with
 * process_ are those of all Prometheus client libraries.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_PROCESS_H
#define SLUICE_ADMIN_METRICS_PROCESS_H

struct metrics_writer;

/* Build information; and what `proc`, which is "/proc", says of the process. Where it says nothing
 * the process's metrics are left out. */
void metrics_write_process(struct metrics_writer *writer, const char *proc);

#endif
