/*
 * What the log is told of the file that keeps storage tables. Whoever calls says it once, until it
 * has changed.
 *
 * Any thread.
 */
#ifndef SLUICE_PIPELINE_STORAGE_REPORT_H
#define SLUICE_PIPELINE_STORAGE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

/* What is tried again when it has failed. */
struct storage_effort {
    void (*report)(const char *path, int error, const char *why, uint64_t unwritten);
    bool has_failed; /* the last try */
};

/* Changes cannot be written (`error`, and the sentence `why`), or (0) can be written again. */
void storage_report_write(const char *path, int error, const char *why, uint64_t unwritten);

/* The same for what is over its age or was dropped, and is to be deleted. */
void storage_report_purge(const char *path, int error, const char *why, uint64_t unwritten);

/* The server ends, and changes are lost, or there are tables that were dropped. */
void storage_report_lost(const char *path, uint64_t unwritten, bool is_drop_left);

#endif
