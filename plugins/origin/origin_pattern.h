/*
 * Web origins (RFC 6454): a scheme, a host and a port, compared as a whole.
 *
 * A pattern is an origin, or one whose host begins with "*." for exactly one label. Pure; any
 * thread.
 */
#ifndef ORIGIN_PATTERN_H
#define ORIGIN_PATTERN_H

#include <sluice/plugin.h>

#define ORIGIN_HOST_MAX 254 /* with a dot at its end */

struct origin {
    bool any_label;                 /* "*.": one more label in front of `host` */
    char scheme[32];                /* browsers' extensions have long ones */
    char host[ORIGIN_HOST_MAX + 1]; /* lower case; IPv6 in brackets, in its shortest form; empty
                                       only for schemes other than http and https, as in file:// */
    unsigned port;                  /* if none is written: 80 for http, 443 for https */
};

/* Reads "scheme://host" or "scheme://host:port" and nothing more, as browsers send it. Returns
 * NULL, or what is wrong with it as the rest of a sentence (static). */
const char *origin_parse(struct sl_string text, struct origin *origin);

/* The same for patterns of operators: with a wildcard, and refusing obvious mistakes. */
const char *origin_parse_pattern(struct sl_string text, struct origin *origin);

/* Whether the pattern matches `origin`. */
bool origin_matches(const struct origin *pattern, const struct origin *origin);

#endif
