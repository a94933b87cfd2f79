/*
 * A JSON value as json_document.h makes it: exact numbers, strings with NULs, members in order.
 *
 * Values are owned by the arena they were parsed into and borrow the text they were parsed from.
 * Nothing here changes or allocates anything; any thread may read one value at once with others.
 */
#ifndef VALIDATE_JSON_VALUE_H
#define VALIDATE_JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>

enum json_type {
    JSON_NULL,
    JSON_BOOLEAN,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* Bytes with a length; may hold NULs and is not zero-terminated. */
struct json_text {
    const char *data;
    size_t len;
};

struct json_value {
    enum json_type type;
    bool boolean;
    struct json_text raw;      /* as it stands in the text */
    struct json_text name;     /* decoded; of an object's member */
    size_t index;              /* which element or member of its parent, from 0 */
    struct json_value *parent; /* NULL at the top */
    struct json_value *next;   /* the next element or member, or NULL */
    size_t count;              /* of elements or members */
    union {
        struct json_text text; /* of a string: decoded UTF-8 */
        double number;         /* of a number: rounded, infinite if too large; `raw` is exact */
        struct {
            struct json_value *first;   /* of an array or object */
            struct json_value **sorted; /* of an object: the members by name */
        };
    };
    void *attachment; /* for whoever parsed the text; NULL at first */
};

/* Orders texts: by length, then by bytes. Returns <0, 0 or >0. */
int json_text_compare(struct json_text a, struct json_text b);

/* Whether the text is this C string. */
bool json_text_is(struct json_text text, const char *expected);

/* The member of an object, or NULL; of several with this name one of them. */
struct json_value *json_member(const struct json_value *object, struct json_text name);
/* The same; *count becomes how many members have this name. */
struct json_value *json_member_count(const struct json_value *object, struct json_text name,
                                     size_t *count);

struct json_value *json_member_cstr(const struct json_value *object, const char *name);

/* A total order in which exactly equal values (1.0 and 1, members in any order) compare as 0. */
int json_compare(const struct json_value *a, const struct json_value *b);

/* Sorts pointers in n log n steps whatever the order they come in, without allocating. */
void json_sort(struct json_value **values, size_t count,
               int (*compare)(const struct json_value *, const struct json_value *));

/* Code points of UTF-8. */
size_t json_text_points(struct json_text text);

/* Finds what a JSON Pointer (RFC 6901; "" is `root`) points at, or NULL. */
struct json_value *json_pointer_find(struct json_value *root, struct json_text pointer);

/* Whether a token of a JSON Pointer, with its ~0 and ~1, is this name. */
bool json_pointer_token_is(struct json_text token, struct json_text name);

/* Writes the JSON Pointer from the top to `value`, zero-terminated; if it does not fit, "..." and
 * its end. `size` is at least 8. Control characters become '?'. */
void json_pointer_write(const struct json_value *value, char *pointer, size_t size);

#endif
