/*
 * What the admin API tells of a client.
 *
 * Read on the client's loop, a plain value afterwards.
 */
#ifndef SLUICE_ADMIN_CLIENT_INFO_H
#define SLUICE_ADMIN_CLIENT_INFO_H

#include "base/address.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct endpoint;

struct client_info {
    uint64_t id;
    const struct endpoint *endpoint; /* lives as long as the hub */
    char *identity;                  /* owned; NULL: none */
    struct address address;
    uint32_t subscriptions;
    size_t queued_bytes;
    int64_t silent_ns; /* since something was heard from it */
    int64_t age_ns;
    uint64_t bytes_in; /* that the connection has received, TLS and upgrade included */
    uint64_t bytes_out;
    uint32_t messages_in; /* modulo 2^32 */
    uint32_t messages_out;
    uint32_t dropped;
    bool has_traffic; /* the kernel has counted them */
    bool is_tls;
    bool is_closing;
};

/* Whether the API tells of it at all. */
bool client_info_is_shown(const struct client *client);

/* The caller frees the identity. */
void client_info_read(const struct client *client, struct client_info *out);

cJSON *client_info_describe(const struct client_info *info);

#endif
