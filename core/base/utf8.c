#include "base/utf8.h"

#include <string.h>

/*
 * The state between characters is UTF8_START. Inside one it holds how many continuation bytes are
 * still to come (bits 8-15) and the range of the next one (low: bits 16-23, high: bits 24-31): only
 * the second byte's range differs from 80..BF, and that is what rules out overlong forms,
 * surrogates and values past U+10FFFF (RFC 3629, section 4).
 */
static uint32_t expecting(uint32_t count, uint32_t low, uint32_t high)
{
    return high << 24 | low << 16 | count << 8;
}

static uint32_t first_byte(uint8_t byte)
{
    if (byte < 0x80)
        return UTF8_START;
    if (byte >= 0xC2 && byte <= 0xDF)
        return expecting(1, 0x80, 0xBF);
    if (byte == 0xE0)
        return expecting(2, 0xA0, 0xBF);
    if (byte == 0xED)
        return expecting(2, 0x80, 0x9F);
    if (byte >= 0xE1 && byte <= 0xEF)
        return expecting(2, 0x80, 0xBF);
    if (byte == 0xF0)
        return expecting(3, 0x90, 0xBF);
    if (byte >= 0xF1 && byte <= 0xF3)
        return expecting(3, 0x80, 0xBF);
    if (byte == 0xF4)
        return expecting(3, 0x80, 0x8F);
    return UTF8_INVALID;
}

static uint32_t next_byte(uint32_t state, uint8_t byte)
{
    uint32_t count = state >> 8 & 0xFF;
    if (byte < (state >> 16 & 0xFF) || byte > state >> 24)
        return UTF8_INVALID;
    return count == 1 ? UTF8_START : expecting(count - 1, 0x80, 0xBF);
}

/* How many of the next bytes are surely ASCII, in steps of 16. */
static size_t ascii_prefix(const uint8_t *data, size_t len)
{
    size_t done = 0;
    while (len - done >= 16) {
        uint64_t words[2];
        memcpy(words, data + done, sizeof words);
        if (((words[0] | words[1]) & UINT64_C(0x8080808080808080)) != 0)
            break;
        done += 16;
    }
    return done;
}

uint32_t utf8_check(uint32_t state, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len;) {
        if (state == UTF8_START) {
            i += ascii_prefix(data + i, len - i);
            if (i == len)
                break;
            state = first_byte(data[i++]);
        } else {
            state = next_byte(state, data[i++]);
        }
        if (state == UTF8_INVALID)
            break;
    }
    return state;
}

bool utf8_is_valid(const void *data, size_t len)
{
    return utf8_check(UTF8_START, data, len) == UTF8_START;
}

size_t utf8_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((uint8_t)text[max] & 0xC0) == 0x80)
        max--;
    return max;
}
