/*
 * URIs as references in schemas use them (RFC 3986, section 5). Pure; any thread.
 */
#ifndef VALIDATE_SCHEMA_URI_H
#define VALIDATE_SCHEMA_URI_H

#include <stdbool.h>
#include <stddef.h>

#define URI_MAX 2048

/* Resolves a reference against a base into `out` (URI_MAX bytes). False: too long. */
bool uri_resolve(const char *base_cstr, const char *reference, size_t len, char *out);

/* Decodes %XX in place. */
void uri_decode(char *text_cstr);

/* Takes the next token of a JSON Pointer, at a '/', with ~0 and ~1 decoded; moves *pointer behind
 * it. Returns its length. */
size_t pointer_token(const char **pointer, char *out, size_t size);

#endif
