/*
 * Patterns of ECMA-262 (the dialect that JSON Schema asks for) by PCRE2.
 */
#ifndef VALIDATE_SCHEMA_PATTERN_H
#define VALIDATE_SCHEMA_PATTERN_H

#include "json/arena.h"
#include "matcher.h"

/* Compiles a pattern; `arena` is for what is needed on the way. The caller owns the code
 * (pcre2_code_free), which any thread may match with. NULL with a sentence in `error`. */
pcre2_code *pattern_compile(struct json_text pattern, struct arena *arena, char *error,
                            size_t error_size);

/* Whether it is a pattern, which the text of a message may claim to be. */
bool pattern_is_valid(struct json_text pattern, struct arena *arena);

#endif
