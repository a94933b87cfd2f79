/*
 * What the runner prints: lines for people, TAP version 14, JUnit XML, or one line of JSON.
 */
#ifndef SLUICE_WORKBENCH_REPORT_H
#define SLUICE_WORKBENCH_REPORT_H

#include "workbench/situation.h"

#include <cjson/cJSON.h>
#include <stddef.h>

enum report_format { REPORT_TEXT, REPORT_TAP, REPORT_JUNIT, REPORT_JSON };

struct report {
    enum report_format format;
    const char *suite;
    unsigned passed, failed, skipped;
    char *cases; /* JUnit: owned, what is printed at the end */
    size_t cases_len;
    cJSON *checks; /* JSON: owned, the same */
};

void report_begin(struct report *report, enum report_format format, const char *suite,
                  unsigned planned);

/* One check; `sentence` says why it failed or was skipped, `output` is what it wrote. */
void report_add(struct report *report, const char *name, const char *summary, enum outcome outcome,
                const char *sentence, const char *doing, const char *output);

/* Prints the rest. Returns how many have failed. */
unsigned report_end(struct report *report);

#endif
