/*
 * The body of a request to the admin listener, from the options of a command.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_CLI_REQUEST_BODY_H
#define SLUICE_CLI_REQUEST_BODY_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* A member; one whose value is NULL is left out. */
struct request_text {
    const char *name;
    const char *value;
};

/* Whether an option's text can be a close code: four digits. The server decides which it sends. */
bool request_code_is_number(const char *code);

/* Prints the request with these texts and, unless it is NULL, the close code. Frees the request,
 * which may be NULL. Returns a text that the caller frees with cJSON_free(), or NULL if there is no
 * memory. */
char *request_body(cJSON *request, const struct request_text *texts, size_t count,
                   const char *code);

#endif
