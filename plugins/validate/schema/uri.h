/*
 * References of URIs: RFC 3986, section 5.2. Syntax only; nothing is ever fetched.
 *
 * No state; any thread. Texts are zero-terminated.
 */
#ifndef VALIDATE_URI_H
#define VALIDATE_URI_H

#include "json/arena.h"

#include <stdbool.h>

/* Resolves `reference` against the absolute URI `base`. Returns the URI, owned by the arena, or
 * NULL without memory. Whatever is behind a '#' stays as it is. */
char *uri_resolve(struct arena *arena, const char *base, const char *reference);

/* Cuts the fragment off in place; returns it without the '#', or "" if there is none. */
char *uri_split_fragment(char *uri);

/* Decodes %XX in place. Returns the length. */
size_t uri_decode(char *text);

/* Whether the reference begins with a scheme. */
bool uri_has_scheme(const char *reference);

#endif
