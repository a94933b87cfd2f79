/*
 * Asking an HTTP server from a thread that may block: bounded in time and in bytes, and with
 * connections that are kept. Any thread; each request has one of the kept handles to itself.
 */
#ifndef AUTH_HTTP_H
#define AUTH_HTTP_H

#include <sluice/plugin.h>

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_HANDLES 16

struct http {
    pthread_mutex_t lock;
    CURL *handles[HTTP_HANDLES]; /* owned */
    size_t count;
};

/* One request, and its answer after http_get. */
struct http_request {
    const char *url_cstr;
    const struct curl_slist *headers; /* borrowed */
    const char *ca_file_cstr;         /* NULL: the system's */
    int64_t timeout;                  /* ns, for everything together */
    size_t body_max;                  /* bytes */
    const atomic_bool *is_cancelled;  /* NULL, or set by another thread: the answer is not wanted */
    long status;                      /* 0: there was no answer */
    char *body; /* owned by the caller: free(); zero-terminated; may be NULL */
    size_t body_len;
    char error[CURL_ERROR_SIZE]; /* why there was none, as a sentence */
};

void http_init(struct http *http);
void http_deinit(struct http *http);

/* Asks with GET; follows no redirect. Returns whether there was an answer, of whatever status. */
bool http_get(struct http *http, struct http_request *request);

/* Whether a URL is one that can be asked: http:// or https://. */
bool http_is_url(const char *url_cstr);

#endif
