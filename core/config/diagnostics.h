/*
 * What is wrong with a configuration: every error found, each with its position.
 *
 * One thread at a time. Owns its texts and copies of the file names: an entry may outlive the
 * configuration that it complains about.
 */
#ifndef SLUICE_CONFIG_DIAGNOSTICS_H
#define SLUICE_CONFIG_DIAGNOSTICS_H

#include <stddef.h>

/* Where in which file; line and column count from 1; line 0: the file as a whole. `file` is
 * borrowed and must outlive whatever holds the position. */
struct position {
    const char *file;
    unsigned line;
    unsigned column;
};

struct diagnostic {
    struct position position;
    char *text;
};

struct diagnostics {
    struct diagnostic *items; /* in the order found */
    size_t count;
    size_t capacity;
    size_t lost; /* errors that there was no memory or room for (at most 100 are kept) */
    struct diagnostic *warnings; /* what is allowed, and probably a mistake */
    size_t warning_count;
    size_t warning_capacity;
};

void diagnostics_init(struct diagnostics *diagnostics);
void diagnostics_deinit(struct diagnostics *diagnostics);

/* Adds one error: what is wrong and what to do, without a full stop or newline. */
void diagnostics_add(struct diagnostics *diagnostics, struct position position, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));

/* Adds one warning, which makes nothing fail. The same form. */
void diagnostics_warn(struct diagnostics *diagnostics, struct position position, const char *format,
                      ...) __attribute__((format(printf, 3, 4)));

/* Takes back the warnings behind the first `count`. */
void diagnostics_take_back_warnings(struct diagnostics *diagnostics, size_t count);

#define DIAGNOSTIC_LINE_MAX 2048

/* Writes "file:line:column: text", or "file: text" without a line. */
void diagnostic_format(const struct diagnostic *item, char line[DIAGNOSTIC_LINE_MAX]);

/* Prints "file:line:column: text" a line each to standard error, sorted by file and position,
 * warnings last. Where the log is JSON they are its lines. */
void diagnostics_print(const struct diagnostics *diagnostics);

/* Logs them as events, in the same order. `module` as in log_write. */
void diagnostics_log(const struct diagnostics *diagnostics, const char *module);

#endif
