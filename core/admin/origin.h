/*
 * Whether a request of the admin API comes from where it should: a browser must not be made to ask
 * by a page of somebody else's.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_ADMIN_ORIGIN_H
#define SLUICE_ADMIN_ORIGIN_H

#include <stdbool.h>

/* Whether a request that changes something may be followed: `origin` (NULL: no browser, or none
 * that says so) is that of the very listener that is asked, which `host` names. */
bool origin_is_ours(const char *origin, const char *host);

/* Whether a Host header names this machine by a number or as localhost. Any other name may be one
 * that somebody else's page has pointed at us; a listener with a token need not care. */
bool origin_host_is_plain(const char *host);

#endif
