/*
 * What is wrong with a configuration, as JSON: for the admin API and for commands.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_FINDINGS_H
#define SLUICE_ADMIN_FINDINGS_H

#include "config/diagnostics.h"

#include <cjson/cJSON.h>

/* The list of these findings, each {"file", "line", "column", "message"}, in the order found. Owned
 * by the caller; NULL: no memory. */
cJSON *findings_describe(const struct diagnostic *items, size_t count);

#endif
