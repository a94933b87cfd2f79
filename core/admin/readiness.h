/*
 * The answer of /readyz: whether new clients are welcome, and if not, why. Admin threads.
 */
#ifndef SLUICE_ADMIN_READINESS_H
#define SLUICE_ADMIN_READINESS_H

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <stdatomic.h>
#include <stdbool.h>

struct hub;
struct watchdog_status;

/* What is asked about, and where it is kept what the answer was before (at first 0: ready); another
 * answer is logged. */
struct readiness_question {
    struct hub *hub;
    const struct watchdog_status *watched;
    _Atomic int *before;
};

/* Fills in `body` and returns whether the server is ready. Takes no lock as long as no plugin says
 * that it cannot do its work. */
bool readiness_describe(const struct readiness_question *asked, cJSON *body);

/* Appends each check as a line, "ok" or "failed" first, and returns whether the server is ready. A
 * reload that waits for instances is a line for each of them, and good. */
bool readiness_list(const struct readiness_question *asked, struct buffer *out);

#endif
