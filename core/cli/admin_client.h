/*
 * Asking a running server: one HTTP request to its admin listener.
 *
 * Main thread; waits at most ADMIN_CLIENT_TIMEOUT seconds, unless the request says otherwise.
 */
#ifndef SLUICE_CLI_ADMIN_CLIENT_H
#define SLUICE_CLI_ADMIN_CLIENT_H

#include "base/buffer.h"
#include "cli/cli.h"

#include <cjson/cJSON.h>

#define ADMIN_CLIENT_TIMEOUT 60 /* seconds */

struct admin_client_request {
    const char *method;
    const char *path; /* with the query; only characters that a URL may have */
    const char *json; /* the body, or NULL: none */
    int64_t patience; /* ns that may pass without any of the answer; 0: ADMIN_CLIENT_TIMEOUT */
};

/* Sends a request to the admin listener that the options or the configuration name, and appends the
 * zero-terminated body of the answer to `body`. Returns the HTTP status, or -1: no answer; that has
 * been said then. */
int admin_client_ask(const struct cli_options *options, const struct admin_client_request *request,
                     struct buffer *body);

/* The same for an answer that is a JSON object. Returns it, for cJSON_Delete, or NULL: the request
 * was refused or not answered, which has been said. */
cJSON *admin_client_fetch(const struct cli_options *options,
                          const struct admin_client_request *request);

/* Members of an answer; 0 and "" if they are not there. */
double admin_client_number(const cJSON *object, const char *name);
const char *admin_client_text(const cJSON *object, const char *name);

/* Says what to do about a status: with 401, that --token-file names the token's file. */
void admin_client_advise(const struct cli_options *options, int status);

/* Prints an answer as one line of JSON. */
void admin_client_print(const cJSON *answer);

#endif
