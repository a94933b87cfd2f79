#include "base/event.h"

#include <stdio.h>
#include <string.h>

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
    uint8_t fields[EVENT_FIELD_COUNT]; /* each one's enum event_field + 1; 0 ends them */
};

static const struct event_row events[EVENT_COUNT] = {
#define IN(upper) EVENT_FIELD_##upper + 1,
#define EVENT(upper, lower, at, means, in)                                                         \
    [EVENT_##upper] = {.name = #lower, .text = (means), .level = LOG_LEVEL_##at, .fields = {in}},
    EVENTS(EVENT)
#undef EVENT
#undef IN
};

/* Bounds what a peer can put into one value. A character that is cut in its middle is shown as
 * what is no UTF-8. */
static const char *bounded(const char *text, char copy[EVENT_TEXT_MAX + 4])
{
    if (strnlen(text, EVENT_TEXT_MAX + 1) <= EVENT_TEXT_MAX)
        return text;
    snprintf(copy, EVENT_TEXT_MAX + 4, "%.*s...", EVENT_TEXT_MAX, text);
    return copy;
}

static void write_event(const struct event_row *row, enum log_level level, const char *module,
                        const struct event_values *values)
{
    struct log_field items[EVENT_FIELD_COUNT + 1] = {{.name = "event", .text = row->name}};
    char copies[EVENT_FIELD_COUNT][EVENT_TEXT_MAX + 4];
    size_t count = 1;
    for (size_t i = 0; i < EVENT_FIELD_COUNT && row->fields[i] != 0; i++) {
        size_t field = row->fields[i] - 1u;
        const char *text = values->texts[field];
        if (text == NULL && !values->has_number[field])
            continue;
        items[count++] = (struct log_field){.name = field_names[field],
                                            .text = text != NULL ? bounded(text, copies[i]) : NULL,
                                            .number = values->numbers[field]};
    }
    log_write_fields(level, module, row->text, &(struct log_fields){items, count});
}

bool event_enabled(enum event event)
{
    return log_enabled(events[event].level);
}

void event_log(enum event event, const char *module, const struct event_values *values)
{
    write_event(&events[event], events[event].level, module, values);
}

void event_log_as(enum event event, bool is_access, const char *module,
                  const struct event_values *values)
{
    write_event(&events[event], is_access ? LOG_LEVEL_INFO : events[event].level, module, values);
}
