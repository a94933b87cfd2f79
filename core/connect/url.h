/*
 * ws:// and wss:// URLs (RFC 6455, section 3), taken apart.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_CONNECT_URL_H
#define SLUICE_CONNECT_URL_H

#include <stdbool.h>
#include <stddef.h>

#define URL_HOST_MAX 256 /* bytes, with the terminating zero; so below */
#define URL_TARGET_MAX 8192

struct url {
    bool is_tls;
    char host[URL_HOST_MAX];           /* a name, or an address without brackets */
    char port[6];                      /* decimal */
    char authority[URL_HOST_MAX + 10]; /* for the Host header: without the scheme's own port */
    char target[URL_TARGET_MAX];       /* path and query, "/" at least */
};

/* Takes a URL apart. Returns true; or false with a sentence in `why`, which shows no user info and
 * no query. */
bool url_parse(const char *text, struct url *url, char *why, size_t size);

#endif
