#include "base/crash_text.h"

#include "base/log.h"
#include "base/log_queue.h"
#include "base/utf8.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SINK_PATIENCE 2000 /* ms */
#define PIECE_MAX 4096     /* bytes of text that are put together before they are written */

/* Where nothing is taken: the rest is not tried there. */
static atomic_bool is_error_unread, is_log_unread;

/* Whether the log goes where standard error does. */
static bool is_log_on_standard_error(void)
{
    struct stat error, log;
    return log_sink() == STDERR_FILENO ||
           (fstat(STDERR_FILENO, &error) == 0 && fstat(log_sink(), &log) == 0 &&
            error.st_dev == log.st_dev && error.st_ino == log.st_ino);
}

static void write_to(int fd, const struct crash_text *report, atomic_bool *is_unread)
{
    if (!*is_unread && !log_write_patiently(fd, report->text, report->len, SINK_PATIENCE))
        *is_unread = true; /* There is nobody left to tell. */
}

/* A report that nobody reads must not keep the process from ending. It goes to standard error, and
 * to the log if that is a file. */
void crash_text_write(struct crash_text *report)
{
    write_to(STDERR_FILENO, report, &is_error_unread);
    if (!is_log_on_standard_error())
        write_to(log_sink(), report, &is_log_unread);
    report->len = 0;
}

void crash_put_bytes(struct crash_text *report, const char *bytes, size_t len)
{
    if (!report->is_json && report->len + len > PIECE_MAX)
        crash_text_write(report);
    if (report->len + len > sizeof report->text)
        return; /* A line of JSON, which the bounds of its values keep from coming here. */
    memcpy(report->text + report->len, bytes, len);
    report->len += len;
}

void crash_put(struct crash_text *report, const char *text)
{
    crash_put_bytes(report, text, strlen(text));
}

void crash_put_number(struct crash_text *report, uint64_t value, unsigned base,
                      unsigned digits_least)
{
    static const char digits[] = "0123456789abcdef";
    char text[24];
    size_t at = sizeof text;
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value > 0 || sizeof text - at < digits_least);
    crash_put_bytes(report, text + at, sizeof text - at);
}

/* In JSON as the inside of a string. */
void crash_put_escaped(struct crash_text *report, const char *text)
{
    bool is_valid = utf8_is_valid(text, strlen(text));
    size_t begin = report->len;
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        bool is_full = report->is_json && report->len - begin > CRASH_VALUE_MAX - 6;
        if (is_full && (byte & 0xC0) != 0x80)
            return;
        if (report->is_json && (byte == '"' || byte == '\\')) {
            crash_put_bytes(report, "\\", 1);
            crash_put_bytes(report, text, 1);
        } else if (report->is_json && byte < 0x20) {
            crash_put(report, "\\u");
            crash_put_number(report, byte, 16, 4);
        } else {
            crash_put_bytes(report, byte < 0x80 || is_valid ? text : "?", 1);
        }
    }
}

void crash_put_or(struct crash_text *report, const char *text, const char *otherwise)
{
    crash_put_escaped(report, text != NULL ? text : otherwise);
}
