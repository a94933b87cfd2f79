#include "client/outbox.h"

#include "ws/frame.h"

#include <stdlib.h>

static int append_segment(struct outbox *outbox, struct shared_bytes *owned, size_t offset)
{
    struct segment *segment = malloc(sizeof *segment);
    if (segment == NULL) {
        shared_bytes_unref(owned);
        return ERR_NO_MEMORY;
    }
    *segment = (struct segment){.bytes = owned, .offset = offset};
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
    return append_segment(outbox, shared_bytes_ref(bytes), offset);
}

int outbox_append_copy(struct outbox *outbox, const uint8_t *stream, size_t len, size_t offset,
                       _Atomic size_t *account)
{
    size_t begin, end;
    frame_around(stream, len, offset, &begin, &end);
    struct shared_bytes *copy = shared_bytes_create(stream + begin, len - begin, account);
    if (copy == NULL)
        return ERR_NO_MEMORY;
    return append_segment(outbox, copy, offset - begin);
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

/* Moves whole segments from `from` to `to` while they are within the first `keep` bytes. Returns
 * how many of those bytes are left to keep. */
static size_t move_whole_segments(struct outbox *from, struct outbox *to, size_t keep)
{
    while (from->first != NULL && keep > 0) {
        size_t len = from->first->bytes->len - from->first->offset;
        if (keep < len)
            break;
        struct segment *segment = take_first(from);
        int error = append_segment(to, segment->bytes, segment->offset);
        free(segment);
        if (error != OK)
            break; /* Without memory the stream ends inside a frame: the close frame is lost. */
        keep -= len;
    }
    return keep;
}

size_t outbox_truncate(struct outbox *outbox, size_t keep)
{
    struct outbox rest = {0};
    size_t queued = outbox->queued;
    size_t begin, end;

    keep = move_whole_segments(outbox, &rest, keep);
    const struct segment *cut = outbox->first;
    if (cut != NULL) {
        frame_around(cut->bytes->data, cut->bytes->len, cut->offset + keep, &begin, &end);
        if (end > cut->offset) {
            int error =
                outbox_append_copy(&rest, cut->bytes->data, end, cut->offset, cut->bytes->account);
            (void)error; /* As above. */
        }
    }
    outbox_clear(outbox);
    *outbox = rest;
    return queued - rest.queued;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->first != NULL)
        drop_first(outbox);
}
