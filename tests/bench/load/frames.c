#include "frames.h"

#include <string.h>

#define OPCODE_CLOSE 0x8
#define FIN 0x80
#define RSV1 0x40

/* How long a header is once its first two bytes are known. Server frames are never masked. */
static size_t head_size(const uint8_t *head)
{
    unsigned length = head[1] & 0x7f;
    return length < 126 ? 2 : length == 126 ? 4 : 10;
}

static uint64_t payload_size(const uint8_t *head)
{
    unsigned length = head[1] & 0x7f;
    size_t extended = length < 126 ? 0 : length == 126 ? 2 : 8;
    uint64_t size = extended > 0 ? 0 : length;
    for (size_t i = 0; i < extended; i++)
        size = size << 8 | head[2 + i];
    return size;
}

/* Accounts for one whole frame, whose payload begins with `start` (NULL: it is shorter than a
 * mark). Control frames are no messages, and neither is a fragment: the message counts when its
 * last fragment is complete. */
static void count_frame(uint8_t first, uint64_t payload, const uint8_t *start, const char *mark,
                        struct frame_count *count)
{
    unsigned opcode = first & 0xf;
    if (opcode == OPCODE_CLOSE)
        count->closed = true;
    if (opcode >= 0x8)
        return;
    count->bytes += payload;
    if (first & RSV1)
        count->compressed++;
    if (!(first & FIN))
        return;
    count->messages++;
    if (!start)
        return;
    if (mark && memcmp(start, mark, MARK_LEN) == 0)
        count->own++;
    if (count->latencies)
        latencies_add(count->latencies, count->now - latency_read(start));
}

/* The common case: counts the frames that are in the buffer as a whole. Returns bytes used. */
static size_t feed_whole(const uint8_t *data, size_t len, const char *mark,
                         struct frame_count *count)
{
    size_t at = 0;
    while (len - at >= 2) {
        const uint8_t *frame = data + at;
        size_t head = head_size(frame);
        if (len - at < head)
            break;
        uint64_t payload = payload_size(frame);
        if (payload > len - at - head)
            break;
        count_frame(frame[0], payload, payload >= MARK_LEN ? frame + head : NULL, mark, count);
        at += head + (size_t)payload;
    }
    return at;
}

/* Takes what there is of a header. Returns bytes used. */
static size_t feed_head(struct frame_reader *reader, const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (at < len) {
        reader->head[reader->head_len++] = data[at++];
        if (reader->head_len >= 2 && reader->head_len == head_size(reader->head)) {
            reader->payload = payload_size(reader->head);
            reader->remaining = reader->payload;
            reader->in_payload = true;
            reader->mark_len = 0;
            break;
        }
    }
    return at;
}

/* Takes what there is of a payload and counts the frame when it is complete. Returns bytes used. */
static size_t feed_payload(struct frame_reader *reader, const uint8_t *data, size_t len,
                           const char *mark, struct frame_count *count)
{
    size_t used = reader->remaining < len ? (size_t)reader->remaining : len;
    size_t wanted = MARK_LEN - reader->mark_len;
    size_t copied = used < wanted ? used : wanted;
    if (copied > 0) {
        memcpy(reader->mark + reader->mark_len, data, copied);
        reader->mark_len = (uint8_t)(reader->mark_len + copied);
    }
    reader->remaining -= used;
    if (reader->remaining == 0) {
        count_frame(reader->head[0], reader->payload,
                    reader->mark_len == MARK_LEN ? reader->mark : NULL, mark, count);
        reader->in_payload = false;
        reader->head_len = 0;
    }
    return used;
}

void frame_reader_feed(struct frame_reader *reader, const uint8_t *data, size_t len,
                       const char *mark, struct frame_count *count)
{
    size_t at = 0;
    while (at < len) {
        if (reader->head_len == 0)
            at += feed_whole(data + at, len - at, mark, count);
        if (!reader->in_payload)
            at += feed_head(reader, data + at, len - at);
        if (reader->in_payload)
            at += feed_payload(reader, data + at, len - at, mark, count);
    }
}

/* The byte at `at` of a message: rows of JSON whose digits vary, so that it compresses as such
 * messages do. */
static uint8_t json_byte(size_t at, uint32_t *random)
{
    static const char row[] =
        "{\"symbol\":\"S000\",\"bid\":000.00,\"ask\":000.00,\"volume\":00000},";
    char byte = row[at % (sizeof row - 1)];
    *random = *random * 1103515245 + 12345;
    return byte == '0' ? (uint8_t)('0' + (*random >> 16) % 10) : (uint8_t)byte;
}

size_t frame_build(uint8_t *out, const char *mark, size_t payload, uint32_t seed)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint32_t random = seed * 7919 + 1;
    size_t head = 2;
    out[0] = FIN | 0x1;
    if (payload < 126) {
        out[1] = (uint8_t)(0x80 | payload);
    } else {
        out[1] = 0x80 | 126;
        out[2] = (uint8_t)(payload >> 8);
        out[3] = (uint8_t)payload;
        head = 4;
    }
    memcpy(out + head, mask, sizeof mask);
    head += sizeof mask;
    for (size_t i = 0; i < payload; i++) {
        uint8_t byte = i < MARK_LEN ? (uint8_t)mark[i] : json_byte(i, &random);
        out[head + i] = byte ^ mask[i % 4];
    }
    return head + payload;
}
