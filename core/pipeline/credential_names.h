/*
 * Where the clients of a pipeline show credentials: the names of header fields, query parameters,
 * cookies and members of messages that its configuration gives, in options that are marked
 * SL_OPTION_CREDENTIAL.
 *
 * Built on the main thread, immutable afterwards.
 */
#ifndef SLUICE_PIPELINE_CREDENTIAL_NAMES_H
#define SLUICE_PIPELINE_CREDENTIAL_NAMES_H

#include "base/error.h"
#include "config/options.h"

#include <stdbool.h>
#include <stddef.h>

struct yaml_node;

struct credential_names {
    char **items; /* owned; zero-terminated */
    size_t count;
};

/* Adds those that a plugin's options name, or its defaults. `options` may be NULL. Returns 0 or
 * ERR_NO_MEMORY. */
MUST_CHECK int credential_names_add(struct credential_names *names,
                                    const struct option_table *table,
                                    const struct yaml_node *options);

/* Whether `name` is one of them; ASCII case does not matter. */
bool credential_names_has(const struct credential_names *names, const char *name);

void credential_names_deinit(struct credential_names *names);

#endif
