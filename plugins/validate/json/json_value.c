#include "json_value.h"

#include "json_number.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define INSERTED_AT_MOST 12 /* values that are sorted by insertion */

int json_text_compare(struct json_text a, struct json_text b)
{
    if (a.len != b.len)
        return a.len < b.len ? -1 : 1;
    return a.len == 0 ? 0 : memcmp(a.data, b.data, a.len);
}

bool json_text_is(struct json_text text, const char *expected)
{
    return text.len == strlen(expected) && memcmp(text.data, expected, text.len) == 0;
}

/* The first of the sorted members whose name is not before this one. */
static size_t lower_bound(const struct json_value *object, struct json_text name)
{
    size_t low = 0, high = object->type == JSON_OBJECT ? object->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (json_text_compare(object->sorted[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool has_name_at(const struct json_value *object, size_t at, struct json_text name)
{
    return object->type == JSON_OBJECT && at < object->count &&
           json_text_compare(object->sorted[at]->name, name) == 0;
}

struct json_value *json_member(const struct json_value *object, struct json_text name)
{
    size_t at = lower_bound(object, name);
    return has_name_at(object, at, name) ? object->sorted[at] : NULL;
}

struct json_value *json_member_count(const struct json_value *object, struct json_text name,
                                     size_t *count)
{
    size_t at = lower_bound(object, name);
    *count = 0;
    while (has_name_at(object, at + *count, name))
        ++*count;
    return *count > 0 ? object->sorted[at] : NULL;
}

struct json_value *json_member_cstr(const struct json_value *object, const char *name)
{
    return json_member(object, (struct json_text){name, strlen(name)});
}

static int compare_arrays(const struct json_value *a, const struct json_value *b)
{
    const struct json_value *other = b->first;
    for (const struct json_value *item = a->first; item != NULL; item = item->next) {
        int order = json_compare(item, other);
        if (order != 0)
            return order;
        other = other->next;
    }
    return 0;
}

static int compare_objects(const struct json_value *a, const struct json_value *b)
{
    for (size_t i = 0; i < a->count; i++) {
        int order = json_text_compare(a->sorted[i]->name, b->sorted[i]->name);
        if (order == 0)
            order = json_compare(a->sorted[i], b->sorted[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

/* Recurses as deep as the values are nested, which the parser bounds. */
int json_compare(const struct json_value *a, const struct json_value *b)
{
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    switch (a->type) {
    case JSON_BOOLEAN:
        return (int)a->boolean - (int)b->boolean;
    case JSON_NUMBER:
        /* Rounding keeps the order, so only numbers that round to the same need their digits. */
        if (a->number != b->number)
            return a->number < b->number ? -1 : 1;
        return json_number_compare(a->raw, b->raw);
    case JSON_STRING:
        return json_text_compare(a->text, b->text);
    case JSON_ARRAY:
        return compare_arrays(a, b);
    case JSON_OBJECT:
        return compare_objects(a, b);
    case JSON_NULL:
    default:
        return 0;
    }
}

static void swap_values(struct json_value **a, struct json_value **b)
{
    struct json_value *kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_down(struct json_value **values, size_t root, size_t count,
                      int (*compare)(const struct json_value *, const struct json_value *))
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && compare(values[child], values[child + 1]) < 0)
            child++;
        if (compare(values[root], values[child]) >= 0)
            return;
        swap_values(&values[root], &values[child]);
        root = child;
    }
}

static void insertion_sort(struct json_value **values, size_t count,
                           int (*compare)(const struct json_value *, const struct json_value *))
{
    for (size_t i = 1; i < count; i++) {
        struct json_value *value = values[i];
        size_t at = i;
        for (; at > 0 && compare(values[at - 1], value) > 0; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* Heap sort: no input makes it slow, and it needs no memory. Few values are inserted. */
void json_sort(struct json_value **values, size_t count,
               int (*compare)(const struct json_value *, const struct json_value *))
{
    if (count <= INSERTED_AT_MOST) {
        insertion_sort(values, count, compare);
        return;
    }
    for (size_t i = count / 2; i-- > 0;)
        sift_down(values, i, count, compare);
    for (size_t end = count; end-- > 1;) {
        swap_values(&values[0], &values[end]);
        sift_down(values, 0, end, compare);
    }
}

/* Counts the bytes that do not continue a character, eight at a time. */
size_t json_text_points(struct json_text text)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t points = text.len, at = 0;
    for (uint64_t word; text.len - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        points -= (size_t)__builtin_popcountll(word >> 7 & ~word >> 6 & ones);
    }
    for (; at < text.len; at++)
        points -= ((unsigned char)text.data[at] & 0xc0) == 0x80;
    return points;
}

bool json_pointer_token_is(struct json_text token, struct json_text name)
{
    size_t at = 0;
    for (size_t i = 0; i < token.len; i++, at++) {
        char c = token.data[i];
        if (c == '~' && i + 1 < token.len && (token.data[i + 1] == '0' || token.data[i + 1] == '1'))
            c = token.data[++i] == '0' ? '~' : '/';
        if (at == name.len || name.data[at] != c)
            return false;
    }
    return at == name.len;
}

static struct json_value *find_token(const struct json_value *value, struct json_text token)
{
    char index[24];
    if (value->type != JSON_ARRAY && value->type != JSON_OBJECT)
        return NULL;
    for (struct json_value *child = value->first; child != NULL; child = child->next) {
        struct json_text name = child->name;
        if (value->type == JSON_ARRAY)
            name = (struct json_text){index,
                                      (size_t)snprintf(index, sizeof index, "%zu", child->index)};
        if (json_pointer_token_is(token, name))
            return child;
    }
    return NULL;
}

struct json_value *json_pointer_find(struct json_value *root, struct json_text pointer)
{
    while (root != NULL && pointer.len > 0) {
        if (pointer.data[0] != '/')
            return NULL;
        const char *start = pointer.data + 1;
        const char *end = memchr(start, '/', pointer.len - 1);
        size_t len = end == NULL ? pointer.len - 1 : (size_t)(end - start);
        root = find_token(root, (struct json_text){start, len});
        pointer = (struct json_text){start + len, pointer.len - 1 - len};
    }
    return root;
}

/* Puts `c` in front of `at`, unless the buffer is full. */
static char *put_before(char *at, const char *start, char c)
{
    if (at == start)
        return NULL;
    *--at = (unsigned char)c < 0x20 ? '?' : c;
    return at;
}

static char *put_name_before(char *at, const char *start, struct json_text name)
{
    for (size_t i = name.len; i-- > 0 && at != NULL;) {
        char c = name.data[i];
        if (c == '~' || c == '/') {
            at = put_before(at, start, c == '~' ? '0' : '1');
            c = '~';
        }
        if (at != NULL)
            at = put_before(at, start, c);
    }
    return at == NULL ? NULL : put_before(at, start, '/');
}

void json_pointer_write(const struct json_value *value, char *pointer, size_t size)
{
    char index[24];
    char *at = pointer + size - 1;
    *at = '\0';
    for (; at != NULL && value->parent != NULL; value = value->parent) {
        struct json_text name = value->name;
        if (value->parent->type == JSON_ARRAY)
            name = (struct json_text){index,
                                      (size_t)snprintf(index, sizeof index, "%zu", value->index)};
        at = put_name_before(at, pointer, name);
    }
    if (at != NULL) {
        memmove(pointer, at, (size_t)(pointer + size - at));
        return;
    }
    /* The buffer is full to its first byte: what is cut must not leave half a character. */
    at = pointer + 3;
    while (((unsigned char)*at & 0xc0) == 0x80)
        at++;
    memmove(pointer + 3, at, (size_t)(pointer + size - at));
    memcpy(pointer, "...", 3);
}
