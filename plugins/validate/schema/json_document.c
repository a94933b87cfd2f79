#include "json_document.h"

#include "json_string.h"

#include <stdlib.h>
#include <string.h>

/* Numbers up to here are rounded on the stack; longer ones are rare and go through the arena. */
#define NUMBER_BUFFER 64

struct parse {
    const char *data;
    size_t len;
    size_t at;
    size_t depth;
    size_t values;
    const struct document_limits *limits;
    struct arena *arena;
};

static enum document_result parse_value(struct parse *parse, struct json_value *parent,
                                        struct json_value **out);

/* The byte here, or NUL at the end: no token contains NUL. */
static char peek(const struct parse *parse)
{
    return parse->at < parse->len ? parse->data[parse->at] : '\0';
}

static void skip_space(struct parse *parse)
{
    while (parse->at < parse->len && memchr(" \t\n\r", parse->data[parse->at], 4) != NULL)
        parse->at++;
}

/* At the opening quote; leaves the parse behind the closing one. */
static enum document_result parse_string(struct parse *parse, struct json_text *text)
{
    if (peek(parse) != '"')
        return DOCUMENT_MALFORMED;
    parse->at++;
    return json_string_decode(parse->data, parse->len, &parse->at, parse->limits->max_string,
                              parse->arena, text);
}

static size_t skip_digits(struct parse *parse)
{
    size_t start = parse->at;
    while (peek(parse) >= '0' && peek(parse) <= '9')
        parse->at++;
    return parse->at - start;
}

/* RFC 8259, section 6: [-] int [frac] [exp], without leading zeros. */
static bool skip_number(struct parse *parse)
{
    if (peek(parse) == '-')
        parse->at++;
    bool zero = peek(parse) == '0';
    size_t digits = skip_digits(parse);
    if (digits == 0 || (zero && digits > 1))
        return false;
    if (peek(parse) == '.') {
        parse->at++;
        if (skip_digits(parse) == 0)
            return false;
    }
    if (peek(parse) == 'e' || peek(parse) == 'E') {
        parse->at++;
        if (peek(parse) == '+' || peek(parse) == '-')
            parse->at++;
        return skip_digits(parse) > 0;
    }
    return true;
}

static enum document_result parse_number(struct parse *parse, struct json_value *value)
{
    char buffer[NUMBER_BUFFER];
    size_t start = parse->at;
    if (!skip_number(parse))
        return DOCUMENT_MALFORMED;
    size_t len = parse->at - start;
    if (len > parse->limits->max_number) {
        parse->at = start;
        return DOCUMENT_NUMBER_TOO_LONG;
    }
    char *copy = len < sizeof buffer ? buffer : arena_alloc(parse->arena, len + 1);
    if (copy == NULL)
        return DOCUMENT_NO_MEMORY;
    memcpy(copy, parse->data + start, len);
    copy[len] = '\0';
    value->type = JSON_NUMBER;
    value->number = strtod(copy, NULL);
    return DOCUMENT_OK;
}

static enum document_result parse_literal(struct parse *parse, const char *literal,
                                          enum json_type type, bool boolean,
                                          struct json_value *value)
{
    size_t len = strlen(literal);
    if (parse->len - parse->at < len || memcmp(parse->data + parse->at, literal, len) != 0)
        return DOCUMENT_MALFORMED;
    parse->at += len;
    value->type = type;
    value->boolean = boolean;
    return DOCUMENT_OK;
}

static enum document_result parse_member(struct parse *parse, struct json_value *object,
                                         struct json_value **member)
{
    struct json_text name;
    if (object->count == parse->limits->max_members)
        return DOCUMENT_TOO_MANY_MEMBERS;
    enum document_result result = parse_string(parse, &name);
    if (result != DOCUMENT_OK)
        return result;
    skip_space(parse);
    if (peek(parse) != ':')
        return DOCUMENT_MALFORMED;
    parse->at++;
    skip_space(parse);
    result = parse_value(parse, object, member);
    if (result == DOCUMENT_OK)
        (*member)->name = name;
    return result;
}

/* At the opening bracket; leaves the parse behind the closing one. */
static enum document_result parse_children(struct parse *parse, struct json_value *value)
{
    char close = value->type == JSON_ARRAY ? ']' : '}';
    struct json_value **link = &value->first;
    parse->at++;
    skip_space(parse);
    if (peek(parse) == close) {
        parse->at++;
        return DOCUMENT_OK;
    }
    for (;;) {
        enum document_result result = value->type == JSON_ARRAY ? parse_value(parse, value, link)
                                                                : parse_member(parse, value, link);
        if (result != DOCUMENT_OK)
            return result;
        (*link)->index = value->count++;
        link = &(*link)->next;
        skip_space(parse);
        char next = peek(parse);
        if (next != close && next != ',')
            return DOCUMENT_MALFORMED;
        parse->at++;
        if (next == close)
            return DOCUMENT_OK;
        skip_space(parse);
    }
}

static int compare_names(const struct json_value *a, const struct json_value *b)
{
    return json_text_compare(a->name, b->name);
}

/* Sorts the members by name, so that neither look-ups nor duplicates cost a walk for each. */
static enum document_result sort_members(struct parse *parse, struct json_value *object)
{
    size_t i = 0;
    object->sorted = arena_array(parse->arena, object->count, sizeof *object->sorted);
    if (object->sorted == NULL)
        return DOCUMENT_NO_MEMORY;
    for (struct json_value *member = object->first; member != NULL; member = member->next)
        object->sorted[i++] = member;
    json_sort(object->sorted, object->count, compare_names);
    for (i = 1; i < object->count && parse->limits->refuse_duplicates; i++)
        if (compare_names(object->sorted[i - 1], object->sorted[i]) == 0) {
            parse->at = (size_t)(object->sorted[i]->raw.data - parse->data);
            return DOCUMENT_DUPLICATE;
        }
    return DOCUMENT_OK;
}

static enum document_result parse_container(struct parse *parse, struct json_value *value)
{
    if (parse->depth == parse->limits->max_depth)
        return DOCUMENT_TOO_DEEP;
    parse->depth++;
    value->type = peek(parse) == '[' ? JSON_ARRAY : JSON_OBJECT;
    enum document_result result = parse_children(parse, value);
    parse->depth--;
    if (result == DOCUMENT_OK && value->type == JSON_OBJECT)
        result = sort_members(parse, value);
    return result;
}

static enum document_result parse_any(struct parse *parse, struct json_value *value)
{
    switch (peek(parse)) {
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

static enum document_result parse_value(struct parse *parse, struct json_value *parent,
                                        struct json_value **out)
{
    size_t start = parse->at;
    if (parse->values == parse->limits->max_values)
        return DOCUMENT_TOO_MANY_VALUES;
    parse->values++;
    struct json_value *value = arena_alloc(parse->arena, sizeof *value);
    if (value == NULL)
        return DOCUMENT_NO_MEMORY;
    enum document_result result = parse_any(parse, value);
    value->raw = (struct json_text){parse->data + start, parse->at - start};
    value->parent = parent;
    *out = value;
    return result;
}

enum document_result document_parse(const char *data, size_t len,
                                    const struct document_limits *limits, struct arena *arena,
                                    struct json_value **root, size_t *at)
{
    struct parse parse = {.data = data, .len = len, .limits = limits, .arena = arena};
    skip_space(&parse);
    enum document_result result = parse_value(&parse, NULL, root);
    if (result == DOCUMENT_OK) {
        skip_space(&parse);
        if (parse.at < len)
            result = DOCUMENT_MALFORMED;
    }
    *at = parse.at;
    return result;
}

const char *document_result_text(enum document_result result)
{
#define DOCUMENT_TEXT(name, text) [name] = text,
    static const char *const texts[] = {DOCUMENT_RESULTS(DOCUMENT_TEXT)};
#undef DOCUMENT_TEXT
    return texts[result];
}
