/*
 * The address to listen on as an operator writes it: "0.0.0.0:8080", "[::1]:8080", "*:8080".
 *
 * Pure, any thread.
 */
#ifndef SLUICE_CONFIG_LISTEN_ADDRESS_H
#define SLUICE_CONFIG_LISTEN_ADDRESS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct listen_address {
    bool loopback; /* only this machine reaches it */
    uint16_t port; /* 0: the kernel chooses */
};

/* The path of "unix:PATH", which the admin listener may have, in `text`; NULL: it is none. */
#define LISTEN_UNIX_PATH_MAX 100 /* bytes; the kernel's limit, rounded */
const char *listen_unix_path(const char *text);

/* Returns 0, or ERR_INVALID with what is wrong and what to write in `why`. */
MUST_CHECK int listen_address_parse(const char *text, struct listen_address *out, char *why,
                                    size_t why_size);

#endif
