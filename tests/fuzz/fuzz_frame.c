/*
 * Fuzzes the frame decoder: the first byte chooses limits, whether compression was agreed on, and
 * how many bytes arrive at once; the rest is what a client sends. It is decoded twice, in those
 * steps and at once, and both must come to the same events.
 */
#include "ws/frame.h"

#include <stdlib.h>
#include <string.h>

/* What an input came to: messages and control frames, each as a type, a code, a length and bytes.
 */
struct trace {
    uint8_t *bytes;
    size_t len;
    uint8_t *message; /* the message under assembly */
    size_t message_len;
    bool in_message;
    bool is_compressed; /* that message */
    bool may_compress;
};

#define COMPRESSED 0x40 /* beside a message's type in the trace */

static const uint64_t message_maxima[] = {1, 125, 300, 70000};
static const size_t steps[] = {1, 2, 3, 5, 13, 64, 139, 1000};

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* -- UTF-8 by the definition of RFC 3629, section 4, rather than by a table of states -- */

static bool is_code_point(uint32_t code, unsigned continuation_bytes)
{
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    return code >= smallest[continuation_bytes] && code <= 0x10FFFF &&
           !(code >= 0xD800 && code <= 0xDFFF);
}

static unsigned count_continuation_bytes(uint8_t first)
{
    return first < 0xC0 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
}

static bool is_text(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t first = data[i];
        unsigned more = count_continuation_bytes(first);
        uint32_t code = more == 0 ? first : first & (0x3Fu >> more);
        if ((first >= 0x80 && more == 0) || first >= 0xF8 || more > len - i - 1)
            return false;
        for (unsigned j = 0; j < more; j++) {
            if ((data[++i] & 0xC0) != 0x80)
                return false;
            code = code << 6 | (data[i] & 0x3Fu);
        }
        if (!is_code_point(code, more))
            return false;
    }
    return true;
}

/* -- the trace -- */

static void note(struct trace *trace, uint8_t type, uint16_t code, const void *data, size_t len)
{
    uint32_t short_len = (uint32_t)len;
    trace->bytes[trace->len++] = type;
    memcpy(trace->bytes + trace->len, &code, sizeof code);
    trace->len += sizeof code;
    memcpy(trace->bytes + trace->len, &short_len, sizeof short_len);
    trace->len += sizeof short_len;
    if (len > 0)
        memcpy(trace->bytes + trace->len, data, len);
    trace->len += len;
}

/* A message is noted when it is complete: how much of one arrives before an error depends on the
 * steps, and nobody gets it. */
static void note_piece(struct trace *trace, const struct frame_limits *limits,
                       const struct frame_event *event)
{
    bool is_text_message = event->message_type == OPCODE_TEXT;
    require(is_text_message ? limits->text : limits->binary);
    uint64_t maximum =
        event->is_compressed ? frame_compressed_max(limits->message_max) : limits->message_max;
    require(event->len <= maximum - trace->message_len);
    require(!event->is_compressed || trace->may_compress);
    require(!trace->in_message || trace->is_compressed == event->is_compressed);
    trace->is_compressed = event->is_compressed;
    trace->in_message = !event->message_end;
    if (event->len > 0)
        memcpy(trace->message + trace->message_len, event->data, event->len);
    trace->message_len += event->len;
    if (!event->message_end)
        return;
    /* What is compressed is checked once it is inflated. */
    require(!is_text_message || event->is_compressed ||
            is_text(trace->message, trace->message_len));
    note(trace, (uint8_t)(event->message_type | (event->is_compressed ? COMPRESSED : 0)), 0,
         trace->message, trace->message_len);
    trace->message_len = 0;
}

static void note_close(struct trace *trace, const struct frame_event *event)
{
    require(event->close_code == CLOSE_NO_STATUS || close_code_is_valid(event->close_code));
    require(event->len <= CLOSE_REASON_MAX && is_text(event->data, event->len));
    note(trace, OPCODE_CLOSE, event->close_code, event->data, event->len);
}

static void note_event(struct trace *trace, const struct frame_limits *limits,
                       const struct frame_event *event)
{
    switch (event->type) {
    case FRAME_NEED_MORE:
        break;
    case FRAME_DATA:
        note_piece(trace, limits, event);
        break;
    case FRAME_PING:
    case FRAME_PONG:
        require(event->len <= FRAME_CONTROL_MAX);
        note(trace, event->type == FRAME_PING ? OPCODE_PING : OPCODE_PONG, 0, event->data,
             event->len);
        break;
    case FRAME_CLOSE:
        note_close(trace, event);
        break;
    case FRAME_ERROR:
        require(event->error != NULL && close_code_is_valid(event->close_code));
        note(trace, UINT8_MAX, event->close_code, event->error, strlen(event->error));
        break;
    }
}

/* -- decoding, as core/client/read.c does it -- */

static bool is_inside(const struct frame_event *event, const uint8_t *input, size_t len)
{
    if (event->type == FRAME_NEED_MORE || event->type == FRAME_ERROR || event->len == 0)
        return true;
    return event->data >= input && event->len <= len && event->data <= input + len - event->len;
}

/* Decodes all that `input` holds. Returns how much of it was consumed; *go_on becomes false after a
 * close or an error. */
static size_t decode_all(struct frame_decoder *decoder, const struct frame_limits *limits,
                         uint8_t *input, size_t len, struct trace *trace, bool *go_on)
{
    size_t used = 0;
    struct frame_event event;
    do {
        size_t consumed = frame_decode(decoder, limits, input + used, len - used, &event);
        require(consumed <= len - used);
        require(is_inside(&event, input + used, consumed));
        used += consumed;
        note_event(trace, limits, &event);
        *go_on = event.type != FRAME_CLOSE && event.type != FRAME_ERROR;
    } while (*go_on && event.type != FRAME_NEED_MORE);
    return used;
}

/* Each read goes into memory that ends where its bytes end. */
static void decode_in_steps(const struct frame_limits *limits, const uint8_t *data, size_t size,
                            size_t step, struct trace *trace)
{
    struct frame_decoder decoder;
    uint8_t rest[FRAME_UNCONSUMED_MAX];
    size_t rest_len = 0;
    bool go_on = true;

    frame_decoder_init(&decoder);
    decoder.may_compress = trace->may_compress;
    for (size_t at = 0; at < size && go_on; at += step) {
        size_t take = size - at < step ? size - at : step;
        size_t len = rest_len + take;
        uint8_t *input = malloc(len);
        require(input != NULL);
        memcpy(input, rest, rest_len);
        memcpy(input + rest_len, data + at, take);
        size_t used = decode_all(&decoder, limits, input, len, trace, &go_on);
        if (go_on) {
            rest_len = len - used;
            require(rest_len <= sizeof rest);
            memcpy(rest, input + used, rest_len);
        }
        free(input);
    }
}

/* An event's note is one byte longer than its frame at most, and an error's text is short. */
static void trace_init(struct trace *trace, size_t size, bool may_compress)
{
    *trace = (struct trace){
        .bytes = malloc(2 * size + 256), .message = malloc(size + 1), .may_compress = may_compress};
    require(trace->bytes != NULL && trace->message != NULL);
}

static void trace_deinit(struct trace *trace)
{
    free(trace->bytes);
    free(trace->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct trace in_steps, at_once;
    if (size < 2)
        return 0;
    struct frame_limits limits = {.message_max = message_maxima[data[0] & 3],
                                  .fragments_max = 16,
                                  .text = (data[0] & 4) == 0,
                                  .binary = (data[0] & 8) == 0};
    size_t step = steps[data[0] >> 4 & 7];
    trace_init(&in_steps, size, (data[0] & 0x80) != 0);
    trace_init(&at_once, size, (data[0] & 0x80) != 0);
    decode_in_steps(&limits, data + 1, size - 1, step, &in_steps);
    decode_in_steps(&limits, data + 1, size - 1, size - 1, &at_once);
    require(in_steps.len == at_once.len && memcmp(in_steps.bytes, at_once.bytes, at_once.len) == 0);
    trace_deinit(&in_steps);
    trace_deinit(&at_once);
    return 0;
}
