/*
 * Reading the lines of a recording: what an event says, or where the recording is damaged.
 *
 * In the process of a situation: whatever is damaged ends it (situation_fail).
 */
#ifndef SLUICE_WORKBENCH_RECORDING_H
#define SLUICE_WORKBENCH_RECORDING_H

#include "workbench/fake.h"

#include <cjson/cJSON.h>
#include <sluice/plugin.h>
#include <stddef.h>
#include <stdint.h>

struct recording {
    const char *file;
    unsigned line; /* that is being read, from 1 */
};

/* Ends the situation: the line is not what a recorder writes. */
void recording_fail(const struct recording *recording, const char *what) __attribute__((noreturn));

/* A member that is a text, borrowed; "" if there is none. */
const char *recording_text(const cJSON *event, const char *name);

/* When it happened, microseconds since the server was started. */
int64_t recording_time(const struct recording *recording, const cJSON *event);

/* The members of `name`, then the pairs of `binary_name`, which are base64 and decoded in place.
 * Borrowed from the event. */
void recording_pairs(const struct recording *recording, cJSON *event, const char *name,
                     const char *binary_name, struct fake_pair out[FAKE_PAIRS_MAX]);

/* Borrowed from the event; decoded in place if it is no text. */
const char *recording_identity(const struct recording *recording, cJSON *event);

/* A message's bytes, owned by the caller; and its type. */
char *recording_payload(const struct recording *recording, const cJSON *event, size_t *len);
enum sl_message_type recording_type(const struct recording *recording, const cJSON *event);

#endif
