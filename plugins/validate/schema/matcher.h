/*
 * Matches patterns of PCRE2 within a budget of steps for each message.
 *
 * PCRE2's own match limit counts anew at each place of the text where a match may begin, and knows
 * nothing of loops over single characters or of other matches of the same message; each of that
 * lets a text take seconds. So patterns are compiled with MATCHER_COMPILE, which makes PCRE2 call
 * back before each of their items, and those calls are counted.
 *
 * One thread at a time; nothing is shared. A matcher does not move between init and deinit.
 */
#ifndef VALIDATE_SCHEMA_MATCHER_H
#define VALIDATE_SCHEMA_MATCHER_H

#include "json/json_value.h"

#include <stdint.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define MATCHER_BUDGET 4        /* times the limit of one match: what one message has */
#define MATCHER_STEPS_A_BYTE 16 /* of the text or the message: what there is besides the limits */

/* The options that a pattern has to be compiled with, besides those of its dialect. */
#define MATCHER_COMPILE (PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT)

struct matcher {
    pcre2_match_data *data;
    pcre2_match_context *context;
    pcre2_jit_stack *jit_stack; /* NULL: patterns are interpreted */
    uint32_t limit;             /* steps of one match */
    uint64_t left;              /* steps that the message still has */
    uint64_t match_left;        /* steps that the match still has */
    size_t position;            /* where the match has been last */
};

enum match { MATCH_NO, MATCH_YES, MATCH_TOO_LONG };

/* Prepares one, with `limit` (at least 1) steps for a match. Returns false without memory. */
bool matcher_init(struct matcher *matcher, uint32_t limit);

/* NULLs are fine. */
void matcher_deinit(struct matcher *matcher);

/* A new message of `len` bytes begins: its budget is whole. */
void matcher_begin(struct matcher *matcher, size_t len);

/* Whether the pattern matches somewhere in the text. The text is UTF-8, or counts as too long.
 * MATCH_TOO_LONG: it takes more steps, memory or depth than there is. */
enum match matcher_match(struct matcher *matcher, const pcre2_code *pattern, struct json_text text);

#endif
