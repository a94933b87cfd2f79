/*
 * Matches patterns of PCRE2 within a budget of steps for each message.
 *
 * One limit for each match is not enough: a message of many short texts, each just below it, would
 * still take seconds. So a message has a budget for all its matches together. PCRE2 does not tell
 * how many steps it took, only that there were too many, so a match is tried with few steps first
 * and again with more; what was tried is taken from the budget.
 *
 * One thread at a time; nothing is shared.
 */
#ifndef VALIDATE_SCHEMA_MATCHER_H
#define VALIDATE_SCHEMA_MATCHER_H

#include "json/json_value.h"

#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCHER_BUDGET 4 /* times the limit of one match: what one message has */

struct matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *jit_stack; /* NULL: patterns are interpreted */
    uint32_t limit;             /* steps of one match */
    uint64_t left;              /* steps that the message still has */
};

enum match { MATCH_NO, MATCH_YES, MATCH_TOO_LONG };

/* Prepares one, with `limit` (at least 1) steps for a match. Returns false without memory. */
bool matcher_init(struct matcher *matcher, uint32_t limit);

/* NULLs are fine. */
void matcher_deinit(struct matcher *matcher);

/* A new message begins: its budget is whole. */
void matcher_begin(struct matcher *matcher);

/* Whether the pattern matches somewhere in the text, which is valid UTF-8. MATCH_TOO_LONG: it takes
 * more steps, memory or depth than there is. */
enum match matcher_match(struct matcher *matcher, const pcre2_code *pattern, struct json_text text);

#endif
