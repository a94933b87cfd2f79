/*
 * Asking HTTP servers without blocking the caller. An instance has one thread for this, started by
 * the first request, which waits for all answers at once. So a server that hangs holds up neither a
 * loop, nor a worker of the server's pool, nor the end of the instance.
 *
 * Bounded in time (waiting for a turn included), in bytes, and in requests that run and that wait.
 * Connections are kept and used again. A request whose connection ends before an answer is repeated
 * once on a new connection. http_ask may be called from any thread.
 */
#ifndef AUTH_HTTP_H
#define AUTH_HTTP_H

#include <sluice/plugin.h>

#include <curl/curl.h>
#include <stdatomic.h>

#define HTTP_ACTIVE_MAX 64    /* requests under way, and connections */
#define HTTP_WAITING_MAX 1024 /* requests that wait for their turn */

struct http;

/* One request, and its answer when on_done is called. The caller owns it, and keeps it and the data
 * that it points to until then. */
struct http_request {
    const char *url_cstr;
    struct curl_slist *headers;      /* NULL: none */
    const char *ca_file_cstr;        /* NULL: the system's */
    int64_t timeout;                 /* ns for the whole request */
    size_t body_max;                 /* bytes */
    const atomic_bool *is_cancelled; /* NULL, or a flag that another thread sets when the answer is
                                        not wanted any more */
    /* Called once, on the thread of `http`. The body is freed when it returns. */
    void (*on_done)(struct http_request *request);

    long status; /* 0: there was no answer */
    char *body;  /* not zero-terminated; NULL: empty */
    size_t body_len;
    char error[CURL_ERROR_SIZE]; /* why there was no answer, as a sentence */

    /* Private. */
    struct http_request *next;
    int64_t deadline; /* ns, monotonic */
    bool is_too_long;
    bool is_asked_again;
    CURL *handle;
};

/* NULL: no memory. */
struct http *http_create(void);

/* Ends the thread. Requests that run or wait are done then, without an answer. NULL is fine. */
void http_destroy(struct http *http);

/* Starts a GET, and follows no redirect. False if too many requests wait, it is cancelled already,
 * `http` is ending, or there is no thread; on_done is not called then. */
bool http_ask(struct http *http, struct http_request *request);

/* For a request that has been cancelled: removes it from the queue, or makes it end soon. True: it
 * was in the queue, and on_done will not be called. */
bool http_leave(struct http *http, const struct http_request *request);

/* NULL if the URL can be asked, else what is wrong with it (static). */
const char *http_url_error(const char *url_cstr);

/* Whether somebody on the way could read or change the exchange: http:// to another machine. */
bool http_is_exposed(const char *url_cstr);

/* How many bytes of a URL may be logged: all but its query, which may hold a secret. */
int http_loggable(const char *url_cstr);

#endif
