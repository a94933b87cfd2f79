/*
 * The values that plugins read: what is behind the opaque struct sl_value.
 *
 * A value owns its texts and entries. Immutable once made.
 */
#ifndef SLUICE_CONFIG_OPTION_VALUE_H
#define SLUICE_CONFIG_OPTION_VALUE_H

#include "config/options.h"

/* In a map, a list of anything but mappings has the type SL_OPTION_STRINGS, whatever its entries
 * are: each entry says its own type. */
struct sl_value {
    enum sl_option_type type;
    union {
        bool boolean;
        int64_t integer;         /* integer, duration, size */
        double number;           /* number, rate */
        struct sl_string string; /* string, choice, path, secret: owned, zero-terminated */
        struct {
            struct sl_value *items;
            struct sl_string *keys; /* of a map: owned, zero-terminated; else NULL */
            size_t count;
        } list;
    } as;
};

/* Frees what a value owns and wipes it if it is a secret; a zeroed value is fine. */
void option_value_deinit(struct sl_value *value);

/* Copies `len` bytes as the value's text. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int option_value_set_text(struct sl_value *value, const char *text, size_t len);

/* Gives the value room for `count` zeroed entries, with keys if it is a map; the caller raises
 * as.list.count as it fills them. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int option_value_reserve(struct sl_value *value, size_t count);

#endif
