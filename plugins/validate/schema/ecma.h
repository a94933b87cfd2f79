/*
 * Patterns of ECMA-262 with the u flag, written anew as patterns of PCRE2.
 *
 * A pattern is read by the grammar of ECMA-262 (22.2.1), so what that does not know is an error and
 * not what PCRE2 happens to make of it. What both know by the same sign and mean differently is
 * written in signs that only have one meaning.
 *
 * What groups have captured matters to back references only, so groups that none names capture
 * nothing. In ECMA-262 a group forgets what it has captured as soon as what is repeated around it
 * begins anew, and a reference to a group without a capture matches the empty text; PCRE2 keeps the
 * capture. So wherever an alternative or something optional is passed over, the groups in it
 * capture the empty text there instead, under the same numbers ("(?|").
 *
 * One thread at a time; nothing is shared.
 */
#ifndef VALIDATE_SCHEMA_ECMA_H
#define VALIDATE_SCHEMA_ECMA_H

#include "json/arena.h"
#include "json/json_value.h"

#include <stdbool.h>
#include <stdint.h>

#define ECMA_REFERENCED_MAX 64 /* groups that back references name */
#define ECMA_NAMES_MAX 64      /* groups with a name */
#define ECMA_DEPTH_MAX 200 /* groups within groups; PCRE2 has 250 with what is put around them */

/* What matches nothing. Of an empty class alone PCRE2 would ignore the quantifier. */
#define ECMA_NOTHING "(?:[])"

/* What has to be known of a group, or of the pattern as a whole, where it begins. */
struct ecma_shape {
    uint32_t groups_end; /* how many capturing groups have begun where it ends */
    bool has_choice;     /* it has several alternatives */
    bool is_optional;    /* its quantifier allows none, and some */
    bool is_lazy;        /* none is tried first */
};

struct ecma_name {
    struct json_text text;
    uint32_t group;
};

/* A reading of a pattern. It is read several times: to learn about its groups, to measure what will
 * be written, and to write it. */
struct ecma {
    struct json_text pattern;
    const char *at;
    const char *end;
    char *out; /* NULL: nothing is written, only measured */
    size_t out_len;
    const char *fault; /* what is wrong, or NULL; static */
    unsigned depth;
    unsigned look_behinds;     /* that the reading is inside of */
    uint32_t groups;           /* capturing ones that have begun */
    uint32_t group_count;      /* of the last reading that came to the end */
    struct ecma_shape *shapes; /* of the arena, or NULL in the first reading; by order */
    uint32_t shapes_begun;
    struct ecma_name names[ECMA_NAMES_MAX];
    uint32_t name_count;
    uint32_t referenced[ECMA_REFERENCED_MAX]; /* numbers of groups, ascending */
    bool is_closed[ECMA_REFERENCED_MAX];      /* the group has ended in this reading */
    uint32_t referenced_count;
};

/* Writes a pattern anew; the result is the arena's and not zero-terminated. Returns false with a
 * sentence (static) in `fault`. */
bool ecma_translate(struct json_text pattern, struct arena *arena, struct json_text *out,
                    const char **fault);

/* -- between the files of the translation -- */

void ecma_put(struct ecma *ecma, const char *text);

/* One character as itself. Lone surrogates, which no text has, match nothing. */
void ecma_put_character(struct ecma *ecma, uint32_t character);

/* Reads the character at `at`. */
uint32_t ecma_take_character(struct ecma *ecma);

bool ecma_take(struct ecma *ecma, char expected);

bool ecma_is_alphanumeric(uint32_t character);

/* ecma_reference.c. How many of the groups that are referred to come before a group, and whether it
 * is one of them. */
uint32_t ecma_referenced_before(const struct ecma *ecma, uint32_t group);
bool ecma_is_referenced(const struct ecma *ecma, uint32_t group);

/* Lets those of the groups that follow `first` up to `last` capture the empty text. */
void ecma_put_empty_captures(struct ecma *ecma, uint32_t first, uint32_t last);

/* They have captured nothing, whatever comes. */
void ecma_forget_captures(struct ecma *ecma, uint32_t first, uint32_t last);

/* Writes a reference, and notes that the group is referred to. */
void ecma_put_reference(struct ecma *ecma, uint32_t group);

/* Reads a name up to its ">". Returns false with a fault. */
bool ecma_take_name(struct ecma *ecma, struct json_text *name);

/* Gives a group its name; and the group of a name, or 0. */
void ecma_note_name(struct ecma *ecma, struct json_text name, uint32_t group);
uint32_t ecma_find_name(const struct ecma *ecma, struct json_text name);

/* ecma_escape.c, behind a backslash. Whether an escape for several characters (\d, \p{...}) stands
 * there, which is then written. */
bool ecma_take_set(struct ecma *ecma, bool in_class);

/* ecma_property.c, behind "p" or "P". */
void ecma_take_property(struct ecma *ecma, bool is_negated);

/* The character that an escape stands for. */
uint32_t ecma_take_escape(struct ecma *ecma, bool in_class);

/* ecma_class.c: at "[". */
void ecma_take_class(struct ecma *ecma);

#endif
