/*
 * A list that a command prints as JSON while it comes: {"NAME":[...]}. If something fails in the
 * middle, it ends as {"NAME":[...],"error":...,"detail":...}, so that it is one JSON text in any
 * case.
 *
 * One list at a time. Main thread.
 */
#ifndef SLUICE_CLI_JSON_LIST_H
#define SLUICE_CLI_JSON_LIST_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* Prints an item on standard output; the first one begins the list. Returns whether there was
 * memory. */
MUST_CHECK bool json_list_add(const char *name, const cJSON *item);

/* Prints the end of the list, or all of an empty one. */
void json_list_end(const char *name);

/* Ends a list that has begun, but not the object that it is in: the caller prints the rest of its
 * members. Returns whether there was such a list. */
bool json_list_leave(void);

#endif
