/*
 * Events: lines of the log that say by name what has happened, with fields that have a type. Which
 * ones there are is said in base/event_table.h.
 *
 * Any thread. Whoever logs an event has its values at hand, and keeps them.
 */
#ifndef SLUICE_BASE_EVENT_H
#define SLUICE_BASE_EVENT_H

#include "base/event_table.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_TEXT_MAX 256  /* bytes of a value; a longer one is cut and marked */
#define EVENT_FIELDS_MAX 16 /* of one event */

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

/* What an event says beside its name. The values of its fields: a text of NULL, and a number that
 * is not set, is left out of the line. */
struct event_values {
    const char *message; /* in place of the table's sentence; NULL: that; borrowed */
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

struct event_ring;

/* Keeps events in a ring (base/event_ring.h), too, from now on: those of level `info` and above,
 * and whatever the log has. NULL: no more. Main thread, while no other one logs events. */
void event_keep_in(struct event_ring *ring);

/* Whether the event is written to the log, or kept: two relaxed loads. */
bool event_enabled(enum event event);

/* The name of an event. */
const char *event_text(enum event event);

/* An event's name as the ring has it, or NULL: there is no such event. */
const char *event_name(const char *text);

/* A moment for a text field, such as "2027-01-31T12:00:00Z". `wall`: ns since 1970. */
#define EVENT_TIME_MAX 32
void event_time_text(int64_t wall, char text[EVENT_TIME_MAX]);

/* Writes the event with those of its fields that have a value, at its own level, if the log's level
 * lets it, and keeps it. `module` as in log_write. */
void event_log(enum event event, const char *module, const struct event_values *values);

/* The same at level `info` if it is a line of the access log. */
void event_log_as(enum event event, bool is_access, const char *module,
                  const struct event_values *values);

#endif
