/*
 * The server's log: one line an event, as text or as JSON, on standard error or in a file
 * (base/log_file.h). If standard error is systemd's journal, lines of text go there with their
 * priority and fields (base/journal.h).
 *
 * Any thread. A line is formatted on the caller's stack (at most LOG_LINE_MAX bytes, longer text is
 * cut and marked). Until log_start it is written with one write(2), so lines of different threads
 * never mix; from then on it is queued (base/log_queue.h), so that nobody waits for a sink that is
 * not read. Level, format and queue are the mutable globals; checking the level is one relaxed
 * load.
 */
#ifndef SLUICE_BASE_LOG_H
#define SLUICE_BASE_LOG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LINE_MAX 4096
#define LOG_STOP_PATIENCE INT64_C(1000000000) /* ns */

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Sets level and format for the whole process. Call before threads start, or again at any time. */
void log_configure(enum log_level level, enum log_format format);

/* Whether a line of `level` would be written. */
bool log_enabled(enum log_level level);

/* Whether lines are JSON. Safe in a signal handler. */
bool log_is_json(void);

/* Writes one line. `module` names the part that speaks ("front", "/ws auth#2"). */
void log_write(enum log_level level, const char *module, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What a line says besides its text: in JSON a member of its own, in text `name=value`. */
struct log_field {
    const char *name;
    const char *text; /* as a peer may have sent it; NULL: the number counts */
    uint64_t number;
};

struct log_fields {
    const struct log_field *items;
    size_t count;
};

/* Writes one line with fields, whatever the level; `fields` may be NULL. Those that do not fit are
 * left out, and a field `cut` says so. For events, see base/event.h. */
void log_write_fields(enum log_level level, const char *module, const char *text,
                      const struct log_fields *fields);

/* Writes one line as it is, whatever the level: what commands print and a server logs. */
void log_raw(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From now on lines wait in a queue of `size` bytes for a thread that writes them. Main thread,
 * once. Returns 0, ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int log_start(size_t size);

/* Has what is logged go to another file, of which it takes the descriptor, from a line on; after
 * log_start, any thread. Returns 0, or ERR_SYSTEM: it goes where it went, and the descriptor is
 * closed. */
MUST_CHECK int log_redirect(int fd);

/* Writes one line to a descriptor, past queue and level. */
void log_write_to(int fd, enum log_level level, const char *module, const char *text);

/* The descriptor that lines are written to: standard error, and after log_start always the same one
 * of the log's own. Safe in a signal handler. */
int log_sink(void);

/* Waits until what is queued is written, for as long as the sink takes something: it is given up
 * after LOG_STOP_PATIENCE without a write. Lines that come later are lost. Any thread. */
void log_stop(void);

/* The same from a signal handler that ends the process: a second at most. */
void log_rescue(void);

/* How many lines were lost since the queue was full, since the start (a metric). */
unsigned long long log_lost_lines(void);

/* How many writes a file has refused since the start; lines wait meanwhile (a metric). */
unsigned long long log_failed_writes(void);

/* How many lines were cut at LOG_LINE_MAX since the start (a metric). */
unsigned long long log_truncated_lines(void);

#define log_error(module, ...) log_write(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warn(module, ...) log_write(LOG_LEVEL_WARN, module, __VA_ARGS__)
#define log_info(module, ...) log_write(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)                                                                     \
    do {                                                                                           \
        if (log_enabled(LOG_LEVEL_DEBUG))                                                          \
            log_write(LOG_LEVEL_DEBUG, module, __VA_ARGS__);                                       \
    } while (0)

#endif
