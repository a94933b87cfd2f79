#include "base/log.h"

#include "base/journal.h"
#include "base/log_line.h"
#include "base/log_queue.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Atomic int log_threshold = LOG_LEVEL_INFO;
static _Atomic int log_shape = LOG_FORMAT_TEXT;
static atomic_ullong truncated_lines;
static _Atomic int sink = STDERR_FILENO;
static _Atomic(struct log_queue *) queue; /* NULL: lines are written by who logs them */

_Static_assert(LOG_LINE_MAX <= LOG_QUEUE_LINE_MAX, "a line fits into the queue");

/* -- where lines go -- */

static void sink_put(const char *line, size_t len)
{
    struct log_queue *to = atomic_load_explicit(&queue, memory_order_acquire);
    if (to != NULL) {
        (void)log_queue_put(to, line, len); /* A line that is lost has been counted. */
        return;
    }
    ssize_t written = write(log_sink(), line, len);
    (void)written; /* There is nowhere left to report a log that cannot be written. */
}

/* -- whole lines -- */

/* In the log's format. `fields` may be NULL. */
static void format_line(struct log_line *line, enum log_level level, const char *module,
                        const char *text, const struct log_fields *fields)
{
    if (log_is_json())
        log_line_json(line, level, module, text, fields);
    else
        log_line_text(line, level, module, text, fields);
    if (line->cut)
        atomic_fetch_add_explicit(&truncated_lines, 1, memory_order_relaxed);
}

/* In the place of lines that were lost. */
static size_t format_notice(uint64_t lost, char text[LOG_QUEUE_LINE_MAX])
{
    struct log_line line;
    char message[160];
    snprintf(message, sizeof message,
             "%llu line%s lost here: they could not be written fast enough (log.queue)",
             (unsigned long long)lost, lost == 1 ? " was" : "s were");
    format_line(&line, LOG_LEVEL_WARN, "log", message, NULL);
    memcpy(text, line.text, line.len);
    return line.len;
}

int log_start(size_t size)
{
    struct log_queue *created;
    int own = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (own < 0)
        return ERR_SYSTEM;
    int error = log_queue_create(own, size, format_notice, &created);
    if (error != OK) {
        close(own);
        return error;
    }
    atomic_store_explicit(&sink, own, memory_order_relaxed);
    atomic_store_explicit(&queue, created, memory_order_release);
    return OK;
}

int log_redirect(int fd)
{
    struct log_queue *redirected = atomic_load_explicit(&queue, memory_order_acquire);
    if (redirected == NULL) {
        close(fd);
        return ERR_SYSTEM;
    }
    log_queue_redirect(redirected, fd);
    journal_look(log_sink());
    return OK;
}

int log_sink(void)
{
    return atomic_load_explicit(&sink, memory_order_relaxed);
}

void log_stop(void)
{
    struct log_queue *stopped = atomic_load_explicit(&queue, memory_order_acquire);
    if (stopped != NULL)
        log_queue_stop(stopped, LOG_STOP_PATIENCE);
}

void log_rescue(void)
{
    struct log_queue *rescued = atomic_load_explicit(&queue, memory_order_acquire);
    if (rescued != NULL)
        log_queue_rescue(rescued);
}

unsigned long long log_lost_lines(void)
{
    struct log_queue *asked = atomic_load_explicit(&queue, memory_order_acquire);
    return asked != NULL ? log_queue_lost(asked) : 0;
}

unsigned long long log_failed_writes(void)
{
    struct log_queue *asked = atomic_load_explicit(&queue, memory_order_acquire);
    return asked != NULL ? log_queue_failed_writes(asked) : 0;
}

/* -- logging -- */

void log_configure(enum log_level level, enum log_format format)
{
    atomic_store_explicit(&log_threshold, (int)level, memory_order_relaxed);
    atomic_store_explicit(&log_shape, (int)format, memory_order_relaxed);
    journal_look(log_sink());
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_threshold, memory_order_relaxed);
}

bool log_is_json(void)
{
    return atomic_load_explicit(&log_shape, memory_order_relaxed) == LOG_FORMAT_JSON;
}

unsigned long long log_truncated_lines(void)
{
    return atomic_load_explicit(&truncated_lines, memory_order_relaxed);
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    char text[LOG_LINE_MAX + 1]; /* A text that fills it is too long for a line in any case. */
    va_list arguments;

    if (!log_enabled(level))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    log_write_fields(level, module, text, NULL);
}

void log_write_fields(enum log_level level, const char *module, const char *text,
                      const struct log_fields *fields)
{
    struct log_line line;
    format_line(&line, level, module, text, fields);
    /* The journal knows time and level. */
    const struct journal_line entry = {level, module, line.text + line.body,
                                       line.len - line.body - 1, fields};
    if (log_is_json() || !journal_send(&entry))
        sink_put(line.text, line.len);
}

void log_write_to(int fd, enum log_level level, const char *module, const char *text)
{
    struct log_line line;
    format_line(&line, level, module, text, NULL);
    ssize_t written = write(fd, line.text, line.len);
    (void)written; /* As of any line. */
}

void log_raw(const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (len < 0)
        return;
    size_t end = (size_t)len < sizeof line - 1 ? (size_t)len : sizeof line - 2;
    line[end] = '\n';
    sink_put(line, end + 1);
}
