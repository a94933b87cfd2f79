/*
 * WebSocket frames as a client needs them under load: writing one masked message, and counting what
 * comes in by looking at the headers only.
 *
 * Pure: no sockets. One thread at a time per reader.
 */
#ifndef LOAD_FRAMES_H
#define LOAD_FRAMES_H

#include "latency.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How many bytes at the start of a payload say who sent it. */
#define MARK_LEN 8
/* The longest header of a masked frame whose payload is at most 65535 bytes. */
#define FRAME_HEAD_MAX 8

/* What is known of a stream of server frames between two reads. */
struct frame_reader {
    uint64_t payload;   /* payload bytes of the current frame */
    uint64_t remaining; /* payload bytes of the current frame still to come */
    uint8_t head[10];   /* the header, as far as it has come; complete while payload is read */
    uint8_t head_len;
    bool in_payload;
    uint8_t mark[MARK_LEN]; /* the first bytes of the current payload */
    uint8_t mark_len;
};

struct frame_count {
    uint64_t messages;   /* complete messages, whoever sent them */
    uint64_t compressed; /* those that came compressed (RSV1) */
    uint64_t bytes;      /* of all payloads, as they came */
    uint64_t own;        /* those whose payload starts with the reader's own mark */
    bool closed;         /* a close frame came */
    /* NULL: payloads hold no times. Else they begin with one, and `now` is when they came. */
    struct latencies *latencies;
    uint32_t now;
};

/* Reads `len` bytes that came from the server and adds to `count`. `mark` (MARK_LEN bytes) is what
 * own messages start with; NULL: no message counts as own. Payloads are looked at only for that and
 * for times. */
void frame_reader_feed(struct frame_reader *reader, const uint8_t *data, size_t len,
                       const char *mark, struct frame_count *count);

/* Writes one masked text frame of `payload` bytes (MARK_LEN to 65535), `mark` first and JSON
 * after it, to `out` (payload + FRAME_HEAD_MAX bytes). Another `seed` makes other figures in the
 * JSON. Returns the frame's length, which depends on `payload` only. */
size_t frame_build(uint8_t *out, const char *mark, size_t payload, uint32_t seed);

#endif
