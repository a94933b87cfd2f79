/*
 * Errors of a configuration as one text, "LINE:COLUMN TEXT" a line, to compare with what is
 * expected.
 */
#ifndef SLUICE_TESTS_CONFIG_ERRORS_H
#define SLUICE_TESTS_CONFIG_ERRORS_H

#include "config/diagnostics.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

/* Checks the errors' exact positions and texts, in the order found, and releases them. */
static inline void assert_errors(struct diagnostics *diagnostics, const char *expected)
{
    char found[16384] = "";
    size_t len = 0;
    for (size_t i = 0; i < diagnostics->count && len < sizeof found; i++) {
        const struct diagnostic *item = &diagnostics->items[i];
        len += (size_t)snprintf(found + len, sizeof found - len, "%u:%u %s\n", item->position.line,
                                item->position.column, item->text);
    }
    assert_string_equal(found, expected);
    diagnostics_deinit(diagnostics);
}

#endif
