/*
 * HTTP statuses (RFC 9110, section 15): their texts, and small responses that refuse something and
 * end the connection.
 *
 * Pure: no sockets, no allocation. Thread-safe, no state.
 */
#ifndef SLUICE_WS_HTTP_STATUS_H
#define SLUICE_WS_HTTP_STATUS_H

#include <stddef.h>

/* The text that stands behind a status; one for its class if the status is not among those that are
 * used here. Static storage. */
const char *http_status_text(int status);

/* Writes a response with `sentence` as plain text, which is not to be cached and ends the
 * connection. `headers` are complete lines with their line ends, or "". Returns its length, or 0 if
 * it does not fit into `size` bytes. */
size_t http_refusal(int status, const char *headers, const char *sentence, char *out, size_t size);

#endif
