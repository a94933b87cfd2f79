/*
 * The record of what the plugin did.
 */
#include "workbench/fake_internal.h"

static struct fake_event *first_event;
static struct fake_event **last_link = &first_event;
static char *log_text;

void fake_note(enum fake_event_kind kind, const struct sl_instance *by, uint64_t client_id,
               struct sl_string target, enum sl_message_type type, struct sl_string data, int code)
{
    struct fake_event *event = fake_zalloc(sizeof *event);
    *event = (struct fake_event){.kind = kind,
                                 .by = by,
                                 .client_id = client_id,
                                 .target = fake_zalloc(target.len + 1),
                                 .type = type,
                                 .data = fake_zalloc(data.len + 1),
                                 .len = data.len,
                                 .code = code};
    if (target.len > 0)
        memcpy(event->target, target.data, target.len);
    if (data.len > 0)
        memcpy(event->data, data.data, data.len);
    fake_lock();
    *last_link = event;
    last_link = &event->next;
    fake_unlock();
}

struct fake_event *fake_events(void)
{
    return first_event;
}

size_t fake_event_count(enum fake_event_kind kind)
{
    size_t count = 0;
    fake_lock();
    for (const struct fake_event *event = first_event; event != NULL; event = event->next)
        count += event->kind == kind;
    fake_unlock();
    return count;
}

const struct fake_event *fake_event_last(enum fake_event_kind kind)
{
    const struct fake_event *last = NULL;
    fake_lock();
    for (const struct fake_event *event = first_event; event != NULL; event = event->next)
        if (event->kind == kind)
            last = event;
    fake_unlock();
    return last;
}

const char *fake_log_text(void)
{
    size_t len = 0;
    fake_lock();
    for (const struct fake_event *event = first_event; event != NULL; event = event->next)
        len += event->kind == FAKE_LOGGED ? event->len + 1 : 0;
    free(log_text);
    char *end = log_text = fake_zalloc(len + 1);
    for (const struct fake_event *event = first_event; event != NULL; event = event->next) {
        if (event->kind != FAKE_LOGGED)
            continue;
        memcpy(end, event->data, event->len);
        end += event->len;
        *end++ = '\n';
    }
    fake_unlock();
    return log_text;
}

void fake_forget(void)
{
    fake_lock();
    while (first_event != NULL) {
        struct fake_event *event = first_event;
        first_event = event->next;
        free(event->target);
        free(event->data);
        free(event);
    }
    last_link = &first_event;
    free(log_text);
    log_text = NULL;
    fake_deferrals_forget();
    fake_unlock();
}
