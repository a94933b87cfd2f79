/*
 * Values of a configuration as JSON Schema (draft 7) describes them: one schema for each notation,
 * which takes all that the server takes, and little else.
 *
 * Main thread. A schema owns what is put into it; without memory some of it is missing, or it is
 * NULL.
 */
#ifndef SLUICE_CLI_SCHEMA_VALUES_H
#define SLUICE_CLI_SCHEMA_VALUES_H

#include "config/typed.h"

#include <cjson/cJSON.h>

/* What a value may be is a list of alternatives, to which these add. Numbers may stand in quotes.
 */
void schema_add_bool(cJSON *alternatives);
void schema_add_integer(cJSON *alternatives, struct bounds bounds);
void schema_add_number(cJSON *alternatives, struct bounds bounds);
void schema_add_duration(cJSON *alternatives);
void schema_add_size(cJSON *alternatives, struct bounds bounds);
void schema_add_rate(cJSON *alternatives);
void schema_add_word(cJSON *alternatives, const char *word);
void schema_add_pattern(cJSON *alternatives, const char *pattern);
void schema_add_secret(cJSON *alternatives);

/* A text of so many bytes; without quotes it may look like a number or a boolean. */
void schema_add_text(cJSON *alternatives, struct bounds bounds);

/* Makes the schema of what is one of the alternatives. Takes them. */
cJSON *schema_any(cJSON *alternatives);

/* Makes the schema of a scalar, which may also come from the environment. Takes `alternatives`. */
cJSON *schema_scalar(cJSON *alternatives);

/* Makes the schema of a list, which may be null unless it needs an entry. Takes `item`. */
cJSON *schema_list(cJSON *item, bool is_required, struct bounds count);

/* Makes the schema of a mapping with no keys yet: more are added to its member "properties". */
cJSON *schema_mapping(void);

/* Adds a key to a mapping. Takes `value`. */
void schema_add_key(cJSON *mapping, const char *key, cJSON *value, bool is_required);

/* What has no key that is required may be null. */
void schema_end_mapping(cJSON *mapping);

/* Puts a description behind the other members, with the range in the notation of bounds. */
void schema_add_description(cJSON *schema, const char *summary, const char *range);

/* The schema that schema_scalar refers to as #/definitions/environment. */
cJSON *schema_environment(void);

#endif
