#include "json_document.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 16384
#define KEPT_MAX (1024 * 1024) /* bytes that an arena keeps for the next text */
#define INTEGER_EXACT 9007199254740992.0

/* -- arena -- */

struct block {
    struct block *next;
    size_t size;
    size_t used;
    max_align_t data[];
};

struct arena {
    struct block *first; /* the one that is being filled */
};

struct arena *arena_create(void)
{
    return calloc(1, sizeof(struct arena));
}

void arena_destroy(struct arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->first != NULL) {
        struct block *block = arena->first;
        arena->first = block->next;
        free(block);
    }
    free(arena);
}

/* Keeps the first block, which is the largest, since each is twice the one before. */
void arena_clear(struct arena *arena)
{
    struct block *kept = arena->first;
    while (kept != NULL && kept->next != NULL) {
        struct block *block = kept->next;
        kept->next = block->next;
        free(block);
    }
    if (kept != NULL && kept->size > KEPT_MAX) {
        free(kept);
        kept = arena->first = NULL;
    }
    if (kept != NULL)
        kept->used = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
    struct block *block = arena->first;
    size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (block == NULL || block->size - block->used < size) {
        size_t capacity = block != NULL ? block->size * 2 : BLOCK;
        while (capacity < size)
            capacity *= 2;
        block = malloc(sizeof *block + capacity);
        if (block == NULL)
            return NULL;
        *block = (struct block){.next = arena->first, .size = capacity};
        arena->first = block;
    }
    void *taken = (char *)block->data + block->used;
    block->used += size;
    return taken;
}

/* -- reading (RFC 8259) -- */

struct reader {
    struct arena *arena;
    const struct document_limits *limits;
    const char *data;
    size_t len;
    size_t at;
    size_t depth;
    size_t values;
    enum document_result result;
};

static bool refuse(struct reader *reader, enum document_result result)
{
    if (reader->result == DOCUMENT_OK)
        reader->result = result;
    return false;
}

static char peek(const struct reader *reader)
{
    return reader->at < reader->len ? reader->data[reader->at] : '\0';
}

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->len &&
           (reader->data[reader->at] == ' ' || reader->data[reader->at] == '\n' ||
            reader->data[reader->at] == '\r' || reader->data[reader->at] == '\t'))
        reader->at++;
}

static size_t skip_digits(struct reader *reader)
{
    size_t start = reader->at;
    while (peek(reader) >= '0' && peek(reader) <= '9')
        reader->at++;
    return reader->at - start;
}

static bool read_number(struct reader *reader, struct json_value *value)
{
    char copy[64];
    size_t start = reader->at;
    if (peek(reader) == '-')
        reader->at++;
    bool zero = peek(reader) == '0';
    size_t digits = skip_digits(reader);
    if (digits == 0 || (zero && digits > 1))
        return refuse(reader, DOCUMENT_MALFORMED);
    if (peek(reader) == '.') {
        reader->at++;
        if (skip_digits(reader) == 0)
            return refuse(reader, DOCUMENT_MALFORMED);
    }
    if (peek(reader) == 'e' || peek(reader) == 'E') {
        reader->at++;
        if (peek(reader) == '+' || peek(reader) == '-')
            reader->at++;
        if (skip_digits(reader) == 0)
            return refuse(reader, DOCUMENT_MALFORMED);
    }
    size_t len = reader->at - start;
    if (len > reader->limits->max_number)
        return refuse(reader, DOCUMENT_NUMBER_TOO_LONG);
    char *text = len < sizeof copy ? copy : arena_take(reader->arena, len + 1);
    if (text == NULL)
        return refuse(reader, DOCUMENT_NO_MEMORY);
    memcpy(text, reader->data + start, len);
    text[len] = '\0';
    value->type = TYPE_NUMBER;
    value->number = strtod(text, NULL);
    value->text = (struct json_text){reader->data + start, len};
    return true;
}

static int hex4(const struct reader *reader, size_t at)
{
    int code = 0;
    if (reader->len - at < 4 || at > reader->len)
        return -1;
    for (size_t i = 0; i < 4; i++) {
        char c = reader->data[at + i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code;
}

static size_t put_utf8(char *out, int code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Behind "\u". Returns the bytes written, 0 if it is no character: half a surrogate pair is none.
 */
static size_t read_unicode(struct reader *reader, char *out)
{
    int code = hex4(reader, reader->at);
    reader->at += 4;
    if (code < 0 || (code >= 0xdc00 && code <= 0xdfff))
        return 0;
    if (code >= 0xd800 && code <= 0xdbff) {
        int low = -1;
        if (reader->len - reader->at >= 6 && memcmp(reader->data + reader->at, "\\u", 2) == 0)
            low = hex4(reader, reader->at + 2);
        if (low < 0xdc00 || low > 0xdfff)
            return 0;
        reader->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return put_utf8(out, code);
}

/* At a backslash. Returns the bytes written, 0 if it is no escape. */
static size_t read_escape(struct reader *reader, char *out)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    reader->at++;
    char c = peek(reader);
    reader->at++;
    if (c == 'u')
        return reader->len >= reader->at ? read_unicode(reader, out) : 0;
    const char *letter = c != '\0' ? strchr(letters, c) : NULL;
    if (letter == NULL)
        return 0;
    *out = meanings[letter - letters];
    return 1;
}

/* At the opening quote. Text without escapes is not copied. */
static bool read_string(struct reader *reader, struct json_text *text)
{
    size_t start = ++reader->at;
    bool has_escapes = false;
    while (reader->at < reader->len && reader->data[reader->at] != '"') {
        if ((unsigned char)reader->data[reader->at] < 0x20)
            return refuse(reader, DOCUMENT_MALFORMED);
        has_escapes |= reader->data[reader->at] == '\\';
        reader->at += reader->data[reader->at] == '\\' ? 2 : 1;
    }
    if (reader->at >= reader->len)
        return refuse(reader, DOCUMENT_MALFORMED);
    size_t end = reader->at;
    if (end - start > reader->limits->max_string)
        return refuse(reader, DOCUMENT_STRING_TOO_LONG);
    *text = (struct json_text){reader->data + start, end - start};
    if (has_escapes) {
        char *out = arena_take(reader->arena, end - start);
        if (out == NULL)
            return refuse(reader, DOCUMENT_NO_MEMORY);
        text->data = out;
        text->len = 0;
        for (reader->at = start; reader->at < end;) {
            size_t written = 1;
            if (reader->data[reader->at] == '\\')
                written = read_escape(reader, out + text->len);
            else
                out[text->len] = reader->data[reader->at++];
            if (written == 0 || reader->at > end)
                return refuse(reader, DOCUMENT_MALFORMED);
            text->len += written;
        }
    }
    reader->at = end + 1;
    return true;
}

static bool read_literal(struct reader *reader, const char *literal)
{
    size_t len = strlen(literal);
    if (reader->len - reader->at < len || memcmp(reader->data + reader->at, literal, len) != 0)
        return refuse(reader, DOCUMENT_MALFORMED);
    reader->at += len;
    return true;
}

static bool read_value(struct reader *reader, struct json_value *value);

/* What is behind an item or member: 1 the next one, 0 the end, -1 neither. */
static int read_separator(struct reader *reader, char end)
{
    skip_space(reader);
    char c = peek(reader);
    reader->at++;
    if (c != ',' && c != end) {
        reader->at--;
        refuse(reader, DOCUMENT_MALFORMED);
        return -1;
    }
    return c == ',';
}

/* Items and members are gathered in an array that doubles; the last one is what stays. */
static void *grow(struct reader *reader, void *old, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return old;
    *capacity = *capacity == 0 ? 4 : *capacity * 2;
    void *grown = arena_take(reader->arena, *capacity * size);
    if (grown != NULL && count > 0)
        memcpy(grown, old, count * size);
    if (grown == NULL)
        refuse(reader, DOCUMENT_NO_MEMORY);
    return grown;
}

static bool read_array(struct reader *reader, struct json_value *value)
{
    size_t capacity = 0;
    value->type = TYPE_ARRAY;
    reader->at++;
    skip_space(reader);
    if (peek(reader) == ']') {
        reader->at++;
        return true;
    }
    for (int more = 1; more > 0; value->count++) {
        value->items = grow(reader, value->items, value->count, &capacity, sizeof *value->items);
        if (value->items == NULL || !read_value(reader, &value->items[value->count]))
            return false;
        more = read_separator(reader, ']');
        if (more < 0)
            return false;
    }
    return true;
}

static int order_names(const void *left, const void *right)
{
    const struct json_text *a = *(const struct json_text *const *)left;
    const struct json_text *b = *(const struct json_text *const *)right;
    size_t len = a->len < b->len ? a->len : b->len;
    int order = len > 0 ? memcmp(a->data, b->data, len) : 0;
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

/* By sorting, so that many members cost no more than n log n. */
static bool check_unique(struct reader *reader, const struct json_value *object)
{
    if (object->count < 2)
        return true;
    const struct json_text **names = arena_take(reader->arena, object->count * sizeof(void *));
    if (names == NULL)
        return refuse(reader, DOCUMENT_NO_MEMORY);
    for (size_t i = 0; i < object->count; i++)
        names[i] = &object->members[i].name;
    qsort(names, object->count, sizeof(void *), order_names);
    for (size_t i = 1; i < object->count; i++)
        if (json_texts_equal(*names[i - 1], *names[i]))
            return refuse(reader, DOCUMENT_DUPLICATE_MEMBER);
    return true;
}

static bool read_member(struct reader *reader, struct json_member *member)
{
    skip_space(reader);
    if (peek(reader) != '"')
        return refuse(reader, DOCUMENT_MALFORMED);
    if (!read_string(reader, &member->name))
        return false;
    skip_space(reader);
    if (peek(reader) != ':')
        return refuse(reader, DOCUMENT_MALFORMED);
    reader->at++;
    return read_value(reader, &member->value);
}

static bool read_object(struct reader *reader, struct json_value *value)
{
    size_t capacity = 0;
    value->type = TYPE_OBJECT;
    reader->at++;
    skip_space(reader);
    if (peek(reader) == '}') {
        reader->at++;
        return true;
    }
    for (int more = 1; more > 0; value->count++) {
        if (value->count == reader->limits->max_members)
            return refuse(reader, DOCUMENT_TOO_MANY_MEMBERS);
        value->members =
            grow(reader, value->members, value->count, &capacity, sizeof *value->members);
        if (value->members == NULL || !read_member(reader, &value->members[value->count]))
            return false;
        more = read_separator(reader, '}');
        if (more < 0)
            return false;
    }
    return !reader->limits->unique_members || check_unique(reader, value);
}

static bool read_nested(struct reader *reader, struct json_value *value)
{
    if (reader->depth == reader->limits->max_depth)
        return refuse(reader, DOCUMENT_TOO_DEEP);
    reader->depth++;
    bool fine = peek(reader) == '{' ? read_object(reader, value) : read_array(reader, value);
    reader->depth--;
    return fine;
}

static bool read_value(struct reader *reader, struct json_value *value)
{
    *value = (struct json_value){.type = TYPE_NULL};
    skip_space(reader);
    if (++reader->values > reader->limits->max_values)
        return refuse(reader, DOCUMENT_TOO_MANY_VALUES);
    switch (peek(reader)) {
    case '{':
    case '[':
        return read_nested(reader, value);
    case '"':
        value->type = TYPE_STRING;
        return read_string(reader, &value->text);
    case 't':
        value->type = TYPE_BOOLEAN;
        value->truth = true;
        return read_literal(reader, "true");
    case 'f':
        value->type = TYPE_BOOLEAN;
        return read_literal(reader, "false");
    case 'n':
        return read_literal(reader, "null");
    default:
        return read_number(reader, value);
    }
}

enum document_result document_parse(struct arena *arena, const char *data, size_t len,
                                    const struct document_limits *limits, struct json_value *root,
                                    size_t *at)
{
    struct reader reader = {.arena = arena, .limits = limits, .data = data, .len = len};
    if (read_value(&reader, root)) {
        skip_space(&reader);
        if (reader.at < len)
            refuse(&reader, DOCUMENT_MALFORMED);
    }
    *at = reader.at < len ? reader.at : len;
    return reader.result;
}

/* -- values -- */

bool json_texts_equal(struct json_text a, struct json_text b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool json_text_is(struct json_text text, const char *expected_cstr)
{
    return json_texts_equal(text, (struct json_text){expected_cstr, strlen(expected_cstr)});
}

const struct json_value *json_get_text(const struct json_value *object, struct json_text name)
{
    if (object == NULL || object->type != TYPE_OBJECT)
        return NULL;
    for (size_t i = object->count; i > 0; i--)
        if (json_texts_equal(object->members[i - 1].name, name))
            return &object->members[i - 1].value;
    return NULL;
}

const struct json_value *json_get(const struct json_value *object, const char *name_cstr)
{
    return json_get_text(object, (struct json_text){name_cstr, strlen(name_cstr)});
}

bool json_is_integer(const struct json_value *value)
{
    return value->type == TYPE_NUMBER &&
           (isinf(value->number) || floor(value->number) == value->number);
}

static bool is_plain_integer(struct json_text text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '-' && (text.data[i] < '0' || text.data[i] > '9'))
            return false;
    return true;
}

static bool numbers_equal(const struct json_value *a, const struct json_value *b)
{
    if (fabs(a->number) >= INTEGER_EXACT && is_plain_integer(a->text) && is_plain_integer(b->text))
        return json_texts_equal(a->text, b->text);
    return a->number == b->number;
}

static bool objects_equal(const struct json_value *a, const struct json_value *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct json_value *other = json_get_text(b, a->members[i].name);
        if (other == NULL || !json_equal(&a->members[i].value, other))
            return false;
    }
    return true;
}

bool json_equal(const struct json_value *a, const struct json_value *b)
{
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case TYPE_NULL:
        return true;
    case TYPE_BOOLEAN:
        return a->truth == b->truth;
    case TYPE_NUMBER:
        return numbers_equal(a, b);
    case TYPE_STRING:
        return json_texts_equal(a->text, b->text);
    case TYPE_OBJECT:
        return objects_equal(a, b);
    case TYPE_ARRAY:
    default:
        break;
    }
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = json_equal(&a->items[i], &b->items[i]);
    return equal;
}

size_t json_length(struct json_text text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return count;
}
