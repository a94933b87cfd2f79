/*
 * Records of a trace as JSON.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_ADMIN_TRACE_JSON_H
#define SLUICE_ADMIN_TRACE_JSON_H

#include "client/trace.h"

#include <cjson/cJSON.h>

/* Describes a record. NULL, or an object that lacks members: no memory. */
cJSON *trace_json_describe(const struct trace_record *record);

#endif
