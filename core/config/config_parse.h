/*
 * A configuration from a text in memory, for tests and fuzzing; config_load reads files.
 */
#ifndef SLUICE_CONFIG_CONFIG_PARSE_H
#define SLUICE_CONFIG_CONFIG_PARSE_H

#include "config/config.h"

/* Like config_load, with the text of `file` given: positions name that file, and relative paths are
 * looked for in its folder. */
MUST_CHECK int config_parse(const char *file, const char *data, size_t len,
                            const struct config_override *overrides, size_t override_count,
                            struct diagnostics *diagnostics, struct config **out);

#endif
