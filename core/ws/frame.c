#include "ws/frame.h"

#include "base/utf8.h"

#include <string.h>

#define BIT_FIN 0x80
#define BITS_RSV 0x70
#define BIT_RSV1 0x40 /* the message is compressed (RFC 7692, section 6) */
#define BITS_OPCODE 0x0F
#define BIT_MASK 0x80
#define BIT_CONTROL 0x08

/* A frame's header as it stands in the input. */
struct frame_header {
    uint64_t payload_len;
    size_t size; /* of the header itself, bytes */
    uint8_t opcode;
    bool final;
    bool is_compressed;
    uint8_t mask[4];
};

static size_t report_error(struct frame_event *event, uint16_t close_code, const char *error)
{
    event->type = FRAME_ERROR;
    event->close_code = close_code;
    event->error = error;
    return 0;
}

static size_t need_more(struct frame_event *event)
{
    event->type = FRAME_NEED_MORE;
    return 0;
}

static uint64_t big_endian(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* The reserved bits that a frame may have set: RSV1 on the first frame of a data message, if it was
 * agreed on. */
static uint8_t allowed_bits(const struct frame_decoder *decoder, uint8_t opcode)
{
    bool begins_message = opcode == OPCODE_TEXT || opcode == OPCODE_BINARY;
    return decoder->may_compress && begins_message ? BIT_RSV1 : 0;
}

/* What can be wrong with a header's first two bytes, which are enough to refuse it (5.2, 5.5). */
static const char *check_first_bytes(const struct frame_decoder *decoder, const uint8_t *input)
{
    uint8_t opcode = input[0] & BITS_OPCODE;
    bool control = (opcode & BIT_CONTROL) != 0;

    if ((input[0] & BITS_RSV & ~allowed_bits(decoder, opcode)) != 0)
        return "reserved bits are set";
    if (opcode > OPCODE_PONG || (opcode > OPCODE_BINARY && opcode < OPCODE_CLOSE))
        return "reserved opcode";
    if (((input[1] & BIT_MASK) != 0) == decoder->from_server)
        return decoder->from_server ? "frame is masked" : "frame is not masked";
    if (control && (input[0] & BIT_FIN) == 0)
        return "control frame is fragmented";
    if (control && (input[1] & ~BIT_MASK) > FRAME_CONTROL_MAX)
        return "control frame is longer than 125 bytes";
    if (opcode == OPCODE_CONTINUATION && decoder->message_type == 0)
        return "continuation without a message";
    if (!control && opcode != OPCODE_CONTINUATION && decoder->message_type != 0)
        return "new message inside a fragmented one";
    return NULL;
}

/* Reads the extended length (5.2): minimal, and without the top bit. NULL, or what is wrong. */
static const char *read_length(struct frame_header *header, const uint8_t *input, size_t extended)
{
    header->payload_len = extended == 0 ? input[1] & 0x7Fu : big_endian(input + 2, extended);
    if (extended == 2 && header->payload_len < 126)
        return "length is not minimal";
    if (extended == 8 && header->payload_len >> 63 != 0)
        return "length has its top bit set";
    if (extended == 8 && header->payload_len <= UINT16_MAX)
        return "length is not minimal";
    return NULL;
}

/* Parses and checks the header at `input`. Returns whether `header` is complete; if it is not, the
 * event says whether more input or an error is the reason. */
static bool parse_header(const struct frame_decoder *decoder, const uint8_t *input, size_t len,
                         struct frame_header *header, struct frame_event *event)
{
    need_more(event);
    if (len < 2)
        return false;
    const char *error = check_first_bytes(decoder, input);
    uint8_t short_len = input[1] & 0x7F;
    size_t extended = short_len < 126 ? 0 : short_len == 126 ? 2 : 8;

    if (error == NULL) {
        if (len < 2 + extended)
            return false;
        error = read_length(header, input, extended);
    }
    if (error != NULL) {
        report_error(event, CLOSE_PROTOCOL_ERROR, error);
        return false;
    }
    header->opcode = input[0] & BITS_OPCODE;
    header->final = (input[0] & BIT_FIN) != 0;
    header->is_compressed = (input[0] & BIT_RSV1) != 0;
    header->size = 2 + extended + (decoder->from_server ? 0 : sizeof header->mask);
    if (decoder->from_server)
        memset(header->mask, 0, sizeof header->mask); /* changes nothing */
    else if (len >= header->size)
        memcpy(header->mask, input + 2 + extended, sizeof header->mask);
    return true;
}

/* XORs the payload with the mask (5.3), eight bytes at a time, and leaves the mask rotated for the
 * byte that follows. */
static void unmask(uint8_t *data, size_t len, uint8_t mask[4])
{
    uint64_t wide;
    uint8_t rotated[4];
    size_t i = 0;

    memcpy(&wide, mask, 4);
    memcpy((uint8_t *)&wide + 4, mask, 4);
    for (; len - i >= sizeof wide; i += sizeof wide) {
        uint64_t word;
        memcpy(&word, data + i, sizeof word);
        word ^= wide;
        memcpy(data + i, &word, sizeof word);
    }
    for (; i < len; i++)
        data[i] ^= mask[i % 4];
    for (i = 0; i < sizeof rotated; i++)
        rotated[i] = mask[(len + i) % 4];
    memcpy(mask, rotated, sizeof rotated);
}

bool close_code_may_be_sent(int code)
{
    return (code >= 3000 && code <= 4999) || code == CLOSE_NORMAL || code == CLOSE_GOING_AWAY ||
           code == CLOSE_UNSUPPORTED_TYPE ||
           (code >= CLOSE_BAD_DATA && code <= CLOSE_TRY_AGAIN_LATER &&
            code != CLOSE_EXTENSION_MISSING);
}

bool close_code_is_valid(unsigned code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    return code >= 1000 && code <= 1014 && code != 1004 && code != CLOSE_NO_STATUS &&
           code != CLOSE_ABNORMAL;
}

static void decode_close(struct frame_event *event)
{
    event->type = FRAME_CLOSE;
    event->close_code = CLOSE_NO_STATUS;
    if (event->len == 0)
        return;
    if (event->len == 1) {
        report_error(event, CLOSE_PROTOCOL_ERROR, "close frame with one byte");
        return;
    }
    event->close_code = (uint16_t)big_endian(event->data, 2);
    event->data += 2;
    event->len -= 2;
    if (!close_code_is_valid(event->close_code))
        report_error(event, CLOSE_PROTOCOL_ERROR, "close code that must not be sent");
    else if (!utf8_is_valid(event->data, event->len))
        report_error(event, CLOSE_BAD_DATA, "close reason is not UTF-8");
}

/* Control frames are handled whole: they are short, and wait in the input until they are. */
static size_t decode_control(struct frame_header *header, uint8_t *input, size_t len,
                             struct frame_event *event)
{
    size_t payload_len = (size_t)header->payload_len;
    if (len < header->size + payload_len)
        return need_more(event);
    event->data = input + header->size;
    event->len = payload_len;
    unmask(event->data, payload_len, header->mask);
    if (header->opcode == OPCODE_CLOSE)
        decode_close(event);
    else
        event->type = header->opcode == OPCODE_PING ? FRAME_PING : FRAME_PONG;
    return header->size + payload_len;
}

/* Whether the message that this header begins or continues is one that the endpoint takes; asked
 * before a byte of the payload is looked at. */
static bool check_message(struct frame_decoder *decoder, const struct frame_limits *limits,
                          const struct frame_header *header, struct frame_event *event)
{
    if ((header->opcode == OPCODE_TEXT && !limits->text) ||
        (header->opcode == OPCODE_BINARY && !limits->binary)) {
        report_error(event, CLOSE_UNSUPPORTED_TYPE,
                     header->opcode == OPCODE_TEXT ? "text messages are not accepted here"
                                                   : "binary messages are not accepted here");
        return false;
    }
    bool is_compressed =
        decoder->message_type != 0 ? decoder->is_compressed : header->is_compressed;
    uint64_t max = is_compressed ? frame_compressed_max(limits->message_max) : limits->message_max;
    /* The limit may have been lowered since the message began. */
    if (decoder->message_len > max || header->payload_len > max - decoder->message_len) {
        report_error(event, CLOSE_TOO_BIG, "message is too big");
        return false;
    }
    if (decoder->fragments >= limits->fragments_max) {
        report_error(event, CLOSE_POLICY, "message has too many fragments");
        return false;
    }
    return true;
}

static void begin_data_frame(struct frame_decoder *decoder, const struct frame_header *header)
{
    if (header->opcode != OPCODE_CONTINUATION) {
        decoder->message_type = header->opcode;
        decoder->utf8 = UTF8_START;
        decoder->is_compressed = header->is_compressed;
    }
    decoder->message_len += (uint32_t)header->payload_len;
    decoder->fragments++;
    decoder->frame_left = (uint32_t)header->payload_len;
    decoder->final_frame = header->final;
    decoder->in_frame = true;
    memcpy(decoder->mask, header->mask, sizeof decoder->mask);
}

/* Checks the text that has arrived so far; at the message's end no character may be cut short. */
static bool check_text(struct frame_decoder *decoder, const uint8_t *data, size_t len, bool end)
{
    decoder->utf8 = utf8_check(decoder->utf8, data, len);
    return decoder->utf8 != UTF8_INVALID && (!end || decoder->utf8 == UTF8_START);
}

/* Hands out what there is of the current frame's payload. */
static size_t decode_payload(struct frame_decoder *decoder, uint8_t *input, size_t len,
                             struct frame_event *event)
{
    size_t take = len < decoder->frame_left ? len : decoder->frame_left;
    bool frame_end = take == decoder->frame_left;
    if (take == 0 && !frame_end)
        return need_more(event);

    unmask(input, take, decoder->mask);
    event->type = FRAME_DATA;
    event->message_type = (enum opcode)decoder->message_type;
    event->message_end = frame_end && decoder->final_frame;
    event->is_compressed = decoder->is_compressed;
    event->data = input;
    event->len = take;
    decoder->frame_left -= (uint32_t)take;
    if (decoder->message_type == OPCODE_TEXT && !decoder->is_compressed &&
        !check_text(decoder, input, take, event->message_end))
        return report_error(event, CLOSE_BAD_DATA, "text is not UTF-8");
    if (frame_end)
        decoder->in_frame = false;
    if (event->message_end) {
        decoder->message_type = 0;
        decoder->message_len = 0;
        decoder->fragments = 0;
    }
    return take;
}

void frame_decoder_init(struct frame_decoder *decoder)
{
    *decoder = (struct frame_decoder){0};
}

size_t frame_decode(struct frame_decoder *decoder, const struct frame_limits *limits,
                    uint8_t *input, size_t len, struct frame_event *event)
{
    struct frame_header header;

    if (decoder->in_frame)
        return decode_payload(decoder, input, len, event);
    if (!parse_header(decoder, input, len, &header, event))
        return 0;
    if ((header.opcode & BIT_CONTROL) != 0)
        return decode_control(&header, input, len, event);
    if (!check_message(decoder, limits, &header, event))
        return 0;
    if (len < header.size)
        return need_more(event);
    begin_data_frame(decoder, &header);
    return header.size + decode_payload(decoder, input + header.size, len - header.size, event);
}

size_t frame_encode_header(uint8_t out[FRAME_HEADER_MAX], enum opcode opcode, size_t payload_len)
{
    out[0] = (uint8_t)(BIT_FIN | opcode);
    if (payload_len < 126) {
        out[1] = (uint8_t)payload_len;
        return 2;
    }
    size_t extended = payload_len <= UINT16_MAX ? 2 : 8;
    out[1] = extended == 2 ? 126 : 127;
    for (size_t i = 0; i < extended; i++)
        out[2 + i] = (uint8_t)((uint64_t)payload_len >> (8 * (extended - 1 - i)));
    return 2 + extended;
}

int frame_append(struct buffer *buffer, enum opcode opcode, const void *data, size_t len)
{
    uint8_t header[FRAME_HEADER_MAX];
    uint8_t *to;
    size_t header_len = frame_encode_header(header, opcode, len);
    int error = buffer_extend(buffer, header_len + len, &to);
    if (error != OK)
        return error;
    memcpy(to, header, header_len);
    if (len > 0)
        memcpy(to + header_len, data, len);
    return OK;
}

size_t frame_encode_close(uint8_t out[2 + FRAME_CONTROL_MAX], uint16_t code, const char *reason,
                          size_t reason_len)
{
    if (code == CLOSE_NO_STATUS)
        return frame_encode_header(out, OPCODE_CLOSE, 0);
    reason_len = utf8_cut(reason, reason_len, CLOSE_REASON_MAX);
    size_t len = frame_encode_header(out, OPCODE_CLOSE, 2 + reason_len);
    out[len++] = (uint8_t)(code >> 8);
    out[len++] = (uint8_t)code;
    if (reason_len > 0)
        memcpy(out + len, reason, reason_len);
    return len + reason_len;
}

void frame_view(const uint8_t *frame, struct frame_view *view)
{
    size_t extended = frame[1] < 126 ? 0 : frame[1] == 126 ? 2 : 8;
    view->opcode = (enum opcode)(frame[0] & BITS_OPCODE);
    view->header_len = 2 + extended;
    view->size =
        view->header_len + (size_t)(extended == 0 ? frame[1] : big_endian(frame + 2, extended));
}

/* The length of the HTTP response that stands in front of a client's first frames, or 0. No frame
 * of ours begins as it does: the first bit of each is FIN. */
static size_t response_length(const uint8_t *stream, size_t len)
{
    static const char head_end[] = "\r\n\r\n";
    if (len == 0 || (stream[0] & 0x80) != 0)
        return 0;
    const uint8_t *found = memmem(stream, len, head_end, sizeof head_end - 1);
    return found != NULL ? (size_t)(found - stream) + sizeof head_end - 1 : len;
}

void frame_around(const uint8_t *stream, size_t len, size_t offset, size_t *begin, size_t *end)
{
    size_t at = response_length(stream, len);
    size_t previous = 0;
    while (at < offset && at + 2 <= len) {
        uint8_t short_len = stream[at + 1] & 0x7F;
        size_t extended = short_len < 126 ? 0 : short_len == 126 ? 2 : 8;
        if (at + 2 + extended > len)
            break;
        uint64_t payload = extended == 0 ? short_len : big_endian(stream + at + 2, extended);
        if (payload > len - (at + 2 + extended))
            break;
        previous = at;
        at += 2 + extended + (size_t)payload;
    }
    /* What is not made of whole frames (the body of a refusal) is one piece. */
    *begin = at <= offset ? at : previous;
    *end = at >= offset ? at : len;
}

size_t frame_length(const uint8_t *stream, size_t len)
{
    size_t begin, end;
    if (len < 2)
        return len;
    frame_around(stream, len, 1, &begin, &end);
    return end;
}

size_t frame_payload_length(size_t frame_len)
{
    if (frame_len < 2 + 126)
        return frame_len - 2;
    return frame_len < 4 + 65536 ? frame_len - 4 : frame_len - 10;
}
