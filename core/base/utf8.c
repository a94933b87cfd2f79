#include "base/utf8.h"

#include <string.h>

/* What is still to come of a character. Only the second byte's range differs from 80..BF, and that
 * is what rules out overlong forms, surrogates and values past U+10FFFF (RFC 3629, section 4). */
enum utf8_state {
    ONE_MORE = UTF8_INVALID + 1,
    TWO_MORE,
    THREE_MORE,
    AFTER_E0,
    AFTER_ED,
    AFTER_F0,
    AFTER_F4
};

/* By state: the range of the next byte, and the state behind it. */
static const struct expected {
    uint8_t low, high, next;
} expected[] = {
    [ONE_MORE] = {0x80, 0xBF, UTF8_START}, [TWO_MORE] = {0x80, 0xBF, ONE_MORE},
    [THREE_MORE] = {0x80, 0xBF, TWO_MORE}, [AFTER_E0] = {0xA0, 0xBF, ONE_MORE},
    [AFTER_ED] = {0x80, 0x9F, ONE_MORE},   [AFTER_F0] = {0x90, 0xBF, TWO_MORE},
    [AFTER_F4] = {0x80, 0x8F, TWO_MORE},
};

static uint8_t first_byte(uint8_t byte)
{
    if (byte < 0x80)
        return UTF8_START;
    if (byte >= 0xC2 && byte <= 0xDF)
        return ONE_MORE;
    if (byte == 0xE0)
        return AFTER_E0;
    if (byte == 0xED)
        return AFTER_ED;
    if (byte >= 0xE1 && byte <= 0xEF)
        return TWO_MORE;
    if (byte == 0xF0)
        return AFTER_F0;
    if (byte >= 0xF1 && byte <= 0xF3)
        return THREE_MORE;
    if (byte == 0xF4)
        return AFTER_F4;
    return UTF8_INVALID;
}

static uint8_t next_byte(uint8_t state, uint8_t byte)
{
    const struct expected *range = &expected[state];
    return byte < range->low || byte > range->high ? UTF8_INVALID : range->next;
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

uint8_t utf8_check(uint8_t state, const uint8_t *data, size_t len)
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

size_t utf8_character(const char *text, size_t len)
{
    for (size_t taken = 1; taken <= UTF8_CHARACTER_MAX && taken <= len; taken++)
        if (utf8_is_valid(text, taken))
            return taken;
    return 0;
}

bool utf8_is_control(const char *text, size_t len)
{
    unsigned char first = (unsigned char)text[0];
    return first < 0x20 || first == 0x7f ||
           (len == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0);
}
