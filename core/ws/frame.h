/*
 * WebSocket frames (RFC 6455, section 5): bytes in, events out; messages in, bytes out.
 *
 * Pure: no sockets, no allocation. A decoder belongs to one client and one thread at a time. It
 * keeps nothing of the input: what is not consumed must be offered again with more behind it, which
 * never is more than FRAME_UNCONSUMED_MAX bytes.
 */
#ifndef SLUICE_WS_FRAME_H
#define SLUICE_WS_FRAME_H

#include "base/buffer.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER_MAX 10   /* of a frame that a server sends: no mask */
#define FRAME_CONTROL_MAX 125 /* payload of a control frame (5.5) */
#define FRAME_UNCONSUMED_MAX (14 + FRAME_CONTROL_MAX)
#define CLOSE_REASON_MAX (FRAME_CONTROL_MAX - 2)

enum opcode {
    OPCODE_CONTINUATION = 0x0,
    OPCODE_TEXT = 0x1,
    OPCODE_BINARY = 0x2,
    OPCODE_CLOSE = 0x8,
    OPCODE_PING = 0x9,
    OPCODE_PONG = 0xA
};

/* Close codes (section 7.4.1 and the IANA registry). */
enum close_code {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_UNSUPPORTED_TYPE = 1003,
    CLOSE_NO_STATUS = 1005, /* never sent */
    CLOSE_ABNORMAL = 1006,  /* never sent */
    CLOSE_BAD_DATA = 1007,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_EXTENSION_MISSING = 1010, /* sent by clients only (RFC 6455, section 7.4.1) */
    CLOSE_INTERNAL_ERROR = 1011,
    CLOSE_SERVICE_RESTART = 1012,
    CLOSE_TRY_AGAIN_LATER = 1013,
    CLOSE_UNAUTHORIZED = 4401 /* ours: credentials that were good are not any more */
};

enum frame_event_type {
    FRAME_NEED_MORE, /* the input holds no further event */
    FRAME_DATA,      /* a piece of a message's payload, unmasked, checked if it is plain text */
    FRAME_PING,      /* a whole ping: answer with its payload */
    FRAME_PONG,      /* a whole pong */
    FRAME_CLOSE,     /* a whole, valid close frame */
    FRAME_ERROR      /* the peer broke a rule: close with `close_code`, read no further */
};

struct frame_event {
    enum frame_event_type type;
    enum opcode message_type; /* FRAME_DATA: OPCODE_TEXT or OPCODE_BINARY */
    bool message_end;         /* FRAME_DATA: the message's last piece */
    bool is_compressed;       /* FRAME_DATA: the message is; the piece is as it came, unchecked */
    uint8_t *data;            /* payload inside the input; CLOSE: the reason */
    size_t len;
    uint16_t close_code; /* CLOSE: the peer's, or CLOSE_NO_STATUS; ERROR: what to answer */
    const char *error;   /* ERROR: what the peer did, static storage */
};

struct frame_decoder {
    uint32_t frame_left;  /* payload bytes of the current data frame still to come */
    uint32_t message_len; /* payload bytes of the current message announced so far */
    uint32_t fragments;   /* frames of the current message so far */
    uint8_t mask[4];      /* rotated so that mask[0] is for the next byte */
    uint8_t utf8;         /* the state of utf8_check */
    uint8_t message_type; /* OPCODE_TEXT or OPCODE_BINARY inside a message, else 0 */
    bool in_frame;
    bool final_frame : 1;
    bool may_compress : 1;  /* set by the owner: permessage-deflate was agreed on (RFC 7692) */
    bool is_compressed : 1; /* the current message */
    bool from_server : 1;   /* set by the owner: frames are those of a server, without a mask */
};

#define FRAME_MESSAGE_MOST (1u << 30) /* bytes: what a decoder counts has 32 bits */

/* How long the payload of a compressed message may be whose text has `message_max` bytes: deflate
 * makes what it cannot compress a little longer. */
static inline uint64_t frame_compressed_max(uint64_t message_max)
{
    return message_max + message_max / 8 + 64;
}

/* What a decoder accepts; the same for all clients of an endpoint. */
struct frame_limits {
    uint32_t message_max;   /* bytes, across fragments, at most FRAME_MESSAGE_MOST; checked on each
                               frame's header. Compressed ones: see frame_compressed_max */
    uint32_t fragments_max; /* frames of one message */
    bool text;              /* accept text messages */
    bool binary;            /* accept binary messages */
};

/* A zeroed decoder is ready; this zeroes it. */
void frame_decoder_init(struct frame_decoder *decoder);

/* Whether a message has begun whose last byte has not come. */
static inline bool frame_decoder_is_in_message(const struct frame_decoder *decoder)
{
    return decoder->message_type != 0;
}

/* Finds the next event in `input`, unmasking in place. Returns how many bytes were consumed: go on
 * behind them. After FRAME_ERROR or FRAME_CLOSE the decoder must not be used again. */
size_t frame_decode(struct frame_decoder *decoder, const struct frame_limits *limits,
                    uint8_t *input, size_t len, struct frame_event *event);

/* Writes the header of an unfragmented, unmasked frame; returns its length. */
size_t frame_encode_header(uint8_t out[FRAME_HEADER_MAX], enum opcode opcode, size_t payload_len);

/* Appends a whole frame of a server: header and payload (RFC 6455, section 5.2). Returns 0,
 * ERR_LIMIT or ERR_NO_MEMORY (the buffer is unchanged then). */
MUST_CHECK int frame_append(struct buffer *buffer, enum opcode opcode, const void *data,
                            size_t len);

/* Writes a whole close frame; the reason is cut at CLOSE_REASON_MAX bytes, between characters.
 * CLOSE_NO_STATUS writes an empty one. Returns its length. */
size_t frame_encode_close(uint8_t out[2 + FRAME_CONTROL_MAX], uint16_t code, const char *reason,
                          size_t reason_len);

/* Whether an endpoint may send `code` in a close frame (7.4). */
bool close_code_is_valid(unsigned code);

/* Whether a server's application may send a code: not those that only the protocol's own machinery
 * means (1002), nor the one that only a client sends (1010). */
bool close_code_may_be_sent(int code);

/* One frame as a server encodes it. */
struct frame_view {
    enum opcode opcode;
    size_t header_len;
    size_t size; /* header included */
};

/* Reads the header of a whole frame that frame_append wrote. */
void frame_view(const uint8_t *frame, struct frame_view *view);

/* In a stream of frames that frame_encode_* wrote: where the frame that holds byte `offset` begins
 * and ends. Both are `offset` if a frame begins there or the stream ends there. A stream may begin
 * with the response to the upgrade: that is one piece, and holds byte 0 too, since no frame may be
 * sent without it. */
void frame_around(const uint8_t *stream, size_t len, size_t offset, size_t *begin, size_t *end);

/* How long the first frame of a stream as above is, or the response that it begins with. */
size_t frame_length(const uint8_t *stream, size_t len);

/* Whether a stream begins with a frame of a message, not with a response or a control frame. */
static inline bool frame_is_message(const uint8_t *stream)
{
    return (stream[0] & 0x88) == 0x80 && (stream[0] & 0x0F) != OPCODE_CONTINUATION;
}

/* The bytes of payload in a whole frame of a server. */
size_t frame_payload_length(size_t frame_len);

#endif
