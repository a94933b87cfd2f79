/*
 * A YAML scalar as a typed value, or an error at its position that says what was expected.
 *
 * Shared by the server's own keys and by plugin options, so that both speak the same language.
 * Pure apart from the diagnostics. Each function returns 0 or ERR_CONFIG (reported, or known to be
 * broken) and then leaves *out alone. `name` is what messages call the value ("limits.clients").
 */
#ifndef SLUICE_CONFIG_TYPED_H
#define SLUICE_CONFIG_TYPED_H

#include "base/error.h"
#include "config/diagnostics.h"
#include "config/yaml.h"

#include <stdbool.h>
#include <stdint.h>

/* What is being read: the node and how messages call it. */
struct typed {
    const struct yaml_node *node; /* NULL is taken as empty, at `where` */
    const char *name;
    struct position where;
    struct diagnostics *diagnostics;
};

/* Bounds, inclusive; both 0: none. */
struct bounds {
    double minimum;
    double maximum;
};

MUST_CHECK int typed_bool(const struct typed *typed, bool *out);
MUST_CHECK int typed_integer(const struct typed *typed, struct bounds bounds, int64_t *out);
MUST_CHECK int typed_number(const struct typed *typed, struct bounds bounds, double *out);
MUST_CHECK int typed_duration(const struct typed *typed, struct bounds bounds, int64_t *out);
MUST_CHECK int typed_size(const struct typed *typed, struct bounds bounds, int64_t *out);
MUST_CHECK int typed_rate(const struct typed *typed, struct bounds bounds, double *out);

/* Any scalar that is not empty or null; a quoted empty text is one. Borrowed from the node. */
MUST_CHECK int typed_text(const struct typed *typed, const char **out);

/* Checks a text's length in bytes. */
MUST_CHECK int typed_length(const struct typed *typed, struct bounds bounds, size_t len);

/* Checks that the node is of that kind; a null is taken as an empty one of it. */
MUST_CHECK int typed_kind(const struct typed *typed, enum node_kind kind);

/* Adds an error at the value's position, "name: ...", and returns ERR_CONFIG. */
int typed_error(const struct typed *typed, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds the error for a text that is none of `count` names, naming the nearest, and returns
 * ERR_CONFIG. */
int typed_unknown_choice(const struct typed *typed, const char *text, const char *const *names,
                         size_t count);

#endif
