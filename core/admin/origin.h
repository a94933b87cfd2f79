/*
 * Checks where a request of the admin API comes from: no other site's page may make a browser ask.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_ADMIN_ORIGIN_H
#define SLUICE_ADMIN_ORIGIN_H

#include <stdbool.h>

/* Whether `origin` is that of the listener that is asked, which `host` names. True for NULL: no
 * browser asks, or one that sends no Origin. */
bool origin_is_ours(const char *origin, const char *host);

/* Whether a Host header names this machine by a number or as localhost. Another site may have
 * pointed any other name at us; with a token that does no harm. */
bool origin_host_is_plain(const char *host);

#endif
