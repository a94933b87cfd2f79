/*
 * What the commands for plugin authors say if something is wrong with how they were called: for
 * people on standard error, for scripts (--json) as JSON on standard output.
 *
 * Main thread.
 */
#ifndef SLUICE_WORKBENCH_COMPLAINT_H
#define SLUICE_WORKBENCH_COMPLAINT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Who complains. */
struct complaint {
    const char *command;
    bool json;
};

/* Prints "sluice COMMAND: ..." or {"error": code, "detail": ...}. `code` is one word. */
void complain(const struct complaint *complaint, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether --json is there, whatever is wrong with the rest: errors are JSON then, too. */
bool complaint_is_json(int argc, char *const *argv);

/* Prints a value as one line of JSON, and frees it. */
void complaint_print_json(cJSON *value);

#endif
