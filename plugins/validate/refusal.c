#include "refusal.h"

#include "json/json_string.h"
#include "json/json_token.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *word;
    int close_code;
} kinds[REFUSAL_KINDS] = {
#define REFUSAL_ROW(name, word, code) [name] = {word, code},
    REFUSALS(REFUSAL_ROW)
#undef REFUSAL_ROW
};

const char *refusal_word(enum refusal_kind kind)
{
    return kinds[kind].word;
}

int refusal_close_code(enum refusal_kind kind)
{
    return kinds[kind].close_code;
}

/* Copies as much as fits in whole characters; what is no UTF-8 (a name that was cut) becomes '?'.
 */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t used = 0;
    for (size_t len = strlen(text); len > 0;) {
        uint32_t point;
        size_t step = utf8_decode(text, len, &point);
        bool good = step > 0;
        step = good ? step : 1;
        if (used + step >= size)
            break;
        memcpy(out + used, good ? text : "?", step);
        used += step;
        text += step;
        len -= step;
    }
    out[used] = '\0';
}

bool refusal_set(struct refusal *refusal, enum refusal_kind kind, const char *format, ...)
{
    char text[2 * REFUSAL_SENTENCE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    refusal->kind = kind;
    refusal->instance[0] = refusal->schema[0] = '\0';
    copy_text(refusal->sentence, sizeof refusal->sentence, text);
    return false;
}

bool refusal_of_json(struct refusal *refusal, enum json_result result, size_t at,
                     const struct json_limits *limits)
{
    switch (result) {
    case JSON_TOO_DEEP:
        return refusal_set(refusal, REFUSAL_TOO_DEEP, "JSON may be nested %zu deep",
                           limits->max_depth);
    case JSON_TOO_MANY_VALUES:
        return refusal_set(refusal, REFUSAL_TOO_MANY_VALUES, "A message holds at most %zu values",
                           limits->max_values);
    case JSON_TOO_MANY_MEMBERS:
        return refusal_set(refusal, REFUSAL_TOO_MANY_MEMBERS, "An object has at most %zu members",
                           limits->max_members);
    case JSON_STRING_TOO_LONG:
        return refusal_set(refusal, REFUSAL_STRING_TOO_LONG,
                           "A string has at most %zu bytes; the one at byte %zu has more",
                           limits->max_string, at);
    case JSON_NUMBER_TOO_LONG:
        return refusal_set(refusal, REFUSAL_NUMBER_TOO_LONG,
                           "A number has at most %zu characters; the one at byte %zu has more",
                           limits->max_number, at);
    case JSON_DUPLICATE:
        return refusal_set(refusal, REFUSAL_DUPLICATE_MEMBER,
                           "An object has two members of one name, the second at byte %zu", at);
    case JSON_NO_MEMORY:
        return refusal_set(refusal, REFUSAL_UNCHECKED, "There is no memory to check it");
    case JSON_OK:
    case JSON_MALFORMED:
    case JSON_BAD_TEXT:
    default:
        return refusal_set(refusal, REFUSAL_MALFORMED_JSON, "Not JSON at byte %zu", at);
    }
}

static enum refusal_kind kind_of(enum schema_fault fault)
{
    switch (fault) {
    case SCHEMA_NO_MEMORY:
        return REFUSAL_UNCHECKED;
    case SCHEMA_TOO_DEEP:
    case SCHEMA_TOO_MUCH_WORK:
    case SCHEMA_PATTERN_LIMIT:
        return REFUSAL_TOO_COMPLEX;
    case SCHEMA_VALID:
    case SCHEMA_INVALID:
    default:
        return REFUSAL_SCHEMA;
    }
}

bool refusal_of_schema(struct refusal *refusal, const struct schema_finding *finding)
{
    const char *fragment = strchr(finding->keyword, '#');
    refusal_set(refusal, kind_of(finding->fault), "%s", finding->sentence);
    copy_text(refusal->instance, sizeof refusal->instance, finding->instance);
    copy_text(refusal->schema, sizeof refusal->schema, fragment != NULL ? fragment : "#");
    return false;
}

/* Appends a pointer, in at most `most` bytes; if it is longer, its end. Returns the bytes. */
static size_t append_pointer(char *out, size_t most, const char *pointer)
{
    static const char cut[] = "...";
    size_t len = strlen(pointer);
    if (len <= most) {
        memcpy(out, pointer, len);
        return len;
    }
    const char *from = pointer + len - (most - (sizeof cut - 1));
    while (((unsigned char)*from & 0xc0) == 0x80)
        from++;
    memcpy(out, cut, sizeof cut - 1);
    memcpy(out + sizeof cut - 1, from, strlen(from));
    return sizeof cut - 1 + strlen(from);
}

void refusal_reason(const struct refusal *refusal, char reason[REFUSAL_REASON_SIZE])
{
    enum { SENTENCE = 60, POINTER = 24 };
    size_t used;
    if (refusal->schema[0] == '\0') {
        copy_text(reason, REFUSAL_REASON_SIZE, refusal->sentence);
        return;
    }
    copy_text(reason, SENTENCE + 1, refusal->sentence);
    used = strlen(reason);
    used += (size_t)sprintf(reason + used, " at \"");
    used += append_pointer(reason + used, POINTER, refusal->instance);
    used += (size_t)sprintf(reason + used, "\" by ");
    used += append_pointer(reason + used, REFUSAL_REASON_SIZE - 1 - used, refusal->schema);
    reason[used] = '\0';
}

static size_t write_member(char *json, const char *name, const char *text)
{
    size_t len = (size_t)sprintf(json, "\"%s\":\"", name);
    len += json_string_write(text, strlen(text), json + len);
    json[len++] = '"';
    return len;
}

size_t refusal_to_json(const struct refusal *refusal, char *json)
{
    size_t len = 0;
    json[len++] = '{';
    len += write_member(json + len, "error", refusal_word(refusal->kind));
    json[len++] = ',';
    len += write_member(json + len, "detail", refusal->sentence);
    if (refusal->schema[0] != '\0') {
        json[len++] = ',';
        len += write_member(json + len, "instance", refusal->instance);
        json[len++] = ',';
        len += write_member(json + len, "schema", refusal->schema);
    }
    json[len++] = '}';
    return len;
}
