#include "json_scan.h"

#include <stdbool.h>
#include <string.h>

/* The longest number that cJSON reads; more digits than that are not a number that it can hold. */
#define NUMBER_MAX 63

struct scan {
    const char *data;
    size_t len;
    size_t at;
    size_t depth;
    size_t values;
    const struct json_limits *limits;
};

/* The byte at `offset` from here, or NUL past the end: no token contains NUL. */
static char peek(const struct scan *scan, size_t offset)
{
    return offset < scan->len - scan->at ? scan->data[scan->at + offset] : '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void skip_space(struct scan *scan)
{
    while (scan->at < scan->len && memchr(" \t\n\r", scan->data[scan->at], 4) != NULL)
        scan->at++;
}

static enum json_result count_value(struct scan *scan)
{
    return ++scan->values > scan->limits->max_values ? JSON_TOO_MANY_VALUES : JSON_OK;
}

/* At a backslash. Returns the length of the escape, or 0 if it is none. */
static size_t escape_length(const struct scan *scan)
{
    char kind = peek(scan, 1);
    if (kind == 'u')
        return is_hex(peek(scan, 2)) && is_hex(peek(scan, 3)) && is_hex(peek(scan, 4)) &&
                       is_hex(peek(scan, 5))
                   ? 6
                   : 0;
    return kind != '\0' && strchr("\"\\/bfnrt", kind) != NULL ? 2 : 0;
}

/* At the opening quote; leaves the scan behind the closing one. *holds_nul tells of a \u0000. */
static bool scan_quoted(struct scan *scan, bool *holds_nul)
{
    *holds_nul = false;
    scan->at++;
    while (scan->at < scan->len && scan->data[scan->at] != '"') {
        size_t step = 1;
        if ((unsigned char)scan->data[scan->at] < 0x20)
            return false;
        if (scan->data[scan->at] == '\\') {
            step = escape_length(scan);
            if (step == 0)
                return false;
            *holds_nul |= step == 6 && memcmp(scan->data + scan->at + 2, "0000", 4) == 0;
        }
        scan->at += step;
    }
    if (scan->at == scan->len)
        return false;
    scan->at++;
    return true;
}

/* A member's name with a \u0000 is refused: to whoever reads it as a C string, as cJSON does, it
 * is the name up to there, and so could pass for another. */
static enum json_result scan_string(struct scan *scan)
{
    bool holds_nul;
    if (!scan_quoted(scan, &holds_nul))
        return JSON_MALFORMED;
    skip_space(scan);
    if (peek(scan, 0) != ':')
        return count_value(scan);
    return holds_nul ? JSON_MALFORMED : JSON_OK;
}

static size_t skip_digits(struct scan *scan)
{
    size_t start = scan->at;
    while (is_digit(peek(scan, 0)))
        scan->at++;
    return scan->at - start;
}

/* RFC 8259, section 6: [-] int [frac] [exp], without leading zeros. */
static enum json_result scan_number(struct scan *scan)
{
    size_t start = scan->at;
    if (peek(scan, 0) == '-')
        scan->at++;
    bool zero = peek(scan, 0) == '0';
    size_t digits = skip_digits(scan);
    if (digits == 0 || (zero && digits > 1))
        return JSON_MALFORMED;
    if (peek(scan, 0) == '.') {
        scan->at++;
        if (skip_digits(scan) == 0)
            return JSON_MALFORMED;
    }
    if (peek(scan, 0) == 'e' || peek(scan, 0) == 'E') {
        scan->at++;
        if (peek(scan, 0) == '+' || peek(scan, 0) == '-')
            scan->at++;
        if (skip_digits(scan) == 0)
            return JSON_MALFORMED;
    }
    return scan->at - start > NUMBER_MAX ? JSON_MALFORMED : count_value(scan);
}

static enum json_result scan_literal(struct scan *scan, const char *literal)
{
    size_t len = strlen(literal);
    if (scan->len - scan->at < len || memcmp(scan->data + scan->at, literal, len) != 0)
        return JSON_MALFORMED;
    scan->at += len;
    return count_value(scan);
}

static enum json_result scan_open(struct scan *scan)
{
    if (scan->depth == scan->limits->max_depth)
        return JSON_TOO_DEEP;
    scan->depth++;
    scan->at++;
    return count_value(scan);
}

static enum json_result scan_close(struct scan *scan)
{
    if (scan->depth == 0)
        return JSON_MALFORMED;
    scan->depth--;
    scan->at++;
    return JSON_OK;
}

static enum json_result scan_token(struct scan *scan)
{
    switch (peek(scan, 0)) {
    case '{':
    case '[':
        return scan_open(scan);
    case '}':
    case ']':
        return scan_close(scan);
    case ',':
    case ':':
        scan->at++;
        return JSON_OK;
    case '"':
        return scan_string(scan);
    case 't':
        return scan_literal(scan, "true");
    case 'f':
        return scan_literal(scan, "false");
    case 'n':
        return scan_literal(scan, "null");
    default:
        return scan_number(scan); /* which refuses whatever does not begin a number */
    }
}

enum json_result json_scan(const char *data, size_t len, const struct json_limits *limits,
                           size_t *at)
{
    struct scan scan = {.data = data, .len = len, .limits = limits};
    enum json_result result = JSON_OK;
    skip_space(&scan);
    if (scan.at == len)
        result = JSON_MALFORMED;
    while (result == JSON_OK && scan.at < len) {
        result = scan_token(&scan);
        if (result == JSON_OK)
            skip_space(&scan);
    }
    if (result == JSON_OK && scan.depth > 0)
        result = JSON_MALFORMED;
    *at = scan.at;
    return result;
}
