/*
 * Text in the Prometheus format under construction.
 *
 * One thread at a time; the writer borrows the buffer.
 */
#ifndef SLUICE_ADMIN_METRICS_WRITER_H
#define SLUICE_ADMIN_METRICS_WRITER_H

#include "base/buffer.h"
#include "base/histogram.h"

#include <stdint.h>

/* Room for a label value; the longest one is an endpoint's path with every byte escaped. */
#define METRICS_LABEL_MAX (2 * 255 + 1)

/* The first failure is remembered, and ends the text. */
struct metrics_writer {
    struct buffer *out;
    int error;
};

/* Appends formatted text. */
void metrics_put(struct metrics_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Begins a family of samples, one of metric_table.h: another name is an error (ERR_INVALID). */
void metrics_describe(struct metrics_writer *writer, const char *name);

/* The same with a family that is in no table, since a plugin has made it. */
void metrics_describe_as(struct metrics_writer *writer, const char *name, const char *type,
                         const char *help);

/* A metric of one sample without labels: both lines about it, and the sample. */
void metrics_put_number(struct metrics_writer *writer, const char *name, uint64_t value);

/* Which buckets of a histogram are shown, as powers of two of its unit: `first` and every `step`th
 * up to `last`; those between say little more. */
struct metrics_buckets {
    unsigned first;
    unsigned last;
    unsigned step;
    double unit; /* seconds */
};

/* Writes the samples of a histogram of durations. `labels` are without braces; "" are none. */
void metrics_put_histogram(struct metrics_writer *writer, const char *name, const char *labels,
                           const struct histogram_snapshot *snapshot,
                           const struct metrics_buckets *buckets);

#define METRICS_VALUE_MAX 32

/* Writes a number with as many digits as it takes to read it back: 0.1, not 0.10000000000000001.
 * Returns `text`. */
const char *metrics_value(double value, char text[METRICS_VALUE_MAX]);

/* Writes a label value with quotes, backslashes and line ends escaped; returns `escaped`. */
const char *metrics_label(const char *text, char escaped[METRICS_LABEL_MAX]);

#endif
