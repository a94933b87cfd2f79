/*
 * Whether a plugin's HTTP request may be sent, and how its response's head reads.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_HTTP_HTTP_CHECK_H
#define SLUICE_HTTP_HTTP_CHECK_H

#include <sluice/plugin.h>

#define HTTP_URL_MAX 8192
#define HTTP_METHOD_MAX 32
#define HTTP_ORIGIN_MAX 128

/* Reads what a plugin has given, which may be an older or newer struct: defaults are filled in,
 * members that the plugin does not know are zero. Returns NULL, or the sentence that says what is
 * wrong with it, in static storage. */
const char *http_check(const struct sl_http_request *given, struct sl_http_request *out);

/* As struct sl_host documents it. */
const char *http_url_error(struct sl_string url);

/* The server that a checked URL names, in lower case and without its path: "https://a.test:8443".
 * Cut if it is longer. */
void http_origin(struct sl_string url, char origin[HTTP_ORIGIN_MAX]);

/* A number for a server, of its whole name. */
uint64_t http_server(struct sl_string url);

/* Whether a URL names its server by an address, or as localhost, so that no DNS is asked. */
bool http_has_address(struct sl_string url);

bool http_is_safe(struct sl_string method); /* GET or HEAD */

/* The next header in a response's head from *at on, which moves; lines that are no headers are
 * passed over. False at the end. Borrows from `head`. */
bool http_next_header(struct sl_string head, size_t *at, struct sl_pair *header);

/* As struct sl_host documents it. */
bool http_header(const struct sl_http_response *response, const char *name_cstr,
                 struct sl_string *found);

#endif
