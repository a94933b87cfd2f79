/*
 * How long a client may stay. One whose certificate ends while it is connected is closed with 4401,
 * as one whose token ends is; one that has reached its endpoint's clients.max_age, with 1001.
 *
 * Only the client's loop. Certificates live by the wall clock, which may be set: it is looked at
 * again at least once a minute. Ages differ by up to a tenth, so that clients that came together do
 * not all come back together.
 */
#ifndef SLUICE_CLIENT_LIFETIME_H
#define SLUICE_CLIENT_LIFETIME_H

#include "base/error.h"

struct client;
struct lifetime;

/* Watches a client that has just opened, if its certificate or its age limits its time. Returns 0
 * or ERR_NO_MEMORY. */
MUST_CHECK int lifetime_start(struct client *client);

/* A reload has brought the client: clients.max_age may be another. One that had none before counts
 * from now on; without memory it stays without. */
void lifetime_adjust(struct client *client);

/* Stops and frees. NULL is fine. */
void lifetime_destroy(struct lifetime *lifetime);

#endif
