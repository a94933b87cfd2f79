/*
 * The attributes of one client: what plugins know about it, for each other.
 *
 * Only the client's loop. Names and values are copied; zeroed attributes are none.
 */
#ifndef SLUICE_PIPELINE_ATTRIBUTES_H
#define SLUICE_PIPELINE_ATTRIBUTES_H

#include "base/error.h"

#include <sluice/plugin.h>

#include <stddef.h>

#define ATTRIBUTE_NAME_MAX 63
#define ATTRIBUTE_VALUE_MAX 4095
#define ATTRIBUTES_MAX ((size_t)16 * 1024) /* names and values of one client */

struct attribute;

struct attributes {
    struct attribute *first;
    size_t size; /* of all names and values, bytes */
};

/* Sets or replaces an attribute; value NULL removes it. Returns 0, ERR_INVALID (a name or value
 * that is too long, or a name without a byte), ERR_LIMIT (more than ATTRIBUTES_MAX) or
 * ERR_NO_MEMORY; nothing has changed then. */
MUST_CHECK int attributes_set(struct attributes *attributes, const char *name, const char *value,
                              size_t len);

/* Sets some, whose names and values are zero-terminated: all of them, or, with one of these errors,
 * none. Of several with one name the last counts. */
MUST_CHECK int attributes_set_all(struct attributes *attributes, const struct sl_pair *pairs,
                                  size_t count);

/* The value, zero-terminated too and valid until it is set again, or NULL. */
const char *attributes_get(const struct attributes *attributes, const char *name, size_t *len);

/* Removes all. */
void attributes_clear(struct attributes *attributes);

#endif
