#include "json_parse.h"

#include "json_string.h"
#include "json_token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Numbers up to here are rounded on the stack; longer ones are rare and go through the arena. */
#define NUMBER_BUFFER 64
#define SMALL_INTEGER_DIGITS 15

struct parse {
    const char *data;
    size_t len;
    size_t at;
    size_t depth;
    size_t values;
    const struct json_limits *limits;
    struct arena *arena;
};

static enum json_result parse_value(struct parse *parse, struct json_value *parent,
                                    struct json_value **out);

static char peek_byte(const struct parse *parse)
{
    return json_peek(parse->data, parse->len, parse->at);
}

static void skip_json_space(struct parse *parse)
{
    parse->at = json_skip_space(parse->data, parse->len, parse->at);
}

static enum json_result parse_string(struct parse *parse, struct json_text *text)
{
    return json_string_decode(parse->data, parse->len, &parse->at, parse->limits->max_string,
                              parse->arena, text);
}

/* Integers that are exact as a double, which most numbers are. */
static bool read_small_integer(const char *digits, size_t len, double *number)
{
    bool negative = digits[0] == '-';
    int64_t value = 0;
    if (len > SMALL_INTEGER_DIGITS)
        return false;
    for (size_t i = negative ? 1 : 0; i < len; i++) {
        if (digits[i] < '0' || digits[i] > '9')
            return false;
        value = value * 10 + (digits[i] - '0');
    }
    *number = negative ? -(double)value : (double)value; /* -0 too */
    return true;
}

static enum json_result parse_number(struct parse *parse, struct json_value *value)
{
    char buffer[NUMBER_BUFFER];
    size_t start = parse->at;
    enum json_result result =
        json_skip_number(parse->data, parse->len, &parse->at, parse->limits->max_number);
    if (result != JSON_OK)
        return result;
    size_t len = parse->at - start;
    value->type = JSON_NUMBER;
    if (read_small_integer(parse->data + start, len, &value->number))
        return JSON_OK;
    char *copy = len < sizeof buffer ? buffer : arena_alloc(parse->arena, len + 1);
    if (copy == NULL)
        return JSON_NO_MEMORY;
    memcpy(copy, parse->data + start, len);
    copy[len] = '\0';
    value->number = strtod(copy, NULL);
    return JSON_OK;
}

static enum json_result parse_literal(struct parse *parse, const char *literal, enum json_type type,
                                      bool boolean, struct json_value *value)
{
    if (!json_skip_literal(parse->data, parse->len, &parse->at, literal))
        return JSON_MALFORMED;
    value->type = type;
    value->boolean = boolean;
    return JSON_OK;
}

/* A member's name and the colon behind it. */
static enum json_result parse_name(struct parse *parse, struct json_text *name)
{
    size_t start = parse->at;
    enum json_result result = parse_string(parse, name);
    if (result != JSON_OK)
        return result;
    if (parse->limits->refuse_nul_names && name->len > 0 && memchr(name->data, '\0', name->len)) {
        parse->at = start;
        return JSON_MALFORMED;
    }
    skip_json_space(parse);
    if (peek_byte(parse) != ':')
        return JSON_MALFORMED;
    parse->at++;
    skip_json_space(parse);
    return JSON_OK;
}

static enum json_result parse_member(struct parse *parse, struct json_value *object,
                                     struct json_value **member)
{
    struct json_text name;
    if (object->count == parse->limits->max_members)
        return JSON_TOO_MANY_MEMBERS;
    enum json_result result = parse_name(parse, &name);
    if (result == JSON_OK)
        result = parse_value(parse, object, member);
    if (result == JSON_OK)
        (*member)->name = name;
    return result;
}

/* At the opening bracket; leaves the parse behind the closing one. */
static enum json_result parse_children(struct parse *parse, struct json_value *value)
{
    char close = value->type == JSON_ARRAY ? ']' : '}';
    struct json_value **link = &value->first;
    parse->at++;
    skip_json_space(parse);
    if (peek_byte(parse) == close) {
        parse->at++;
        return JSON_OK;
    }
    for (;;) {
        enum json_result result = value->type == JSON_ARRAY ? parse_value(parse, value, link)
                                                            : parse_member(parse, value, link);
        if (result != JSON_OK)
            return result;
        (*link)->index = value->count++;
        link = &(*link)->next;
        skip_json_space(parse);
        char next = peek_byte(parse);
        if (next != close && next != ',')
            return JSON_MALFORMED;
        parse->at++;
        if (next == close)
            return JSON_OK;
        skip_json_space(parse);
    }
}

static int compare_names(const struct json_value *a, const struct json_value *b)
{
    return json_text_compare(a->name, b->name);
}

/* Sorts the members by name, so that neither look-ups nor duplicates cost a walk for each. */
static enum json_result sort_members(struct parse *parse, struct json_value *object)
{
    size_t i = 0;
    object->sorted = arena_array(parse->arena, object->count, sizeof *object->sorted);
    if (object->sorted == NULL)
        return JSON_NO_MEMORY;
    for (struct json_value *member = object->first; member != NULL; member = member->next)
        object->sorted[i++] = member;
    json_sort(object->sorted, object->count, compare_names);
    for (i = 1; i < object->count && parse->limits->refuse_duplicates; i++)
        if (compare_names(object->sorted[i - 1], object->sorted[i]) == 0) {
            parse->at = (size_t)(object->sorted[i]->raw.data - parse->data);
            return JSON_DUPLICATE;
        }
    return JSON_OK;
}

static enum json_result parse_container(struct parse *parse, struct json_value *value)
{
    if (parse->depth == parse->limits->max_depth)
        return JSON_TOO_DEEP;
    parse->depth++;
    value->type = peek_byte(parse) == '[' ? JSON_ARRAY : JSON_OBJECT;
    enum json_result result = parse_children(parse, value);
    parse->depth--;
    if (result == JSON_OK && value->type == JSON_OBJECT)
        result = sort_members(parse, value);
    return result;
}

static enum json_result parse_any(struct parse *parse, struct json_value *value)
{
    switch (peek_byte(parse)) {
    case '{':
    case '[':
        return parse_container(parse, value);
    case '"':
        value->type = JSON_STRING;
        return parse_string(parse, &value->text);
    case 't':
        return parse_literal(parse, "true", JSON_BOOLEAN, true, value);
    case 'f':
        return parse_literal(parse, "false", JSON_BOOLEAN, false, value);
    case 'n':
        return parse_literal(parse, "null", JSON_NULL, false, value);
    default:
        return parse_number(parse, value); /* which refuses whatever does not begin a number */
    }
}

static enum json_result parse_value(struct parse *parse, struct json_value *parent,
                                    struct json_value **out)
{
    size_t start = parse->at;
    if (parse->values == parse->limits->max_values)
        return JSON_TOO_MANY_VALUES;
    parse->values++;
    struct json_value *value = arena_alloc(parse->arena, sizeof *value);
    if (value == NULL)
        return JSON_NO_MEMORY;
    enum json_result result = parse_any(parse, value);
    value->raw = (struct json_text){parse->data + start, parse->at - start};
    value->parent = parent;
    *out = value;
    return result;
}

enum json_result json_parse(const char *data, size_t len, const struct json_limits *limits,
                            struct arena *arena, struct json_value **root, size_t *at)
{
    struct parse parse = {.data = data, .len = len, .limits = limits, .arena = arena};
    skip_json_space(&parse);
    enum json_result result = parse_value(&parse, NULL, root);
    if (result == JSON_OK) {
        skip_json_space(&parse);
        if (parse.at < len)
            result = JSON_MALFORMED;
    }
    *at = parse.at;
    return result;
}
