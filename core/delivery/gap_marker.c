#include "delivery/gap_marker.h"

#include "ws/frame.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_MAX 20u /* of a 64-bit number */

static const char dropped_place[] = "{dropped}";
static const char bytes_place[] = "{bytes}";

static bool begins_with(const char *text, const char *word)
{
    return strncmp(text, word, strlen(word)) == 0;
}

/* The length of the placeholder that `text` begins with, or 0. */
static size_t placeholder_length(const char *text)
{
    if (begins_with(text, dropped_place))
        return sizeof dropped_place - 1;
    return begins_with(text, bytes_place) ? sizeof bytes_place - 1 : 0;
}

size_t gap_marker_room(const char *text)
{
    size_t room = FRAME_HEADER_MAX + 1; /* A number's terminating zero. */
    while (*text != '\0') {
        size_t placeholder = placeholder_length(text);
        room += placeholder > 0 ? DIGITS_MAX : 1;
        text += placeholder > 0 ? placeholder : 1;
    }
    return room;
}

size_t gap_marker_encode(const char *text, uint64_t dropped, uint64_t bytes, uint8_t *out)
{
    uint8_t header[FRAME_HEADER_MAX];
    uint8_t *payload = out + FRAME_HEADER_MAX, *to = payload;
    while (*text != '\0') {
        size_t placeholder = placeholder_length(text);
        if (placeholder == 0) {
            *to++ = (uint8_t)*text++;
            continue;
        }
        uint64_t number = begins_with(text, bytes_place) ? bytes : dropped;
        to += snprintf((char *)to, DIGITS_MAX + 1, "%" PRIu64, number);
        text += placeholder;
    }
    size_t len = (size_t)(to - payload);
    size_t header_len = frame_encode_header(header, OPCODE_TEXT, len);
    memcpy(out, header, header_len);
    memmove(out + header_len, payload, len);
    return header_len + len;
}
