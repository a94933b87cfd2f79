#include "base/event_ring.h"

#include "base/log_line.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLIENT_MAX 24  /* bytes of a client's id, its end included */
#define ID_TEXT_MAX 40 /* bytes of what is put in front of a line */

struct kept_event {
    const char *event;
    char client[CLIENT_MAX]; /* empty: it is about none */
    size_t len;
    char text[]; /* a JSON object without its opening brace */
};

struct event_ring {
    pthread_mutex_t lock;
    uint64_t base;   /* the first id */
    uint64_t oldest; /* the id of the oldest event that is kept */
    uint64_t next;   /* the id of the next one */
    size_t bytes;
    struct kept_event *kept[EVENT_RING_LINES]; /* owned, by id; NULL: there was no memory for it */
};

_Static_assert(EVENT_RING_BYTES >= 2 * (LOG_LINE_MAX + sizeof(struct kept_event)),
               "a line is kept until the next one comes");
_Static_assert(EVENT_READING_BYTES >= LOG_LINE_MAX + ID_TEXT_MAX, "each line can be read");

int event_ring_create(struct event_ring **out)
{
    struct timespec now;
    struct event_ring *ring = calloc(1, sizeof *ring);
    if (ring == NULL)
        return ERR_NO_MEMORY;
    if (pthread_mutex_init(&ring->lock, NULL) != 0) {
        free(ring);
        return ERR_SYSTEM;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    ring->base = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
    ring->oldest = ring->next = ring->base;
    *out = ring;
    return OK;
}

static struct kept_event **slot_of(struct event_ring *ring, uint64_t id)
{
    return &ring->kept[id % EVENT_RING_LINES];
}

static size_t size_of(const struct kept_event *event)
{
    return event != NULL ? sizeof *event + event->len : 0;
}

/* -- putting -- */

static void drop_oldest_event(struct event_ring *ring)
{
    struct kept_event **slot = slot_of(ring, ring->oldest++);
    ring->bytes -= size_of(*slot);
    free(*slot);
    *slot = NULL;
}

void event_ring_destroy(struct event_ring *ring)
{
    if (ring == NULL)
        return;
    while (ring->oldest < ring->next)
        drop_oldest_event(ring);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

static void note_client(struct kept_event *event, const struct log_fields *fields)
{
    event->client[0] = '\0';
    for (size_t i = 0; i < fields->count; i++)
        if (fields->items[i].text != NULL && strcmp(fields->items[i].name, "client") == 0)
            snprintf(event->client, sizeof event->client, "%s", fields->items[i].text);
}

static struct kept_event *create_kept_event(const char *name, const struct log_line *line,
                                            const struct log_fields *fields)
{
    size_t len = line->len - 2; /* neither the opening brace nor the line's end */
    struct kept_event *event = malloc(sizeof *event + len);
    if (event == NULL)
        return NULL;
    event->event = name;
    event->len = len;
    note_client(event, fields);
    memcpy(event->text, line->text + 1, len);
    return event;
}

void event_ring_put(struct event_ring *ring, const char *event, enum log_level level,
                    const char *module, const char *text, const struct log_fields *fields)
{
    struct log_line line;
    log_line_json(&line, level, module, text, fields);
    struct kept_event *kept = create_kept_event(event, &line, fields);
    pthread_mutex_lock(&ring->lock);
    while (ring->oldest < ring->next && (ring->next - ring->oldest == EVENT_RING_LINES ||
                                         ring->bytes + size_of(kept) > EVENT_RING_BYTES))
        drop_oldest_event(ring);
    *slot_of(ring, ring->next++) = kept;
    ring->bytes += size_of(kept);
    pthread_mutex_unlock(&ring->lock);
}

/* -- reading -- */

/* The ids that a reading has, in the order in which they were picked. */
struct picked_events {
    uint64_t ids[EVENT_READING_LINES];
    size_t count;
    size_t bytes;
};

static bool is_selected(const struct kept_event *event, const struct event_selection *selection)
{
    return event != NULL && (selection->event == NULL || selection->event == event->event) &&
           (selection->client == NULL || strcmp(selection->client, event->client) == 0);
}

/* Returns false if there is no room for it. */
static bool pick_event(struct picked_events *picked, uint64_t id, const struct kept_event *event,
                       size_t limit)
{
    size_t bytes = event->len + ID_TEXT_MAX;
    if (picked->count == limit || picked->bytes + bytes > EVENT_READING_BYTES)
        return false;
    picked->ids[picked->count++] = id;
    picked->bytes += bytes;
    return true;
}

static void pick_newest(struct event_ring *ring, const struct event_selection *selection,
                        struct picked_events *picked)
{
    for (uint64_t id = ring->next; id > ring->oldest; id--) {
        const struct kept_event *event = *slot_of(ring, id - 1);
        if (is_selected(event, selection) && !pick_event(picked, id - 1, event, selection->limit))
            break;
    }
    for (size_t i = 0; i < picked->count / 2; i++) {
        uint64_t id = picked->ids[i];
        picked->ids[i] = picked->ids[picked->count - 1 - i];
        picked->ids[picked->count - 1 - i] = id;
    }
}

static void pick_behind(struct event_ring *ring, const struct event_selection *selection,
                        struct picked_events *picked, struct event_reading *out)
{
    uint64_t first = selection->after < ring->base ? ring->base : selection->after + 1;
    if (selection->after >= ring->next) /* It has not been yet. */
        first = ring->next;
    uint64_t id = first > ring->oldest ? first : ring->oldest;
    out->missed = id - first;
    for (; id < ring->next; id++) {
        const struct kept_event *event = *slot_of(ring, id);
        out->missed += event == NULL;
        if (!is_selected(event, selection))
            continue;
        out->has_more = !pick_event(picked, id, event, selection->limit);
        if (out->has_more)
            break;
    }
    out->next = id - 1;
}

/* Writes `,{"id":"17","time":...}`. */
static void write_kept_event(struct event_ring *ring, uint64_t id, struct buffer *text)
{
    const struct kept_event *event = *slot_of(ring, id);
    char head[ID_TEXT_MAX];
    int len =
        snprintf(head, sizeof head, "%s{\"id\":\"%" PRIu64 "\",", text->len > 0 ? "," : "", id);
    memcpy(text->data + text->len, head, (size_t)len);
    text->len += (size_t)len;
    memcpy(text->data + text->len, event->text, event->len);
    text->len += event->len;
}

static void read_locked(struct event_ring *ring, const struct event_selection *selection,
                        struct event_reading *out)
{
    struct picked_events picked = {.count = 0};
    out->next = ring->next - 1;
    if (selection->has_after)
        pick_behind(ring, selection, &picked, out);
    else
        pick_newest(ring, selection, &picked);
    for (size_t i = 0; i < picked.count; i++)
        write_kept_event(ring, picked.ids[i], &out->text);
}

int event_ring_read(struct event_ring *ring, const struct event_selection *selection,
                    struct event_reading *out)
{
    uint8_t *room;
    *out = (struct event_reading){.next = 0};
    buffer_init(&out->text, EVENT_READING_BYTES + 1);
    int error = buffer_extend(&out->text, EVENT_READING_BYTES + 1, &room);
    if (error != OK)
        return error;
    out->text.len = 0;
    pthread_mutex_lock(&ring->lock);
    read_locked(ring, selection, out);
    pthread_mutex_unlock(&ring->lock);
    out->text.data[out->text.len] = '\0';
    return OK;
}
