/*
 * Parses JSON text (RFC 8259) into values in an arena, within limits that are checked on the way.
 *
 * Stricter than the RFC allows: strings have to be UTF-8 and without lone surrogates. No state; any
 * thread, one arena each. An arena that is reset between messages soon allocates nothing more.
 */
#ifndef VALIDATE_JSON_DOCUMENT_H
#define VALIDATE_JSON_DOCUMENT_H

#include "arena.h"
#include "json_value.h"

struct document_limits {
    size_t max_depth;       /* arrays and objects inside each other; a lone number has depth 0 */
    size_t max_values;      /* names are not counted */
    size_t max_members;     /* of one object */
    size_t max_string;      /* bytes of one string or name, decoded */
    size_t max_number;      /* characters of one number */
    bool refuse_duplicates; /* two members of one object with the same name are a fault */
};

#define DOCUMENT_RESULTS(X)                                                                        \
    X(DOCUMENT_OK, "it is fine")                                                                   \
    X(DOCUMENT_MALFORMED, "it is not JSON")                                                        \
    X(DOCUMENT_BAD_TEXT, "a string is not UTF-8 or has a lone surrogate")                          \
    X(DOCUMENT_TOO_DEEP, "it is nested too deep")                                                  \
    X(DOCUMENT_TOO_MANY_VALUES, "it holds too many values")                                        \
    X(DOCUMENT_TOO_MANY_MEMBERS, "an object has too many members")                                 \
    X(DOCUMENT_STRING_TOO_LONG, "a string is too long")                                            \
    X(DOCUMENT_NUMBER_TOO_LONG, "a number is too long")                                            \
    X(DOCUMENT_DUPLICATE, "an object has two members with one name")                               \
    X(DOCUMENT_NO_MEMORY, "there is no memory for it")

#define DOCUMENT_ENUM(name, text) name,
enum document_result { DOCUMENT_RESULTS(DOCUMENT_ENUM) };
#undef DOCUMENT_ENUM

/* Parses `len` bytes, which the values borrow. On DOCUMENT_OK *root is owned by the arena. *at
 * (not NULL) becomes the offset of the byte that a refusal is about. Recurses max_depth deep. */
enum document_result document_parse(const char *data, size_t len,
                                    const struct document_limits *limits, struct arena *arena,
                                    struct json_value **root, size_t *at);

/* The second half of a sentence about the result; static storage. */
const char *document_result_text(enum document_result result);

#endif
