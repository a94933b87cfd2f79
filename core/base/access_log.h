/*
 * Which connections the log has a line of, whatever its level (log.access, log.sample).
 *
 * Any thread. Like the log's level, what is configured is global; asking is one relaxed load while
 * the access log is off.
 */
#ifndef SLUICE_BASE_ACCESS_LOG_H
#define SLUICE_BASE_ACCESS_LOG_H

#include <stdbool.h>
#include <stdint.h>

#define ACCESS_LOG_SAMPLE_MAX 1000000u

enum access_log {
    ACCESS_LOG_OFF,
    ACCESS_LOG_REFUSALS, /* a line for each upgrade that is refused */
    ACCESS_LOG_ALL       /* and one for each client at its end */
};

/* One in `sample` gets a line. At any time. */
void access_log_configure(enum access_log access, uint32_t sample);

/* Whether the refusal, or the client that is now connected, is one of those that get a line. Each
 * counts: ask once for each. */
bool access_log_takes_refusal(void);
bool access_log_takes_client(void);

/* Reads "1/100" as 100. Returns false unless it is from 1 to ACCESS_LOG_SAMPLE_MAX. */
bool access_log_read_sample(const char *text, uint32_t *sample);

#endif
