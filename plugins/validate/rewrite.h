/*
 * Writes a message anew with some of its strings changed. All else stays as it was, byte by byte:
 * the order of members, white space, and how numbers are written.
 *
 * Pure; one arena a thread.
 */
#ifndef VALIDATE_REWRITE_H
#define VALIDATE_REWRITE_H

#include "json/arena.h"
#include "json/json_value.h"

/* Marks a string: its text is another than it was parsed as (`is_cleaned`), it is to be escaped for
 * HTML, both, or neither. */
void rewrite_mark(struct json_value *string, bool is_cleaned, bool is_escaped);

/* Writes the message of which `root` was parsed with what its marked strings are now, escaped only
 * if `escapes`. *out is owned by the arena. False without memory. */
bool rewrite_message(const struct json_value *root, struct json_text message, bool escapes,
                     struct arena *arena, struct json_text *out);

/* Escapes one text for HTML. Likewise. */
bool rewrite_escaped(struct json_text text, struct arena *arena, struct json_text *out);

#endif
