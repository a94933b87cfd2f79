/*
 * The values of "format", as assertions.
 *
 * Pure, any thread. "regex" needs the arena; it is given back before the check returns.
 */
#ifndef VALIDATE_SCHEMA_FORMAT_H
#define VALIDATE_SCHEMA_FORMAT_H

#include "json/arena.h"
#include "json/json_value.h"

/* Whether the string has the format. */
typedef bool format_check(struct json_text text, struct arena *arena);

struct format {
    format_check *check;
    unsigned work;        /* that a check takes: see schema_limits */
    unsigned work_a_byte; /* likewise, for each byte of the text */
};

/* A format, or NULL if the name is not known, which makes it an annotation. Static storage. */
const struct format *format_find(struct json_text name);

/* schema_format_net.c */
bool format_email(struct json_text text, struct arena *arena);
bool format_idn_email(struct json_text text, struct arena *arena);
bool format_hostname(struct json_text text, struct arena *arena);
bool format_idn_hostname(struct json_text text, struct arena *arena);
bool format_ipv4(struct json_text text, struct arena *arena);
bool format_ipv6(struct json_text text, struct arena *arena);

/* schema_format_uri.c */
bool format_uri(struct json_text text, struct arena *arena);
bool format_uri_reference(struct json_text text, struct arena *arena);
bool format_iri(struct json_text text, struct arena *arena);
bool format_iri_reference(struct json_text text, struct arena *arena);
bool format_uri_template(struct json_text text, struct arena *arena);

#endif
