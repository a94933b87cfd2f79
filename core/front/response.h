/*
 * Small HTTP responses that end their connection.
 *
 * On the CivetWeb worker that runs the request's callback.
 */
#ifndef SLUICE_FRONT_RESPONSE_H
#define SLUICE_FRONT_RESPONSE_H

#include <stddef.h>

struct mg_connection;

struct response {
    int status;
    const char *content_type;
    const char *headers; /* complete lines with their line ends, or "" */
    const char *body;    /* left out for HEAD and 304 */
    size_t body_len;     /* bytes */
    const char *caching; /* Cache-Control; NULL: no-store */
};

/* Sends it with Date, Content-Length and `Connection: close`; a request body is left unread.
 * Returns the status. */
int response_send(struct mg_connection *conn, const struct response *response);

/* Sends a sentence as plain text. `header` is "Name: value" or NULL. Returns the status. */
int response_send_text(struct mg_connection *conn, int status, const char *sentence,
                       const char *header);

#endif
