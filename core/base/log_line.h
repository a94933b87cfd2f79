/*
 * One line of the log, as text or as JSON: escaped, and bounded.
 *
 * Any thread. A line lies on the caller's stack. What does not fit is left out and marked; values
 * of a peer forge neither fields nor lines.
 */
#ifndef SLUICE_BASE_LOG_LINE_H
#define SLUICE_BASE_LOG_LINE_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>

/* A line under construction; `len` never passes the array, `cut` remembers that something did not
 * fit. Room for the marks and the line's end is kept back. */
struct log_line {
    char text[LOG_LINE_MAX];
    size_t len;
    size_t body; /* of a line of text: where it goes on behind time and level */
    bool cut;
};

/* Formats a line with its end, but no zero byte. `fields` may be NULL. */
void log_line_text(struct log_line *line, enum log_level level, const char *module,
                   const char *text, const struct log_fields *fields);
void log_line_json(struct log_line *line, enum log_level level, const char *module,
                   const char *text, const struct log_fields *fields);

#endif
