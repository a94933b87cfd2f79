#include "json_token.h"

#include <string.h>

/* -- strings -- */

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

/* Steps over plain ASCII, eight bytes at a time: what is neither a quote, a backslash, a control
 * character nor above 0x7f. */
static size_t skip_plain(const char *data, size_t len, size_t at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
    for (uint64_t word; len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, data + at, sizeof word);
        uint64_t quote = word ^ ones * '"';
        uint64_t backslash = word ^ ones * '\\';
        /* A zero byte, or one below 0x20, borrows from its highest bit. */
        uint64_t found = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
                         ((backslash - ones) & ~backslash) | word;
        if ((found & highs) != 0)
            return at;
    }
    return at;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Reads "uXXXX". */
static bool read_unit(const char *data, size_t len, size_t at, uint32_t *unit)
{
    *unit = 0;
    if (len - at < 5 || data[at] != 'u')
        return false;
    for (size_t i = 1; i < 5; i++) {
        int digit = hex_digit(data[at + i]);
        if (digit < 0)
            return false;
        *unit = *unit << 4 | (uint32_t)digit;
    }
    return true;
}

/* At "uXXXX". Decodes a code point; *used becomes the bytes of the escape or the pair of them. */
static enum json_result read_point(const char *data, size_t len, size_t at, uint32_t *point,
                                   size_t *used)
{
    uint32_t low;
    *used = 5;
    if (!read_unit(data, len, at, point))
        return JSON_MALFORMED;
    if (*point < 0xd800 || *point > 0xdfff)
        return JSON_OK;
    if (*point >= 0xdc00 || len - at < 11 || data[at + 5] != '\\' ||
        !read_unit(data, len, at + 6, &low) || low < 0xdc00 || low > 0xdfff)
        return JSON_BAD_TEXT;
    *point = 0x10000 + ((*point - 0xd800) << 10) + (low - 0xdc00);
    *used = 11;
    return JSON_OK;
}

enum json_result json_read_escape(const char *data, size_t len, size_t at, uint32_t *point,
                                  size_t *used)
{
    static const char kinds[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char c = json_peek(data, len, at);
    const char *kind = memchr(kinds, c, sizeof kinds - 1);
    *used = 1;
    if (c == 'u')
        return read_point(data, len, at, point, used);
    if (kind == NULL)
        return JSON_MALFORMED;
    *point = (unsigned char)bytes[kind - kinds];
    return JSON_OK;
}

/* At a backslash: steps over the escape, and counts what it stands for. */
static enum json_result skip_escape(const char *data, size_t len, size_t *at,
                                    struct json_string *string)
{
    char encoded[4];
    uint32_t point;
    size_t used;
    enum json_result result = json_read_escape(data, len, *at + 1, &point, &used);
    if (result != JSON_OK)
        return result;
    string->escaped = true;
    string->holds_nul |= point == 0;
    string->decoded += utf8_encode(point, encoded);
    *at += 1 + used;
    return JSON_OK;
}

enum json_result json_skip_string(const char *data, size_t len, size_t *at, size_t max,
                                  struct json_string *string)
{
    size_t start = *at;
    *string = (struct json_string){0};
    if (json_peek(data, len, *at) != '"')
        return JSON_MALFORMED;
    ++*at;
    while (*at < len && data[*at] != '"') {
        size_t before = *at;
        uint32_t point;
        enum json_result result = JSON_OK;
        *at = skip_plain(data, len, before);
        string->decoded += *at - before;
        if (*at == len || data[*at] == '"')
            break;
        size_t step = utf8_decode(data + *at, len - *at, &point);
        if (data[*at] == '\\')
            result = skip_escape(data, len, at, string);
        else if (step == 0)
            result = JSON_BAD_TEXT;
        else if (point < 0x20)
            result = JSON_MALFORMED;
        else {
            string->decoded += step;
            *at += step;
        }
        if (result != JSON_OK)
            return result;
    }
    if (*at == len)
        return JSON_MALFORMED;
    ++*at;
    if (string->decoded <= max)
        return JSON_OK;
    *at = start;
    return JSON_STRING_TOO_LONG;
}

/* -- numbers and literals -- */

static size_t skip_digits(const char *data, size_t len, size_t *at)
{
    size_t start = *at;
    while (*at < len && data[*at] >= '0' && data[*at] <= '9')
        ++*at;
    return *at - start;
}

/* [-] int [frac] [exp], without leading zeros. */
static bool is_number(const char *data, size_t len, size_t *at)
{
    if (json_peek(data, len, *at) == '-')
        ++*at;
    bool zero = json_peek(data, len, *at) == '0';
    size_t digits = skip_digits(data, len, at);
    if (digits == 0 || (zero && digits > 1))
        return false;
    if (json_peek(data, len, *at) == '.') {
        ++*at;
        if (skip_digits(data, len, at) == 0)
            return false;
    }
    char exponent = json_peek(data, len, *at);
    if (exponent != 'e' && exponent != 'E')
        return true;
    ++*at;
    char sign = json_peek(data, len, *at);
    if (sign == '+' || sign == '-')
        ++*at;
    return skip_digits(data, len, at) > 0;
}

enum json_result json_skip_number(const char *data, size_t len, size_t *at, size_t max)
{
    size_t start = *at;
    if (!is_number(data, len, at))
        return JSON_MALFORMED;
    if (*at - start <= max)
        return JSON_OK;
    *at = start;
    return JSON_NUMBER_TOO_LONG;
}

bool json_skip_literal(const char *data, size_t len, size_t *at, const char *literal)
{
    size_t size = strlen(literal);
    if (len - *at < size || memcmp(data + *at, literal, size) != 0)
        return false;
    *at += size;
    return true;
}
