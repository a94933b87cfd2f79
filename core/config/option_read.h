/*
 * One option's value from its YAML node; for options.c only.
 */
#ifndef SLUICE_CONFIG_OPTION_READ_H
#define SLUICE_CONFIG_OPTION_READ_H

#include "config/option_value.h"
#include "config/typed.h"

/* What a value is read from and by which row. */
struct option_reader {
    struct typed typed;
    const struct sl_option *row;
    const char *folder; /* that relative paths are looked for in */
};

/* Fills the zeroed `value`. Returns 0, ERR_CONFIG (reported) or ERR_NO_MEMORY; after an error the
 * caller still deinitialises `value`. */
MUST_CHECK int option_read(const struct option_reader *reader, struct sl_value *value);

/* The same for a secret: ${...}, {env: NAME} or {file: PATH}. */
MUST_CHECK int option_read_secret(const struct option_reader *reader, struct sl_value *value);

/* The same for what is inside maps, where scalars have the type that YAML 1.2 gives them. */
MUST_CHECK int option_read_any(const struct typed *typed, struct sl_value *value);

#endif
