#include "json_string.h"

#include "json_token.h"

#include <string.h>

/* Decodes what json_skip_string has found good. Returns the bytes written. */
static size_t decode_escapes(const char *data, size_t len, char *out)
{
    char *to = out;
    for (size_t at = 0; at < len;) {
        const char *backslash = memchr(data + at, '\\', len - at);
        size_t plain = backslash == NULL ? len - at : (size_t)(backslash - data) - at;
        uint32_t point;
        size_t used;
        memcpy(to, data + at, plain);
        to += plain;
        at += plain + 1;
        if (backslash == NULL || json_read_escape(data, len, at, &point, &used) != JSON_OK)
            break;
        to += utf8_encode(point, to);
        at += used;
    }
    return (size_t)(to - out);
}

enum json_result json_string_decode(const char *data, size_t len, size_t *at, size_t max,
                                    struct arena *arena, struct json_text *text)
{
    struct json_string string;
    size_t start = *at;
    enum json_result result = json_skip_string(data, len, at, max, &string);
    if (result != JSON_OK)
        return result;
    *text = (struct json_text){data + start + 1, *at - start - 2};
    if (!string.escaped)
        return JSON_OK;
    char *copy = arena_alloc(arena, string.decoded + 1);
    if (copy == NULL)
        return JSON_NO_MEMORY;
    *text = (struct json_text){copy, decode_escapes(text->data, text->len, copy)};
    return JSON_OK;
}

size_t json_string_write(const char *data, size_t len, char *out)
{
    static const char digits[] = "0123456789abcdef";
    char *to = out;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c == '"' || c == '\\') {
            *to++ = '\\';
            *to++ = (char)c;
        } else if (c < 0x20) {
            memcpy(to, "\\u00", 4);
            to[4] = digits[c >> 4];
            to[5] = digits[c & 15];
            to += 6;
        } else {
            *to++ = (char)c;
        }
    }
    return (size_t)(to - out);
}
