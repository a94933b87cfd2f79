/*
 * Why a message is refused: the close code, a word for programs and a sentence for people; with a
 * schema also where in the message and where in the schema.
 *
 * Pure, any thread. All texts are UTF-8 whatever the sender put into them.
 */
#ifndef VALIDATE_REFUSAL_H
#define VALIDATE_REFUSAL_H

#include "json/json_limits.h"
#include "schema/schema.h"

#include <stddef.h>
#include <stdint.h>

/* X(name, word, close code): RFC 6455, section 7.4.1. */
#define REFUSALS(X)                                                                                \
    X(REFUSAL_WRONG_TYPE, "wrong_type", 1003)                                                      \
    X(REFUSAL_TOO_SMALL, "too_small", 1008)                                                        \
    X(REFUSAL_TOO_LARGE, "too_large", 1009)                                                        \
    X(REFUSAL_MALFORMED_JSON, "malformed_json", 1007)                                              \
    X(REFUSAL_TOO_DEEP, "too_deep", 1008)                                                          \
    X(REFUSAL_TOO_MANY_VALUES, "too_many_values", 1009)                                            \
    X(REFUSAL_TOO_MANY_MEMBERS, "too_many_members", 1009)                                          \
    X(REFUSAL_STRING_TOO_LONG, "string_too_long", 1009)                                            \
    X(REFUSAL_NUMBER_TOO_LONG, "number_too_long", 1009)                                            \
    X(REFUSAL_DUPLICATE_MEMBER, "duplicate_member", 1008)                                          \
    X(REFUSAL_WRONG_MEMBERS, "wrong_members", 1008)                                                \
    X(REFUSAL_UNKNOWN_TYPE, "unknown_type", 1008)                                                  \
    X(REFUSAL_SCHEMA, "schema", 1008)                                                              \
    X(REFUSAL_WRONG_TEXT, "wrong_text", 1008)                                                      \
    X(REFUSAL_PATTERN, "pattern", 1008)                                                            \
    X(REFUSAL_TOO_COMPLEX, "too_complex", 1008)                                                    \
    X(REFUSAL_UNCHECKED, "unchecked", 1011)

#define REFUSAL_NAME(name, word, code) name,
enum refusal_kind { REFUSALS(REFUSAL_NAME) REFUSAL_KINDS };
#undef REFUSAL_NAME

#define REFUSAL_SENTENCE_SIZE 124 /* a close frame has 123 bytes for it */
#define REFUSAL_REASON_SIZE 124
/* Every byte of the three texts may become an escape of six. */
#define REFUSAL_JSON_SIZE ((REFUSAL_SENTENCE_SIZE + 2 * SCHEMA_POINTER_SIZE) * 6 + 128)

struct refusal {
    enum refusal_kind kind;
    char sentence[REFUSAL_SENTENCE_SIZE];
    char instance[SCHEMA_POINTER_SIZE]; /* JSON Pointer into the message; of a schema's refusals */
    char schema[SCHEMA_POINTER_SIZE];   /* fragment with one into the schema, likewise; or "" */
};

/* The word of a kind, lower case with '_', and its close code. */
const char *refusal_word(enum refusal_kind kind);
int refusal_close_code(enum refusal_kind kind);

/* Fills `refusal`. Returns false, which is what a check that refuses returns. */
__attribute__((format(printf, 3, 4))) bool
refusal_set(struct refusal *refusal, enum refusal_kind kind, const char *format, ...);

/* Likewise for what a scan or a parse came to, at byte `at`; `result` is not JSON_OK. */
bool refusal_of_json(struct refusal *refusal, enum json_result result, size_t at,
                     const struct json_limits *limits);

/* Likewise for what a schema says. The path of its file is nobody's business. */
bool refusal_of_schema(struct refusal *refusal, const struct schema_finding *finding);

/* Writes the reason of a close frame, zero-terminated: pointers that are too long lose their
 * beginnings. */
void refusal_reason(const struct refusal *refusal, char reason[REFUSAL_REASON_SIZE]);

/* Writes {"error":...,"detail":...}, with a schema also "instance" and "schema", into `json` of
 * REFUSAL_JSON_SIZE bytes. Returns its length. */
size_t refusal_to_json(const struct refusal *refusal, char *json);

#endif
