#include "client/outbox.h"

#include "ws/frame.h"

#include <stdlib.h>
#include <string.h>

/* A private copy has room for what comes next: many small frames must not cost a segment each. */
#define PRIVATE_CAPACITY_MIN 2048

static int append_segment(struct outbox *outbox, struct shared_bytes *owned, size_t offset,
                          bool is_private)
{
    struct segment *segment = malloc(sizeof *segment);
    if (segment == NULL) {
        shared_bytes_unref(owned);
        return ERR_NO_MEMORY;
    }
    *segment = (struct segment){.bytes = owned, .offset = offset, .is_private = is_private};
    if (outbox->last == NULL)
        outbox->first = segment;
    else
        outbox->last->next = segment;
    outbox->last = segment;
    outbox->queued += owned->len - offset;
    return OK;
}

int outbox_append(struct outbox *outbox, struct shared_bytes *bytes, size_t offset)
{
    return append_segment(outbox, shared_bytes_ref(bytes), offset, false);
}

/* Appends to the last segment if that is private and has room. */
static bool extend_last(struct outbox *outbox, const uint8_t *data, size_t len)
{
    struct segment *last = outbox->last;
    if (last == NULL || !last->is_private || len > last->bytes->capacity - last->bytes->len)
        return false;
    memcpy(last->bytes->data + last->bytes->len, data, len);
    last->bytes->len += len;
    outbox->queued += len;
    return true;
}

int outbox_append_copy(struct outbox *outbox, const uint8_t *stream, size_t len, size_t offset,
                       _Atomic size_t *account)
{
    size_t begin, end;
    frame_around(stream, len, offset, &begin, &end);
    if (begin == offset && extend_last(outbox, stream + offset, len - offset))
        return OK;
    size_t size = len - begin;
    size_t capacity = size < PRIVATE_CAPACITY_MIN ? PRIVATE_CAPACITY_MIN : size;
    struct shared_bytes *copy =
        shared_bytes_create_with_room(stream + begin, size, capacity, account);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    return append_segment(outbox, copy, offset - begin, true);
}

size_t outbox_gather(const struct outbox *outbox, struct iovec *pieces, size_t max)
{
    size_t count = 0;
    for (struct segment *segment = outbox->first; segment != NULL && count < max;
         segment = segment->next)
        pieces[count++] = (struct iovec){.iov_base = segment->bytes->data + segment->offset,
                                         .iov_len = segment->bytes->len - segment->offset};
    return count;
}

static struct segment *take_first(struct outbox *outbox)
{
    struct segment *segment = outbox->first;
    outbox->queued -= segment->bytes->len - segment->offset;
    outbox->first = segment->next;
    if (outbox->first == NULL)
        outbox->last = NULL;
    segment->next = NULL;
    return segment;
}

static void drop_first(struct outbox *outbox)
{
    struct segment *segment = take_first(outbox);
    shared_bytes_unref(segment->bytes);
    free(segment);
}

void outbox_consume(struct outbox *outbox, size_t sent)
{
    while (sent > 0 && outbox->first != NULL) {
        struct segment *segment = outbox->first;
        size_t left = segment->bytes->len - segment->offset;
        if (sent < left) {
            segment->offset += sent;
            outbox->queued -= sent;
            return;
        }
        sent -= left;
        drop_first(outbox);
    }
}

/* Moves whole segments from `from` to `to` while they are within the first `keep` bytes; `keep` is
 * then what is left of it. */
static int move_whole_segments(struct outbox *from, struct outbox *to, size_t *keep)
{
    while (from->first != NULL && *keep > 0) {
        size_t len = from->first->bytes->len - from->first->offset;
        if (*keep < len)
            break;
        struct segment *segment = take_first(from);
        int error = append_segment(to, segment->bytes, segment->offset, segment->is_private);
        free(segment);
        if (error != OK)
            return error;
        *keep -= len;
    }
    return OK;
}

/* Copies the beginning of a segment up to the end of the frame that `keep` bytes of it reach into.
 */
static int copy_begun_frame(const struct segment *segment, struct outbox *to, size_t keep)
{
    struct shared_bytes *bytes = segment->bytes;
    size_t begin, end;
    frame_around(bytes->data, bytes->len, segment->offset + keep, &begin, &end);
    if (end <= segment->offset)
        return OK;
    return outbox_append_copy(to, bytes->data, end, segment->offset, bytes->account);
}

int outbox_truncate(struct outbox *outbox, size_t keep)
{
    struct outbox rest = {0};
    int error = move_whole_segments(outbox, &rest, &keep);
    if (error == OK && outbox->first != NULL)
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
