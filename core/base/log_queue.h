/*
 * What is between a log line and a sink that may not be read: a bounded queue and the thread that
 * writes.
 *
 * log_queue_put takes whole lines from any thread and never waits for the sink: a line that does
 * not fit is counted and thrown away, and the next line that fits is preceded by a notice of how
 * many were. The writer waits until the sink takes something and then writes whole lines, no more
 * at once than a pipe takes as one, so that lines of other processes do not mix with ours. A file
 * that refuses a write (its disk is full) is tried again, and lines wait as for any busy sink.
 */
#ifndef SLUICE_BASE_LOG_QUEUE_H
#define SLUICE_BASE_LOG_QUEUE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_QUEUE_LINE_MAX 4096 /* bytes of a line, its end included; PIPE_BUF on Linux */

struct log_queue;

/* Formats the line that says that `lost` lines are missing, its end included. Returns its length.
 */
typedef size_t (*log_queue_notice)(uint64_t lost, char text[LOG_QUEUE_LINE_MAX]);

/* Starts the writer for a queue of `size` bytes (at least two lines) in front of `fd`, which stays
 * the caller's. Returns 0, ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int log_queue_create(int fd, size_t size, log_queue_notice notice,
                                struct log_queue **out);

/* Queues one line with its end (at most LOG_QUEUE_LINE_MAX bytes). Any thread, never waits for the
 * sink. Returns false if the line is lost. */
bool log_queue_put(struct log_queue *queue, const char *line, size_t len);

/* Lines lost since the start. Any thread. */
uint64_t log_queue_lost(struct log_queue *queue);

/* Writes that a file has refused since the start, for want of room say. They are tried again; lines
 * wait meanwhile. Any thread. */
uint64_t log_queue_failed_writes(struct log_queue *queue);

/* Has `fd`, which it takes, stand for the descriptor that the queue writes to, from the next line
 * on; that descriptor keeps its number. No line is lost or cut; one of which a busy sink has taken
 * a part is written again, whole. Waits until that is so, a second at most if a sink is busy. Any
 * thread. */
void log_queue_redirect(struct log_queue *queue, int fd);

/* Takes no more lines and waits until those that are queued are written, but no longer than the
 * sink goes on taking some: `patience` ns from the last write that succeeded, and five times as
 * long in all. Any thread; further calls do nothing. */
void log_queue_stop(struct log_queue *queue, int64_t patience);

/* For a signal handler that ends the process: writes what is queued past the writer, waiting for
 * the sink at most a second. */
void log_queue_rescue(struct log_queue *queue);

/* Frees a queue that was stopped and that nobody uses any more. NULL is fine. */
void log_queue_destroy(struct log_queue *queue);

/* Writes to a descriptor that may not be read, waiting at most `milliseconds` in all; safe in a
 * signal handler. Returns whether everything was written. */
bool log_write_patiently(int fd, const char *data, size_t len, int milliseconds);

#endif
