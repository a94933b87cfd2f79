/*
 * What JSON text may hold, and what can be wrong with it: shared by the scan, the parser and the
 * tokens.
 *
 * Plain values, any thread.
 */
#ifndef VALIDATE_JSON_LIMITS_H
#define VALIDATE_JSON_LIMITS_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_DEPTH_MAX 1000 /* the most that max_depth may be */

struct json_limits {
    size_t max_depth;       /* arrays and objects inside each other; a lone number has depth 0 */
    size_t max_values;      /* names are not counted */
    size_t max_members;     /* of one object */
    size_t max_string;      /* bytes of one string or name, decoded */
    size_t max_number;      /* characters of one number */
    bool refuse_duplicates; /* two members of one object with the same name; the parser only */
    bool refuse_nul_names;  /* a name with \u0000: to whoever reads C strings, it ends there */
};

#define JSON_RESULTS(X)                                                                            \
    X(JSON_OK, "it is fine")                                                                       \
    X(JSON_MALFORMED, "it is not JSON")                                                            \
    X(JSON_BAD_TEXT, "a string is not UTF-8 or has a lone surrogate")                              \
    X(JSON_TOO_DEEP, "it is nested too deep")                                                      \
    X(JSON_TOO_MANY_VALUES, "it holds too many values")                                            \
    X(JSON_TOO_MANY_MEMBERS, "an object has too many members")                                     \
    X(JSON_STRING_TOO_LONG, "a string is too long")                                                \
    X(JSON_NUMBER_TOO_LONG, "a number is too long")                                                \
    X(JSON_DUPLICATE, "an object has two members with one name")                                   \
    X(JSON_NO_MEMORY, "there is no memory for it")

#define JSON_RESULT_NAME(name, text) name,
enum json_result { JSON_RESULTS(JSON_RESULT_NAME) };
#undef JSON_RESULT_NAME

/* The second half of a sentence about the result; static storage. */
static inline const char *json_result_text(enum json_result result)
{
#define JSON_RESULT_TEXT(name, text) [name] = text,
    static const char *const texts[] = {JSON_RESULTS(JSON_RESULT_TEXT)};
#undef JSON_RESULT_TEXT
    return texts[result];
}

#endif
