/*
 * The lines that explain an option, taken apart: "  -c, --config FILE   the configuration".
 *
 * Pure, any thread.
 */
#ifndef SLUICE_CLI_ARGUMENT_TEXT_H
#define SLUICE_CLI_ARGUMENT_TEXT_H

#include "cli/arguments.h"

/* Copies what the option means, on one line. */
void argument_text_meaning(const char *help, char text[ARGUMENT_TEXT_MAX]);

/* Copies what the option's value is called ("FILE"); nothing if it has none. */
void argument_text_value(const char *help, char name[ARGUMENT_NAME_MAX]);

#endif
