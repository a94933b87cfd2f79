/*
 * How commands say what is wrong: for people on standard error, for scripts (--json) as JSON on
 * standard output.
 *
 * Main thread.
 */
#ifndef SLUICE_CLI_CLI_ERROR_H
#define SLUICE_CLI_CLI_ERROR_H

#include "cli/cli.h"

#include <cjson/cJSON.h>

/* Prints one sentence: "sluice COMMAND: ..." or {"error": code, "detail": ...}. `code` is one
 * lower-case word with underscores. */
void cli_error(const struct cli_options *options, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints what was found: a line each; or, if there are errors, {"error", "detail", "errors",
 * "warnings"}. With --json warnings alone are left to the command. */
void cli_print_findings(const struct cli_options *options, const struct diagnostics *diagnostics);

/* Prints an object as one line of JSON, or as the last members of a list's that has begun
 * (json_list.h), and frees it. NULL: there was no memory for it, which is said. Returns whether it
 * was printed. */
bool cli_print_json(cJSON *value);

#endif
