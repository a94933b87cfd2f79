/*
 * libcurl, loaded when the first request is made: a server whose plugins make none does not carry
 * its libraries.
 *
 * Any thread. It stays loaded, since a thread of libcurl that resolves a name may outlive whoever
 * has asked for it.
 */
#ifndef SLUICE_HTTP_HTTP_LIBRARY_H
#define SLUICE_HTTP_HTTP_LIBRARY_H

#include "base/clock.h"

#include <curl/curl.h>

#define HTTP_LIBRARY_FUNCTIONS(FUNCTION)                                                           \
    FUNCTION(global_init)                                                                          \
    FUNCTION(easy_init)                                                                            \
    FUNCTION(easy_setopt)                                                                          \
    FUNCTION(easy_getinfo)                                                                         \
    FUNCTION(easy_strerror)                                                                        \
    FUNCTION(easy_cleanup)                                                                         \
    FUNCTION(multi_init)                                                                           \
    FUNCTION(multi_setopt)                                                                         \
    FUNCTION(multi_add_handle)                                                                     \
    FUNCTION(multi_remove_handle)                                                                  \
    FUNCTION(multi_perform)                                                                        \
    FUNCTION(multi_info_read)                                                                      \
    FUNCTION(multi_poll)                                                                           \
    FUNCTION(multi_wakeup)                                                                         \
    FUNCTION(multi_cleanup)                                                                        \
    FUNCTION(slist_append)                                                                         \
    FUNCTION(slist_free_all)

/* libcurl's functions, without `curl_` in front. */
struct http_library {
#define FUNCTION(name) __typeof__(curl_##name) *name;
    HTTP_LIBRARY_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

#define HTTP_LIBRARY_PAUSE (10 * NS_PER_S)

/* Loads it unless it is loaded. What fails may have been for want of memory or descriptors, so it
 * is tried again, but not sooner than HTTP_LIBRARY_PAUSE after the last time. `now`: monotonic, ns.
 * Returns it, or NULL; then `error` says why, in static storage. */
const struct http_library *http_library_load(int64_t now, const char **error);

#endif
