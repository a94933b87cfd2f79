/*
 * Events: lines of the log that say by name what has happened, with fields that have a type. Which
 * ones there are is said in base/event_table.h.
 *
 * Any thread. Nothing is kept: whoever logs an event has its values at hand.
 */
#ifndef SLUICE_BASE_EVENT_H
#define SLUICE_BASE_EVENT_H

#include "base/event_table.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_TEXT_MAX 256 /* bytes of a value; a longer one is cut and marked */

enum event_field {
#define FIELD(upper, lower, type, means) EVENT_FIELD_##upper,
    EVENT_FIELDS(FIELD)
#undef FIELD
        EVENT_FIELD_COUNT
};

enum event {
#define EVENT(upper, lower, level, means, fields) EVENT_##upper,
    EVENTS(EVENT)
#undef EVENT
        EVENT_COUNT
};

/* The values of one event's fields. A text of NULL, and a number that is not set, is left out of
 * the line. */
struct event_values {
    const char *texts[EVENT_FIELD_COUNT]; /* of fields that are texts; borrowed */
    uint64_t numbers[EVENT_FIELD_COUNT];  /* of the others */
    bool has_number[EVENT_FIELD_COUNT];
};

static inline void event_set_number(struct event_values *values, enum event_field field,
                                    uint64_t number)
{
    values->numbers[field] = number;
    values->has_number[field] = true;
}

/* Whether the log's level lets the event be written: one relaxed load. */
bool event_enabled(enum event event);

/* Writes the event with those of its fields that have a value, at its own level. `module` as in
 * log_write. */
void event_log(enum event event, const char *module, const struct event_values *values);

/* The same at level `info` if it is a line of the access log. */
void event_log_as(enum event event, bool is_access, const char *module,
                  const struct event_values *values);

#endif
