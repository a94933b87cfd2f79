/*
 * A JSON text as a tree of values, in memory that is used again for the next text.
 *
 * Strings are decoded, may hold any character (NUL too) and have a length. Numbers keep their text,
 * so that integers beyond what a double holds exactly can be compared. Limits are checked while
 * reading, before anything is made of what is over them.
 *
 * One thread at a time. The tree lives until the arena is cleared.
 */
#ifndef VALIDATE_JSON_DOCUMENT_H
#define VALIDATE_JSON_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_type { TYPE_NULL, TYPE_BOOLEAN, TYPE_NUMBER, TYPE_STRING, TYPE_ARRAY, TYPE_OBJECT };

struct json_text {
    const char *data;
    size_t len;
};

struct json_value {
    enum json_type type;
    bool truth;            /* booleans */
    double number;         /* numbers: the nearest double, */
    struct json_text text; /* and as written; strings: decoded */
    size_t count;          /* of items, or members */
    struct json_value *items;
    struct json_member *members; /* in the order of the text */
};

struct json_member {
    struct json_text name;
    struct json_value value;
};

struct arena; /* memory that is given back all at once */

struct arena *arena_create(void); /* NULL: no memory */
void arena_destroy(struct arena *arena);
void arena_clear(struct arena *arena);              /* keeps some memory for the next time */
void *arena_take(struct arena *arena, size_t size); /* NULL: no memory */

struct document_limits {
    size_t max_depth;
    size_t max_values;
    size_t max_members; /* of an object */
    size_t max_string;  /* bytes, as written */
    size_t max_number;  /* characters */
    bool unique_members;
};

enum document_result {
    DOCUMENT_OK,
    DOCUMENT_MALFORMED,
    DOCUMENT_TOO_DEEP,
    DOCUMENT_TOO_MANY_VALUES,
    DOCUMENT_TOO_MANY_MEMBERS,
    DOCUMENT_STRING_TOO_LONG,
    DOCUMENT_NUMBER_TOO_LONG,
    DOCUMENT_DUPLICATE_MEMBER,
    DOCUMENT_NO_MEMORY
};

/* Reads UTF-8 text. On failure *at is the byte that it is about. */
enum document_result document_parse(struct arena *arena, const char *data, size_t len,
                                    const struct document_limits *limits, struct json_value *root,
                                    size_t *at);

/* The member of that name, the last if there are several; NULL: none, or no object. */
const struct json_value *json_get(const struct json_value *object, const char *name_cstr);
const struct json_value *json_get_text(const struct json_value *object, struct json_text name);

bool json_text_is(struct json_text text, const char *expected_cstr);
bool json_texts_equal(struct json_text a, struct json_text b);

/* Whether a number is an integer: 1, 1.0 and 1e2 are. */
bool json_is_integer(const struct json_value *value);

/* As JSON Schema compares: 1 and 1.0 are equal, 0 and false are not, members have no order. */
bool json_equal(const struct json_value *a, const struct json_value *b);

/* How many code points a text has. */
size_t json_length(struct json_text text);

#endif
