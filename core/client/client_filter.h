/*
 * Which clients somebody means: those of an identity, an address, an endpoint or a topic.
 *
 * A plain value. Only the client's loop may ask whether a client is meant.
 */
#ifndef SLUICE_CLIENT_CLIENT_FILTER_H
#define SLUICE_CLIENT_CLIENT_FILTER_H

#include "delivery/topic.h"

#include <sluice/address.h>
#include <stdbool.h>

struct client;
struct endpoint;

/* A client is meant if all that is given here is true of it; zeros: every client. */
struct client_filter {
    const struct endpoint *endpoint; /* NULL: any; lives as long as the hub */
    bool has_address;
    struct sl_prefix address;
    char identity[TOPIC_NAME_MAX + 1]; /* zero-terminated; "": any, and none */
    char topic[TOPIC_NAME_MAX + 1];    /* that it is subscribed to; the same */
};

/* Whether nothing is given. */
bool client_filter_is_empty(const struct client_filter *filter);

bool client_filter_matches(const struct client_filter *filter, const struct client *client);

#endif
