/*
 * URLs from the options, which host->http_url_error has let through. Pure; any thread.
 */
#ifndef AUTH_URL_H
#define AUTH_URL_H

#include <stdbool.h>

/* Whether somebody on the way could read or change the exchange: http:// to another machine. */
bool url_is_exposed(const char *url_cstr);

/* How many bytes of a URL may be logged: all but its query, which may hold a secret. */
int url_loggable(const char *url_cstr);

#endif
