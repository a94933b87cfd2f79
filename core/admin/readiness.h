/*
 * The answer of /readyz: whether new clients are welcome, and if not, why. Admin threads.
 */
#ifndef SLUICE_ADMIN_READINESS_H
#define SLUICE_ADMIN_READINESS_H

#include "base/buffer.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

struct hub;
struct watchdog_status;

/* Fills in `body` and returns whether the server is ready. Takes no lock as long as no plugin says
 * that it cannot do its work. */
bool readiness_describe(struct hub *hub, const struct watchdog_status *watched, cJSON *body);

/* Appends each check as a line, "ok" or "failed" first, and returns whether the server is ready. */
bool readiness_list(struct hub *hub, const struct watchdog_status *watched, struct buffer *out);

#endif
