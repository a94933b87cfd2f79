#include "delivery/outbox.h"

#include "ws/frame.h"

#include <stdlib.h>
#include <string.h>

/* A private copy has room for what comes next: many small frames must not cost a segment each. How
 * much, depends on whether small frames do follow each other. */
#define PRIVATE_CAPACITY_MIN 208u /* 256 bytes with everything */
#define PRIVATE_CAPACITY_MAX 4048u

/* A shared part that is smaller than its record is copied instead, where there is room. */
#define SHARED_MIN 64u

/* -- what segments cost -- */

static size_t unsent(const struct segment *segment)
{
    return segment->end - segment->offset;
}

/* The memory that a segment has for itself, whatever of it has been sent. */
static size_t own_cost(const struct segment *segment)
{
    return memory_cost(sizeof *segment) +
           (segment->bytes->is_private ? shared_bytes_cost(segment->bytes) : 0);
}

static size_t charge(const struct segment *segment)
{
    return own_cost(segment) + (segment->bytes->is_private ? 0 : unsent(segment));
}

/* -- the list -- */

static void link_last(struct outbox *outbox, struct segment *segment)
{
    segment->next = NULL;
    if (outbox->last == NULL)
        outbox->first = segment;
    else
        outbox->last->next = segment;
    outbox->last = segment;
    outbox->queued += unsent(segment);
    outbox->held += charge(segment);
}

static struct segment *unlink_first(struct outbox *outbox)
{
    struct segment *segment = outbox->first;
    outbox->queued -= unsent(segment);
    outbox->held -= charge(segment);
    outbox->first = segment->next;
    if (outbox->first == NULL)
        outbox->last = NULL;
    return segment;
}

/* Takes over the reference to `owned`, on failure too. Records count like what they refer to. */
static int append_segment(struct outbox *outbox, struct shared_bytes *owned, size_t offset,
                          size_t end)
{
    struct segment *segment = malloc(sizeof *segment);
    if (segment == NULL) {
        shared_bytes_unref(owned);
        return ERR_NO_MEMORY;
    }
    *segment = (struct segment){.bytes = owned, .offset = (uint32_t)offset, .end = (uint32_t)end};
    memory_account_add(owned->account, memory_cost(sizeof *segment));
    link_last(outbox, segment);
    return OK;
}

static void drop_first(struct outbox *outbox)
{
    struct segment *segment = unlink_first(outbox);
    memory_account_sub(segment->bytes->account, memory_cost(sizeof *segment));
    shared_bytes_unref(segment->bytes);
    free(segment);
}

/* -- appending -- */

/* Appends to the last segment if that is private and has room. */
static bool extend_private(struct outbox *outbox, const uint8_t *data, size_t len)
{
    struct segment *last = outbox->last;
    if (last == NULL || !last->bytes->is_private || len > last->bytes->capacity - last->bytes->len)
        return false;
    memcpy(last->bytes->data + last->bytes->len, data, len);
    last->bytes->len += len;
    last->end += (uint32_t)len;
    outbox->queued += len;
    return true;
}

/* Lengthens the last segment if it ends where the new part begins. */
static bool extend_shared(struct outbox *outbox, const struct shared_bytes *bytes, size_t begin,
                          size_t end)
{
    struct segment *last = outbox->last;
    if (last == NULL || last->bytes != bytes || last->end != begin)
        return false;
    last->end = (uint32_t)end;
    outbox->queued += end - begin;
    outbox->held += end - begin;
    return true;
}

int outbox_append(struct outbox *outbox, struct shared_bytes *bytes, size_t begin, size_t end)
{
    if (extend_shared(outbox, bytes, begin, end) ||
        (end - begin <= SHARED_MIN && extend_private(outbox, bytes->data + begin, end - begin)))
        return OK;
    return append_segment(outbox, shared_bytes_ref(bytes), begin, end);
}

/* Twice what the copy before had, if that is full; little, if something else lies in between. */
static size_t private_capacity(const struct outbox *outbox, size_t size)
{
    size_t capacity = PRIVATE_CAPACITY_MIN;
    if (outbox->last != NULL && outbox->last->bytes->is_private)
        capacity = 2 * outbox->last->bytes->capacity;
    if (capacity > PRIVATE_CAPACITY_MAX)
        capacity = PRIVATE_CAPACITY_MAX;
    return capacity < size ? size : capacity;
}

int outbox_append_copy(struct outbox *outbox, const uint8_t *stream, size_t len, size_t offset,
                       struct memory_account *account)
{
    size_t begin, end;
    frame_around(stream, len, offset, &begin, &end);
    if (begin == offset && extend_private(outbox, stream + offset, len - offset))
        return OK;
    size_t size = len - begin;
    struct shared_bytes *copy = shared_bytes_create_with_room(
        stream + begin, size, private_capacity(outbox, size), account);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    copy->is_private = true;
    return append_segment(outbox, copy, offset - begin, size);
}

/* -- sending -- */

size_t outbox_gather(const struct outbox *outbox, struct iovec *pieces, size_t max)
{
    size_t count = 0;
    for (struct segment *segment = outbox->first; segment != NULL && count < max;
         segment = segment->next)
        pieces[count++] = (struct iovec){.iov_base = segment->bytes->data + segment->offset,
                                         .iov_len = unsent(segment)};
    return count;
}

size_t outbox_begun(const struct outbox *outbox)
{
    const struct segment *first = outbox->first;
    size_t begin, end;
    if (first == NULL)
        return 0;
    frame_around(first->bytes->data, first->end, first->offset, &begin, &end);
    return end - first->offset;
}

void outbox_consume(struct outbox *outbox, size_t sent)
{
    while (sent > 0 && outbox->first != NULL) {
        struct segment *segment = outbox->first;
        size_t left = unsent(segment);
        if (sent < left) {
            segment->offset += (uint32_t)sent;
            outbox->queued -= sent;
            if (!segment->bytes->is_private)
                outbox->held -= sent;
            return;
        }
        sent -= left;
        drop_first(outbox);
    }
}

/* -- truncating -- */

/* Moves whole segments from `from` to `to` while they are within the first `keep` bytes. Returns
 * what is left of `keep`. */
static size_t move_whole_segments(struct outbox *from, struct outbox *to, size_t keep)
{
    while (from->first != NULL && keep > 0 && keep >= unsent(from->first)) {
        struct segment *segment = unlink_first(from);
        keep -= unsent(segment);
        link_last(to, segment);
    }
    return keep;
}

/* Copies the beginning of a segment up to the end of the frame that `keep` bytes of it reach into.
 */
static int copy_begun_frame(const struct segment *segment, struct outbox *to, size_t keep)
{
    struct shared_bytes *bytes = segment->bytes;
    size_t begin, end;
    frame_around(bytes->data, segment->end, segment->offset + keep, &begin, &end);
    if (end <= segment->offset)
        return OK;
    return outbox_append_copy(to, bytes->data, end, segment->offset, bytes->account);
}

int outbox_truncate(struct outbox *outbox, size_t keep)
{
    struct outbox rest = {0};
    int error = OK;
    keep = move_whole_segments(outbox, &rest, keep);
    if (outbox->first != NULL)
        error = copy_begun_frame(outbox->first, &rest, keep);
    outbox_clear(outbox);
    if (error != OK)
        outbox_clear(&rest);
    *outbox = rest;
    return error;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->first != NULL)
        drop_first(outbox);
}

/* -- counting -- */

/* Of the frames that begin in what a segment has not sent. */
static uint64_t count_in_segment(const struct segment *segment)
{
    const uint8_t *data = segment->bytes->data;
    uint64_t count = 0;
    size_t begin, end;
    frame_around(data, segment->end, segment->offset, &begin, &end);
    size_t at = end; /* Of the frame under way; or there, between two frames. */
    while (at < segment->end) {
        count += frame_is_message(data + at);
        at += frame_length(data + at, segment->end - at);
    }
    return count;
}

uint64_t outbox_count_messages(const struct outbox *outbox)
{
    uint64_t count = 0;
    for (const struct segment *segment = outbox->first; segment != NULL; segment = segment->next)
        count += count_in_segment(segment);
    return count;
}
