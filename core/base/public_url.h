/*
 * URLs as messages show them: user info, query and fragment may hold secrets.
 *
 * Any thread.
 */
#ifndef SLUICE_BASE_PUBLIC_URL_H
#define SLUICE_BASE_PUBLIC_URL_H

#include <stddef.h>

#define PUBLIC_URL_MAX 1024 /* bytes, with the terminating zero: enough for messages */

/* Copies a URL, or what somebody took for one, without user info, query and fragment. Cuts what
 * does not fit into `size` bytes, the terminating zero included; `size` is at least 1. */
void public_url(const char *text, char *shown, size_t size);

#endif
