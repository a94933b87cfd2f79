/*
 * Asking HTTP servers without anybody waiting: an instance has one thread for it, started by the
 * first request, which waits for all of them at once. So a server that hangs holds up neither a
 * loop, nor a worker of the server's pool, nor the end of the instance.
 *
 * Bounded: in time (waiting for a turn included), in bytes, in requests under way and waiting.
 * Connections are kept and used again; a request
 * that ends without an answer because its connection does is asked once more, on a new one.
 * http_ask may be called from any thread.
 */
#ifndef AUTH_HTTP_H
#define AUTH_HTTP_H

#include <sluice/plugin.h>

#include <curl/curl.h>
#include <stdatomic.h>

#define HTTP_ACTIVE_MAX 64    /* requests under way, and connections */
#define HTTP_WAITING_MAX 1024 /* requests that wait for their turn */

struct http;

/* One request, and its answer when on_done is called. The caller's, who keeps it and what it points
 * to until then. */
struct http_request {
    const char *url_cstr;
    struct curl_slist *headers;      /* NULL: none */
    const char *ca_file_cstr;        /* NULL: the system's */
    int64_t timeout;                 /* ns, for everything together */
    size_t body_max;                 /* bytes */
    const atomic_bool *is_cancelled; /* NULL, or set by another thread: the answer is not wanted */
    /* Called once, on the thread of `http`. The body is freed when it returns. */
    void (*on_done)(struct http_request *request);

    long status; /* 0: there was no answer */
    char *body;  /* not zero-terminated; NULL: empty */
    size_t body_len;
    char error[CURL_ERROR_SIZE]; /* why there was none, as a sentence */

    /* Private. */
    struct http_request *next;
    int64_t deadline; /* ns, monotonic */
    bool is_too_long;
    bool is_asked_again;
    CURL *handle;
};

/* NULL: no memory. */
struct http *http_create(void);

/* Ends the thread; whatever is under way or waits is done then, without an answer. NULL is fine. */
void http_destroy(struct http *http);

/* Asks with GET, and follows no redirect. False if too much is waiting, it is cancelled
 * already, `http` ends, or there is no thread: then on_done is not called. */
bool http_ask(struct http *http, struct http_request *request);

/* For a request that has been cancelled: takes it out of those that wait for their turn, or has it
 * end soon. True: it did wait, and on_done will not be called. */
bool http_leave(struct http *http, const struct http_request *request);

/* Whether a URL can be asked: NULL, or what is wrong with it (static). */
const char *http_url_error(const char *url_cstr);

/* Whether what is sent to a URL, and what comes from there, can be read or changed on the way:
 * http:// to another machine. */
bool http_is_exposed(const char *url_cstr);

/* How many bytes of a URL may be logged: not its query, which may hold a secret. */
int http_loggable(const char *url_cstr);

#endif
