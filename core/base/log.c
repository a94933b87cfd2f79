#include "base/log.h"

#include "base/journal.h"
#include "base/log_queue.h"
#include "base/utf8.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static _Atomic int log_threshold = LOG_LEVEL_INFO;
static _Atomic int log_shape = LOG_FORMAT_TEXT;
static atomic_ullong truncated_lines;
static _Atomic int sink = STDERR_FILENO;
static atomic_bool is_journal;            /* which takes the priority in front of a text */
static _Atomic(struct log_queue *) queue; /* NULL: lines are written by who logs them */

_Static_assert(LOG_LINE_MAX <= LOG_QUEUE_LINE_MAX, "a line fits into the queue");

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static const char *const journal_priorities[] = {"<3>", "<4>", "<6>", "<7>"};

/* What a text that does not fit ends with, and a line whose fields do not. */
#define CUT_MARK "..."
#define CUT_FIELDS_TEXT " cut=true"
#define CUT_FIELDS_JSON ",\"cut\":true"

/* What has to fit behind a text: its mark, its quote, the other mark, }\n */
#define LINE_END_MAX (sizeof CUT_MARK + sizeof CUT_FIELDS_JSON + 1)
#define LINE_TEXT_MAX (LOG_LINE_MAX - LINE_END_MAX)

/* How characters are kept from being read as something else. */
enum escaping {
    ESCAPE_TEXT,  /* of a line of text: control characters */
    ESCAPE_VALUE, /* in the double quotes of a value of such a line */
    ESCAPE_JSON
};

/* A line under construction; `len` never passes the array, `cut` remembers that something did not
 * fit. Room for the marks and the line's end is kept back. */
struct line {
    char text[LOG_LINE_MAX];
    size_t len;
    bool cut;
};

/* Appends a character, an escape or a short piece, whole or not at all. */
static void line_append(struct line *line, const char *text, size_t len)
{
    if (line->cut || line->len + len > LINE_TEXT_MAX) {
        line->cut = true;
        return;
    }
    memcpy(line->text + line->len, text, len);
    line->len += len;
}

/* After the text: says that there was more. */
static void line_mark_cut(struct line *line)
{
    if (!line->cut)
        return;
    memcpy(line->text + line->len, CUT_MARK, sizeof CUT_MARK - 1);
    line->len += sizeof CUT_MARK - 1;
    atomic_fetch_add_explicit(&truncated_lines, 1, memory_order_relaxed);
}

static void line_append_cstr(struct line *line, const char *text)
{
    line_append(line, text, strlen(text));
}

static void line_append_time(struct line *line)
{
    struct timespec now;
    struct tm utc;
    char text[64];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    len += (size_t)snprintf(text + len, sizeof text - len, ".%03dZ", (int)(now.tv_nsec / 1000000));
    line_append(line, text, len);
}

/* How many bytes the character at `text` has, or 0 if it is not UTF-8. */
static size_t character_len(const char *text)
{
    for (size_t len = 1; len <= 4; len++) {
        if (utf8_is_valid(text, len))
            return len;
        if (text[len] == '\0')
            break;
    }
    return 0;
}

/* Control characters, C1 (U+0080 to U+009F) included, never reach the terminal or the log file as
 * they are: in JSON because the format forbids them, in text because a client must not be able to
 * forge a line. Bytes that are no UTF-8 show as a question mark. */
static bool is_control(const char *text, size_t len)
{
    unsigned char first = (unsigned char)text[0];
    return first < 0x20 || first == 0x7f ||
           (len == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0);
}

static void line_append_escaped(struct line *line, const char *text, enum escaping escaping)
{
    while (*text != '\0') {
        size_t len = character_len(text);
        char escape[8];
        if (len == 0)
            line_append(line, "?", 1);
        else if (is_control(text, len))
            line_append(line, escape,
                        (size_t)snprintf(escape, sizeof escape,
                                         escaping == ESCAPE_JSON ? "\\u%04x" : "\\x%02x",
                                         (unsigned char)text[len - 1]));
        else if (escaping != ESCAPE_TEXT && (*text == '"' || *text == '\\'))
            line_append(line, escape, (size_t)snprintf(escape, sizeof escape, "\\%c", *text));
        else
            line_append(line, text, len);
        text += len == 0 ? 1 : len;
    }
}

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

static void line_end(struct line *line)
{
    line->text[line->len++] = '\n';
}

/* -- fields -- */

static void line_append_number(struct line *line, uint64_t number)
{
    char digits[24];
    line_append(line, digits, (size_t)snprintf(digits, sizeof digits, "%" PRIu64, number));
}

static void line_append_json_value(struct line *line, const struct log_field *field)
{
    if (field->text == NULL) {
        line_append_number(line, field->number);
        return;
    }
    line_append_cstr(line, "\"");
    line_append_escaped(line, field->text, ESCAPE_JSON);
    line_append_cstr(line, "\"");
}

/* In quotes if it could be taken for something else than one value. */
static void line_append_text_value(struct line *line, const struct log_field *field)
{
    static const char plain[] = "-._~:/@%+,;0123456789"
                                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    if (field->text == NULL) {
        line_append_number(line, field->number);
    } else if (field->text[0] != '\0' && field->text[strspn(field->text, plain)] == '\0') {
        line_append_cstr(line, field->text);
    } else {
        line_append_cstr(line, "\"");
        line_append_escaped(line, field->text, ESCAPE_VALUE);
        line_append_cstr(line, "\"");
    }
}

/* Whole, or not at all; nothing comes behind one that does not fit. */
static void line_append_field(struct line *line, const struct log_field *field, bool json)
{
    size_t before = line->len;
    line_append_cstr(line, json ? ",\"" : " ");
    line_append_cstr(line, field->name);
    line_append_cstr(line, json ? "\":" : "=");
    if (json)
        line_append_json_value(line, field);
    else
        line_append_text_value(line, field);
    if (line->cut)
        line->len = before;
}

/* Behind a text that is cut there are none. */
static void line_append_fields(struct line *line, const struct log_fields *fields, bool json)
{
    if (line->cut || fields == NULL)
        return;
    for (size_t i = 0; i < fields->count; i++)
        line_append_field(line, &fields->items[i], json);
    if (!line->cut)
        return;
    const char *mark = json ? CUT_FIELDS_JSON : CUT_FIELDS_TEXT;
    memcpy(line->text + line->len, mark, strlen(mark));
    line->len += strlen(mark);
    atomic_fetch_add_explicit(&truncated_lines, 1, memory_order_relaxed);
}

/* -- whole lines -- */

static void format_json(struct line *line, enum log_level level, const char *module,
                        const char *text, const struct log_fields *fields)
{
    line_append_cstr(line, "{\"time\":\"");
    line_append_time(line);
    line_append_cstr(line, "\",\"level\":\"");
    line_append_cstr(line, level_names[level]);
    line_append_cstr(line, "\",\"module\":\"");
    line_append_escaped(line, module, ESCAPE_JSON);
    line_append_cstr(line, "\",\"message\":\"");
    line_append_escaped(line, text, ESCAPE_JSON);
    line_mark_cut(line);
    line->text[line->len++] = '"';
    line_append_fields(line, fields, true);
    line->text[line->len++] = '}';
    line_end(line);
}

static void format_text(struct line *line, enum log_level level, const char *module,
                        const char *text, const struct log_fields *fields)
{
    char head[16];
    if (atomic_load_explicit(&is_journal, memory_order_relaxed))
        line_append_cstr(line, journal_priorities[level]);
    line_append_time(line);
    line_append(line, head, (size_t)snprintf(head, sizeof head, " %-5s ", level_names[level]));
    line_append_escaped(line, module, ESCAPE_TEXT);
    line_append_cstr(line, ": ");
    line_append_escaped(line, text, ESCAPE_TEXT);
    line_mark_cut(line);
    line_append_fields(line, fields, false);
    line_end(line);
}

/* `fields` may be NULL. */
static void format_line(struct line *line, enum log_level level, const char *module,
                        const char *text, const struct log_fields *fields)
{
    line->len = 0;
    line->cut = false;
    if (atomic_load_explicit(&log_shape, memory_order_relaxed) == LOG_FORMAT_JSON)
        format_json(line, level, module, text, fields);
    else
        format_text(line, level, module, text, fields);
}

/* In the place of lines that were lost. */
static size_t format_notice(uint64_t lost, char text[LOG_QUEUE_LINE_MAX])
{
    struct line line;
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
    atomic_store_explicit(&is_journal, journal_is_at(log_sink()), memory_order_relaxed);
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
    atomic_store_explicit(&is_journal, journal_is_at(log_sink()), memory_order_relaxed);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&log_threshold, memory_order_relaxed);
}

unsigned long long log_truncated_lines(void)
{
    return atomic_load_explicit(&truncated_lines, memory_order_relaxed);
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
    char text[LOG_LINE_MAX + 1]; /* A text that fills it is too long for a line in any case. */
    struct line line;
    va_list arguments;

    if (!log_enabled(level))
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    format_line(&line, level, module, text, NULL);
    sink_put(line.text, line.len);
}

void log_write_fields(enum log_level level, const char *module, const char *text,
                      const struct log_fields *fields)
{
    struct line line;
    format_line(&line, level, module, text, fields);
    sink_put(line.text, line.len);
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
