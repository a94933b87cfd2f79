/*
 * The query of a request to the admin listener.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_CLI_QUERY_H
#define SLUICE_CLI_QUERY_H

#include <stdbool.h>

#define QUERY_MAX 8192u /* bytes */

/* Appends "&name=value" with what a URL may not have in %XX; nothing for a value of NULL. Returns
 * whether there was room. */
bool query_add(char query[QUERY_MAX], const char *name, const char *value);

#endif
