/*
 * The last events of a running server, for whoever looks at it: bounded in lines and bytes; the
 * oldest go first.
 *
 * Any thread. One lock, held while an event goes in, or while a bounded number of bytes comes out.
 * An event's id is a cursor: ids grow by one, also past a restart, since the first one is the time
 * at which the ring was made (µs since 1970).
 */
#ifndef SLUICE_BASE_EVENT_RING_H
#define SLUICE_BASE_EVENT_RING_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EVENT_RING_LINES 1024u
#define EVENT_RING_BYTES (256u * 1024)    /* of all lines, bookkeeping included */
#define EVENT_READING_LINES 500u          /* of one reading */
#define EVENT_READING_BYTES (128u * 1024) /* of one reading */

struct event_ring;

/* Returns 0, ERR_NO_MEMORY or ERR_SYSTEM. */
MUST_CHECK int event_ring_create(struct event_ring **out);

/* Nobody uses it any more. NULL is fine. */
void event_ring_destroy(struct event_ring *ring);

/* Keeps a line as the log writes it in JSON. `event` is static; it is also the first of the fields.
 * A line for which there is no memory counts as missed. */
void event_ring_put(struct event_ring *ring, const char *event, enum log_level level,
                    const char *module, const char *text, const struct log_fields *fields);

/* Which events are wanted. */
struct event_selection {
    bool has_after;     /* those behind `after`, the oldest first; else the newest ones */
    uint64_t after;     /* an id */
    size_t limit;       /* at most EVENT_READING_LINES */
    const char *event;  /* only this one, as event_ring_put got it; NULL: all */
    const char *client; /* only those about this client; NULL: all */
};

struct event_reading {
    struct buffer text; /* JSON objects, in the order of their ids, with commas between them; owned:
                           buffer_release, after an error too */
    uint64_t next;      /* what `after` is for those that come behind */
    uint64_t missed;    /* events behind `after` that are not kept any more, selected or not */
    bool has_more;      /* that are selected: the reading was full */
};

/* Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int event_ring_read(struct event_ring *ring, const struct event_selection *selection,
                               struct event_reading *out);

#endif
