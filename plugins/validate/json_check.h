/*
 * Whether text is well-formed JSON within limits, and whether its top level has certain members.
 *
 * No state; any thread. What is parsed is freed again before a function returns.
 */
#ifndef VALIDATE_JSON_CHECK_H
#define VALIDATE_JSON_CHECK_H

#include "json_scan.h"

#include <stdbool.h>
#include <stdint.h>

#define MEMBERS_MAX 64 /* members that can be required at once */
#define MEMBER_NAME_MAX                                                                            \
    64 /* bytes of such a member's name, so that any reason fits a close frame */

enum member_type {
    MEMBER_ANY,
    MEMBER_STRING,
    MEMBER_NUMBER,
    MEMBER_INTEGER,
    MEMBER_BOOLEAN,
    MEMBER_OBJECT,
    MEMBER_ARRAY,
    MEMBER_NULL,
    MEMBER_TYPES /* how many there are */
};

/* A member that has to be there exactly once. */
struct member {
    const char *name; /* borrowed, not zero-terminated, holds no NUL */
    size_t name_len;
    enum member_type type;
};

enum member_fault {
    MEMBERS_OK = 0,
    MEMBERS_NOT_AN_OBJECT,
    MEMBER_MISSING,
    MEMBER_REPEATED,
    MEMBER_OF_WRONG_TYPE,
};

/* What json_check found. */
struct json_finding {
    enum json_result result;
    size_t at; /* the offset that `result` is about */
    enum member_fault fault;
    const struct member *member; /* the one that `fault` is about, or NULL */
};

/* The type's name as it stands in YAML; static storage. */
const char *member_type_name(enum member_type type);

/* Finds a type by its name. False if there is none of that name. */
bool member_type_find(const char *name, size_t len, enum member_type *type);

/* Checks `len` bytes of text: JSON within `limits`, and if `count` (at most MEMBERS_MAX) is not 0,
 * an object with these members. Returns whether all is well; if not, *finding says what is not.
 * Running out of memory counts as malformed. */
bool json_check(const char *data, size_t len, const struct json_limits *limits,
                const struct member *members, size_t count, struct json_finding *finding);

#endif
