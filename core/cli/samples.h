/*
 * The samples of a page of /metrics (Prometheus text), as commands read them.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_CLI_SAMPLES_H
#define SLUICE_CLI_SAMPLES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct sample {
    const char *name;
    const char *labels; /* without braces; "": none */
    double value;
};

struct samples {
    char *text; /* owned; what names and labels point to */
    struct sample *items;
    size_t count;
};

/* Reads a page; what is no sample is passed over. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int samples_read(struct samples *samples, const char *page);

void samples_free(struct samples *samples);

/* The sum of a metric's samples whose labels contain `part`, like `direction="in"`; NULL: of all.
 */
double samples_sum(const struct samples *samples, const char *name, const char *part);

/* The sample with exactly these labels, or NULL. */
const struct sample *samples_find(const struct samples *samples, const char *name,
                                  const char *labels);

/* Writes a label's value, cut if it is too long; "" if there is none. Returns `text`. */
const char *samples_label(const struct sample *sample, const char *label, char *text, size_t size);

#endif
