/*
 * Which clients a request of the admin API means: from texts to a filter.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_CLIENT_SELECTION_H
#define SLUICE_ADMIN_CLIENT_SELECTION_H

#include "base/error.h"
#include "client/client_filter.h"

struct hub;
struct mg_connection;

#define SELECTION_TEXT_MAX 1024 /* bytes */

/* As they were sent; NULL: not given. */
struct client_selection {
    const char *identity;
    const char *address; /* or a prefix */
    const char *endpoint;
    const char *topic;
};

/* Returns 0, ERR_NOT_FOUND (there is no such endpoint) or ERR_INVALID. After both `fault`, static
 * or in `buffer` (SELECTION_TEXT_MAX bytes), is a sentence. */
MUST_CHECK int client_selection_read(struct hub *hub, const struct client_selection *selection,
                                     struct client_filter *out, char *buffer, const char **fault);

/* Writes it for the log: `identity "ann", endpoint "/ws"`. Cut if it does not fit. */
void client_selection_describe(const struct client_selection *selection, char *text, size_t size);

#endif
