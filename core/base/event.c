#include "base/event.h"

#include "base/clock.h"
#include "base/event_ring.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const field_names[EVENT_FIELD_COUNT] = {
#define FIELD(upper, lower, type, means) [EVENT_FIELD_##upper] = #lower,
    EVENT_FIELDS(FIELD)
#undef FIELD
};

/* What an event's line is made of. */
struct event_row {
    const char *name;
    const char *text;
    enum log_level level;
    uint8_t fields[EVENT_FIELDS_MAX]; /* each one's enum event_field + 1; 0 ends them */
};

static const struct event_row events[EVENT_COUNT] = {
#define IN(upper) EVENT_FIELD_##upper + 1,
#define EVENT(upper, lower, at, means, in)                                                         \
    [EVENT_##upper] = {.name = #lower, .text = (means), .level = LOG_LEVEL_##at, .fields = {in}},
    EVENTS(EVENT)
#undef EVENT
#undef IN
};

static _Atomic(struct event_ring *) ring; /* NULL: events are not kept */

/* Bounds what a peer can put into one value. A character that is cut in its middle is shown as
 * what is no UTF-8. */
static const char *bounded(const char *text, char copy[EVENT_TEXT_MAX + 4])
{
    if (strnlen(text, EVENT_TEXT_MAX + 1) <= EVENT_TEXT_MAX)
        return text;
    snprintf(copy, EVENT_TEXT_MAX + 4, "%.*s...", EVENT_TEXT_MAX, text);
    return copy;
}

/* To the log, the ring, or both. */
static void write_line(const struct event_row *row, enum log_level level, bool is_logged,
                       const char *module, const char *text, const struct log_fields *fields)
{
    struct event_ring *kept_in = atomic_load_explicit(&ring, memory_order_acquire);
    if (is_logged)
        log_write_fields(level, module, text, fields);
    if (kept_in != NULL)
        event_ring_put(kept_in, row->name, level, module, text, fields);
}

static void write_event(const struct event_row *row, enum log_level level, bool is_logged,
                        const char *module, const struct event_values *values)
{
    struct log_field items[EVENT_FIELDS_MAX + 1] = {{.name = "event", .text = row->name}};
    char copies[EVENT_FIELDS_MAX][EVENT_TEXT_MAX + 4];
    size_t count = 1;
    for (size_t i = 0; i < EVENT_FIELDS_MAX && row->fields[i] != 0; i++) {
        size_t field = row->fields[i] - 1u;
        const char *text = values->texts[field];
        if (text == NULL && !values->has_number[field])
            continue;
        items[count++] = (struct log_field){.name = field_names[field],
                                            .text = text != NULL ? bounded(text, copies[i]) : NULL,
                                            .number = values->numbers[field]};
    }
    write_line(row, level, is_logged, module, values->message != NULL ? values->message : row->text,
               &(struct log_fields){items, count});
}

void event_time_text(int64_t wall, char text[EVENT_TIME_MAX])
{
    time_t seconds = (time_t)(wall / NS_PER_S);
    struct tm utc;
    text[0] = '\0';
    if (gmtime_r(&seconds, &utc) == NULL ||
        strftime(text, EVENT_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        text[0] = '\0';
}

void event_keep_in(struct event_ring *kept_in)
{
    atomic_store_explicit(&ring, kept_in, memory_order_release);
}

const char *event_text(enum event event)
{
    return events[event].name;
}

const char *event_name(const char *text)
{
    for (size_t i = 0; i < EVENT_COUNT; i++)
        if (strcmp(events[i].name, text) == 0)
            return events[i].name;
    return NULL;
}

bool event_enabled(enum event event)
{
    enum log_level level = events[event].level;
    return log_enabled(level) ||
           (level <= LOG_LEVEL_INFO && atomic_load_explicit(&ring, memory_order_relaxed) != NULL);
}

void event_log(enum event event, const char *module, const struct event_values *values)
{
    const struct event_row *row = &events[event];
    if (event_enabled(event))
        write_event(row, row->level, log_enabled(row->level), module, values);
}

void event_log_as(enum event event, bool is_access, const char *module,
                  const struct event_values *values)
{
    const struct event_row *row = &events[event];
    enum log_level level = is_access ? LOG_LEVEL_INFO : row->level;
    write_event(row, level, is_access || log_enabled(level), module, values);
}
