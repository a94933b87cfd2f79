#include "json_string.h"

#include <string.h>

size_t utf8_decode(const char *data, size_t len, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)data;
    *point = byte[0];
    if (byte[0] < 0x80)
        return 1;
    size_t size = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    if (byte[0] < 0xc2 || byte[0] > 0xf4 || size > len)
        return 0;
    *point = byte[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        *point = *point << 6 | (byte[i] & 0x3f);
    }
    bool surrogate = *point >= 0xd800 && *point <= 0xdfff;
    return *point < least[size] || *point > 0x10ffff || surrogate ? 0 : size;
}

size_t utf8_encode(uint32_t point, char *out)
{
    if (point < 0x80) {
        out[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = size; i-- > 1; point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)((0xf00u >> size & 0xff) | point);
    return size;
}

/* Walks to the closing quote. Tells whether there is a backslash and how long it is. */
static enum document_result measure(const char *data, size_t len, size_t *at, bool *escaped)
{
    uint32_t point;
    *escaped = false;
    while (*at < len && data[*at] != '"') {
        if ((unsigned char)data[*at] < 0x20)
            return DOCUMENT_MALFORMED;
        if (data[*at] == '\\') {
            *escaped = true;
            if (++*at == len)
                return DOCUMENT_MALFORMED;
        }
        size_t step = utf8_decode(data + *at, len - *at, &point);
        if (step == 0)
            return DOCUMENT_BAD_TEXT;
        *at += step;
    }
    return *at < len ? DOCUMENT_OK : DOCUMENT_MALFORMED;
}

static bool read_hex(const char *data, const char *end, uint32_t *point)
{
    *point = 0;
    if (end - data < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = data[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *point = *point << 4 | digit;
    }
    return true;
}

/* *from is behind "\u"; moves it behind the escape or the pair of them. */
static enum document_result decode_point(const char **from, const char *end, char **to)
{
    uint32_t point, low;
    if (!read_hex(*from, end, &point))
        return DOCUMENT_MALFORMED;
    *from += 4;
    if (point >= 0xdc00 && point <= 0xdfff)
        return DOCUMENT_BAD_TEXT;
    if (point >= 0xd800 && point < 0xdc00) {
        if (end - *from < 6 || memcmp(*from, "\\u", 2) != 0 || !read_hex(*from + 2, end, &low) ||
            low < 0xdc00 || low > 0xdfff)
            return DOCUMENT_BAD_TEXT;
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        *from += 6;
    }
    *to += utf8_encode(point, *to);
    return DOCUMENT_OK;
}

/* *from is behind the backslash. */
static enum document_result decode_escape(const char **from, const char *end, char **to)
{
    static const char kinds[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    const char *kind = memchr(kinds, **from, sizeof kinds - 1);
    if (kind != NULL) {
        ++*from;
        *(*to)++ = bytes[kind - kinds];
        return DOCUMENT_OK;
    }
    if (**from != 'u')
        return DOCUMENT_MALFORMED;
    ++*from;
    return decode_point(from, end, to);
}

enum document_result json_string_decode(const char *data, size_t len, size_t *at, size_t max,
                                        struct arena *arena, struct json_text *text)
{
    bool escaped;
    size_t start = *at;
    enum document_result result = measure(data, len, at, &escaped);
    if (result != DOCUMENT_OK)
        return result;
    const char *from = data + start, *end = data + *at;
    *text = (struct json_text){from, *at - start};
    ++*at;
    char *to = escaped ? arena_alloc(arena, text->len) : NULL;
    if (escaped && to == NULL)
        return DOCUMENT_NO_MEMORY;
    if (escaped)
        text->data = to;
    while (escaped && from < end && result == DOCUMENT_OK) {
        if (*from != '\\') {
            *to++ = *from++;
            continue;
        }
        *at = (size_t)(from++ - data);
        result = decode_escape(&from, end, &to);
    }
    if (result != DOCUMENT_OK)
        return result;
    if (escaped) {
        text->len = (size_t)(to - text->data);
        *at = (size_t)(end - data) + 1;
    }
    if (text->len > max) {
        *at = start - 1;
        return DOCUMENT_STRING_TOO_LONG;
    }
    return DOCUMENT_OK;
}
