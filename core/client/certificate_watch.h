/*
 * A client whose certificate ends while it is connected is closed with 4401, as one whose token
 * ends is.
 *
 * Only the client's loop. Certificates live by the wall clock, which may be set: it is looked at
 * again at least once a minute.
 */
#ifndef SLUICE_CLIENT_CERTIFICATE_WATCH_H
#define SLUICE_CLIENT_CERTIFICATE_WATCH_H

#include "base/error.h"

struct certificate_watch;
struct client;

/* Watches the client's certificate, if it has shown one. Returns 0 or ERR_NO_MEMORY. */
MUST_CHECK int certificate_watch_start(struct client *client);

/* Stops and frees. NULL is fine. */
void certificate_watch_destroy(struct certificate_watch *watch);

#endif
