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
#include "texts.h"

/* Marks a string: characters are removed from it, it is escaped for HTML, both, or neither. */
void rewrite_mark(struct json_value *string, bool is_cleaned, bool is_escaped);

/* Writes the message of which `root` was parsed. *out is owned by the arena. False without memory.
 */
bool rewrite_message(const struct texts *texts, const struct json_value *root,
                     struct json_text message, struct arena *arena, struct json_text *out);

/* Writes a marked string's text, without quotes. Likewise. */
bool rewrite_text(const struct texts *texts, const struct json_value *string, struct arena *arena,
                  struct json_text *out);

#endif
