#include "json_text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_LEN 6     /* \uXXXX */
#define DIGITS_ALWAYS 18 /* an integer of that many fits into 64 bits */
#define REPLACED "\\ufffd"

/* A text that is being rewritten. `in` is zero-terminated behind its end. */
struct rewrite {
    const char *in;
    const char *end;
    char *out;
};

static void copy_input(struct rewrite *at, size_t len)
{
    memcpy(at->out, at->in, len);
    at->in += len;
    at->out += len;
}

static void put_instead(struct rewrite *at, const char *text, size_t skip)
{
    size_t len = strlen(text);
    memcpy(at->out, text, len);
    at->out += len;
    at->in += skip;
}

/* The code unit of an escape, or -1 if the text is not one. */
static long unit_of(const char *in, const char *end)
{
    char digits[5] = "";
    if (end - in < ESCAPE_LEN || in[0] != '\\' || in[1] != 'u')
        return -1;
    memcpy(digits, in + 2, 4);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 ? strtol(digits, NULL, 16) : -1;
}

static bool is_high(long unit)
{
    return unit >= 0xd800 && unit < 0xdc00;
}

static bool is_low(long unit)
{
    return unit >= 0xdc00 && unit < 0xe000;
}

static void rewrite_escape(struct rewrite *at)
{
    long unit = unit_of(at->in, at->end);
    if (unit == 0)
        put_instead(at, "\\u0001", ESCAPE_LEN);
    else if (is_high(unit) && is_low(unit_of(at->in + ESCAPE_LEN, at->end)))
        copy_input(at, 2 * (size_t)ESCAPE_LEN);
    else if (is_high(unit) || is_low(unit))
        put_instead(at, REPLACED, ESCAPE_LEN);
    else
        copy_input(at, at->end - at->in > 1 ? 2 : 1);
}

/* From its opening quotation mark to behind the closing one. */
static void rewrite_string(struct rewrite *at)
{
    copy_input(at, 1);
    while (at->in < at->end && *at->in != '"') {
        if (*at->in == '\\')
            rewrite_escape(at);
        else
            copy_input(at, 1);
    }
    if (at->in < at->end)
        copy_input(at, 1);
}

static bool is_past_64_bits(const char *number, size_t len)
{
    if (len <= DIGITS_ALWAYS)
        return false;
    errno = 0;
    (void)strtoll(number, NULL, 10);
    return errno == ERANGE;
}

static bool is_held(const char *number, size_t len)
{
    bool has_digits = len > 1 || number[0] != '-';
    bool is_integer = has_digits && strspn(number + 1, "0123456789") == len - 1;
    char *end;
    if (is_integer)
        return !is_past_64_bits(number, len);
    return !isinf(strtod(number, &end)) || end != number + len;
}

static void rewrite_number(struct rewrite *at)
{
    size_t len = strspn(at->in, "0123456789+-.eE");
    bool is_text = !is_held(at->in, len);
    if (is_text)
        *at->out++ = '"';
    copy_input(at, len);
    if (is_text)
        *at->out++ = '"';
}

/* Numbers that become texts grow by two quotation marks: "1e309" is the shortest. */
static char *rewritten(const char *text, size_t len, size_t *out_len)
{
    char *in = malloc(len + 1);
    char *out = malloc(len + len / 2 + ESCAPE_LEN);
    if (in != NULL && out != NULL) {
        memcpy(in, text, len);
        in[len] = '\0';
        struct rewrite at = {.in = in, .end = in + len, .out = out};
        while (at.in < at.end) {
            if (*at.in == '"')
                rewrite_string(&at);
            else if (*at.in == '-' || (*at.in >= '0' && *at.in <= '9'))
                rewrite_number(&at);
            else
                copy_input(&at, 1);
        }
        *out_len = (size_t)(at.out - out);
        free(in);
        return out;
    }
    free(in);
    free(out);
    return NULL;
}

json_t *json_read(const char *text, size_t len, json_error_t *error)
{
    size_t out_len;
    json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, error);
    if (value != NULL)
        return value;
    char *again = rewritten(text, len, &out_len);
    if (again == NULL)
        return NULL;
    value = json_loadb(again, out_len, JSON_REJECT_DUPLICATES, error);
    free(again);
    return value;
}

/* -- values as texts -- */

static enum json_text_result list_to_text(const json_t *list, char out[JSON_TEXT_SIZE], size_t *len)
{
    size_t index;
    const json_t *item;
    *len = 0;
    json_array_foreach(list, index, item)
    {
        if (!json_is_string(item))
            return JSON_TEXT_OTHER_TYPE;
        if (*len + json_string_length(item) + 2 > JSON_TEXT_SIZE)
            return JSON_TEXT_TOO_LONG;
        *len += (size_t)snprintf(out + *len, JSON_TEXT_SIZE - *len, "%s%s", index > 0 ? " " : "",
                                 json_string_value(item));
    }
    return JSON_TEXT_OK;
}

enum json_text_result json_to_text(const json_t *value, char out[JSON_TEXT_SIZE], size_t *len)
{
    if (json_is_array(value))
        return list_to_text(value, out, len);
    if (json_is_string(value)) {
        *len = json_string_length(value);
        if (*len >= JSON_TEXT_SIZE)
            return JSON_TEXT_TOO_LONG;
        memcpy(out, json_string_value(value), *len);
        return JSON_TEXT_OK;
    }
    if (!json_is_number(value) && !json_is_boolean(value))
        return JSON_TEXT_OTHER_TYPE;
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    *len = text != NULL ? strlen(text) : JSON_TEXT_SIZE;
    bool fits = *len < JSON_TEXT_SIZE;
    if (fits)
        memcpy(out, text, *len);
    free(text);
    return fits ? JSON_TEXT_OK : JSON_TEXT_TOO_LONG;
}
