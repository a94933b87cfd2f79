/*
 * Why a message is refused: the close code, a word for programs and a sentence for people.
 *
 * Pure, any thread.
 */
#ifndef VALIDATE_REFUSAL_H
#define VALIDATE_REFUSAL_H

#include "json_check.h"

#include <stddef.h>
#include <stdint.h>

/* With the longest member's name every detail still fits a close frame's 123 bytes. */
#define REFUSAL_DETAIL_SIZE 124
/* Every byte of a detail may become an escape of six. */
#define REFUSAL_JSON_SIZE (REFUSAL_DETAIL_SIZE * 6 + 64)

struct refusal {
    int close_code;
    const char *error; /* lower case words with '_'; static storage */
    char detail[REFUSAL_DETAIL_SIZE];
};

/* Each fills `refusal` with one reason. */
void refusal_of_type(struct refusal *refusal, const char *allowed);
void refusal_of_small(struct refusal *refusal, uint64_t min_size);
void refusal_of_large(struct refusal *refusal, uint64_t max_size);
void refusal_of_json(struct refusal *refusal, const struct json_finding *finding,
                     const struct json_limits *limits);

/* Writes {"error":"...","detail":"..."} into `json` of REFUSAL_JSON_SIZE bytes. Returns its
 * length. */
/* What the content is not: with a schema, where in the message and in the schema. */
void refusal_of_content(struct refusal *refusal, const char *error, const char *sentence);
void refusal_of_schema(struct refusal *refusal, const char *instance, const char *sentence,
                       const char *schema);

size_t refusal_to_json(const struct refusal *refusal, char *json);

#endif
