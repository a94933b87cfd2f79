/*
 * What libyaml could not read, in words that help.
 */
#ifndef SLUICE_CONFIG_YAML_SYNTAX_H
#define SLUICE_CONFIG_YAML_SYNTAX_H

#include "config/diagnostics.h"
#include "config/yaml.h"

#include <yaml.h>

/* Adds the error that `parser` stopped at, with a hint where the usual reason can be seen. */
void yaml_syntax_error(const yaml_parser_t *parser, const struct yaml_source *source,
                       struct diagnostics *diagnostics);

#endif
