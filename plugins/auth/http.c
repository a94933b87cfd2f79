#include "http.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define IDLE_MS 60000 /* it is woken up when there is something to do */
#define BUSY_MS 50    /* the deadlines of requests that wait for their turn are checked */

struct http {
    CURLM *multi;
    pthread_mutex_t lock;       /* of what follows */
    struct http_request *first; /* of those that wait */
    struct http_request **last; /* where the next one is linked */
    size_t waiting;
    bool is_started;
    bool is_stopping;
    pthread_t thread;
    struct http_request *active; /* the thread's: those under way */
    size_t active_count;
};

static int64_t monotonic_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* A thread of libcurl that resolves a name may outlive its request, and so this plugin. The
 * plugin's code must then still be mapped. */
static void keep_library_loaded(void)
{
    Dl_info info;
    union {
        CURL *(*function)(void);
        void *address;
    } known = {.function = curl_easy_init};
    if (dladdr(known.address, &info) != 0 && info.dli_fname != NULL)
        (void)dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

struct http *http_create(void)
{
    struct http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return NULL;
    keep_library_loaded();
    http->multi = curl_multi_init();
    if (http->multi == NULL) {
        free(http);
        return NULL;
    }
    curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)HTTP_ACTIVE_MAX);
    pthread_mutex_init(&http->lock, NULL);
    http->last = &http->first;
    return http;
}

/* -- one request -- */

/* libcurl ends the transfer if this returns less than it was given. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct http_request *request = context;
    size_t len = size * count;
    if (len > request->body_max - request->body_len) {
        request->is_too_long = true; /* libcurl writes a sentence of its own into `error`. */
        return 0;
    }
    char *grown = realloc(request->body, request->body_len + len + 1);
    if (grown == NULL)
        return 0;
    request->body = grown;
    memcpy(grown + request->body_len, data, len);
    request->body_len += len;
    return len;
}

static bool is_cancelled(const struct http_request *request)
{
    return request->is_cancelled != NULL && atomic_load(request->is_cancelled);
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return is_cancelled(context) ? 1 : 0;
}

static void prepare_handle(CURL *handle, struct http_request *request, int64_t left)
{
    curl_easy_setopt(handle, CURLOPT_URL, request->url_cstr);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)(left / 1000000 + 1));
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L); /* Does not wait for name resolution. */
    curl_easy_setopt(handle, CURLOPT_PROXY, "");      /* Ignores proxies of the environment. */
    curl_easy_setopt(handle, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "sluice-auth");
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, request);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, request->error);
    curl_easy_setopt(handle, CURLOPT_PRIVATE, request);
    curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, request->is_asked_again ? 1L : 0L);
    if (request->ca_file_cstr != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, request->ca_file_cstr);
}

static void end_without_answer(struct http_request *request, const char *sentence)
{
    request->status = 0;
    if (request->is_too_long)
        snprintf(request->error, sizeof request->error, "the answer is longer than %zu bytes",
                 request->body_max);
    else if (request->error[0] == '\0')
        snprintf(request->error, sizeof request->error, "%s", sentence);
    request->on_done(request);
}

/* -- the thread -- */

static void start_transfer(struct http *http, struct http_request *request)
{
    int64_t left = request->deadline - monotonic_now();
    if (is_cancelled(request) || left <= 0) {
        end_without_answer(request, "too many requests are under way");
        return;
    }
    request->handle = curl_easy_init();
    if (request->handle == NULL) {
        end_without_answer(request, "there is no memory to ask");
        return;
    }
    prepare_handle(request->handle, request, left);
    if (curl_multi_add_handle(http->multi, request->handle) != CURLM_OK) {
        curl_easy_cleanup(request->handle);
        end_without_answer(request, "there is no memory to ask");
        return;
    }
    request->next = http->active;
    http->active = request;
    http->active_count++;
}

/* Takes the next request whose turn it is, or whose deadline has passed; NULL if there is none. */
static struct http_request *take_waiting(struct http *http)
{
    pthread_mutex_lock(&http->lock);
    struct http_request *request = http->first;
    bool is_taken = request != NULL && !http->is_stopping &&
                    (http->active_count < HTTP_ACTIVE_MAX || request->deadline <= monotonic_now());
    if (is_taken) {
        http->first = request->next;
        if (http->first == NULL)
            http->last = &http->first;
        http->waiting--;
    }
    pthread_mutex_unlock(&http->lock);
    return is_taken ? request : NULL;
}

static void forget_active(struct http *http, struct http_request *request)
{
    struct http_request **link = &http->active;
    while (*link != request)
        link = &(*link)->next;
    *link = request->next;
    http->active_count--;
    curl_multi_remove_handle(http->multi, request->handle);
    curl_easy_cleanup(request->handle);
}

/* Whether the connection ended before any byte of the answer. HTTP/2 servers may end a session at
 * any time (RFC 9113, section 6.8), and a GET may be repeated. */
static bool has_lost_connection(const struct http_request *request, CURLcode result)
{
    long status = 0;
    if (result != CURLE_HTTP2 && result != CURLE_HTTP2_STREAM && result != CURLE_GOT_NOTHING &&
        result != CURLE_SEND_ERROR && result != CURLE_RECV_ERROR && result != CURLE_PARTIAL_FILE)
        return false;
    curl_easy_getinfo(request->handle, CURLINFO_RESPONSE_CODE, &status);
    return status == 0 && request->body_len == 0;
}

static void end_active(struct http *http, struct http_request *request, CURLcode result)
{
    if (!request->is_asked_again && has_lost_connection(request, result)) {
        forget_active(http, request);
        request->is_asked_again = true;
        request->error[0] = '\0';
        start_transfer(http, request);
        return;
    }
    if (result == CURLE_OK)
        curl_easy_getinfo(request->handle, CURLINFO_RESPONSE_CODE, &request->status);
    forget_active(http, request);
    char *body = request->body;
    if (result == CURLE_OK)
        request->on_done(request);
    else
        end_without_answer(request, curl_easy_strerror(result));
    free(body);
}

static void end_finished(struct http *http)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
        char *request = NULL;
        CURLcode result = message->data.result;
        if (message->msg == CURLMSG_DONE &&
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request) == CURLE_OK)
            end_active(http, (struct http_request *)(void *)request, result);
    }
}

static bool is_stopping(struct http *http, size_t *waiting)
{
    pthread_mutex_lock(&http->lock);
    bool stopping = http->is_stopping;
    *waiting = http->waiting;
    pthread_mutex_unlock(&http->lock);
    return stopping;
}

/* At the end: no more requests are added. */
static void end_all(struct http *http)
{
    while (http->active != NULL)
        end_active(http, http->active, CURLE_ABORTED_BY_CALLBACK);
    struct http_request *request = http->first;
    while (request != NULL) {
        struct http_request *next = request->next;
        end_without_answer(request, "the server is stopping");
        request = next;
    }
}

static void *run_thread(void *argument)
{
    struct http *http = argument;
    struct http_request *request;
    size_t waiting;
    int running;
    while (!is_stopping(http, &waiting)) {
        while ((request = take_waiting(http)) != NULL)
            start_transfer(http, request);
        curl_multi_perform(http->multi, &running);
        end_finished(http);
        bool has_turn = waiting > 0 && http->active_count < HTTP_ACTIVE_MAX;
        if (!has_turn)
            curl_multi_poll(http->multi, NULL, 0, waiting > 0 ? BUSY_MS : IDLE_MS, NULL);
    }
    end_all(http);
    return NULL;
}

/* Signals are left to the main thread. Called with the lock. */
static bool start_thread(struct http *http)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    http->is_started = pthread_create(&http->thread, NULL, run_thread, http) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (http->is_started)
        pthread_setname_np(http->thread, "auth-http");
    return http->is_started;
}

/* -- public functions -- */

bool http_ask(struct http *http, struct http_request *request)
{
    request->status = 0;
    request->is_too_long = false;
    request->is_asked_again = false;
    request->body = NULL;
    request->body_len = 0;
    request->error[0] = '\0';
    request->next = NULL;
    request->deadline = monotonic_now() + request->timeout;
    pthread_mutex_lock(&http->lock);
    bool taken = !http->is_stopping && !is_cancelled(request) && http->waiting < HTTP_WAITING_MAX &&
                 (http->is_started || start_thread(http));
    if (taken) {
        *http->last = request;
        http->last = &request->next;
        http->waiting++;
    }
    pthread_mutex_unlock(&http->lock);
    if (taken)
        curl_multi_wakeup(http->multi);
    return taken;
}

bool http_leave(struct http *http, const struct http_request *request)
{
    pthread_mutex_lock(&http->lock);
    struct http_request **link = &http->first;
    while (*link != NULL && *link != request)
        link = &(*link)->next;
    bool has_waited = *link != NULL;
    if (has_waited) {
        *link = request->next;
        if (*link == NULL)
            http->last = link;
        http->waiting--;
    }
    bool is_started = http->is_started;
    pthread_mutex_unlock(&http->lock);
    if (is_started)
        curl_multi_wakeup(http->multi);
    return has_waited;
}

void http_destroy(struct http *http)
{
    if (http == NULL)
        return;
    pthread_mutex_lock(&http->lock);
    http->is_stopping = true;
    pthread_mutex_unlock(&http->lock);
    curl_multi_wakeup(http->multi);
    if (http->is_started)
        pthread_join(http->thread, NULL);
    curl_multi_cleanup(http->multi);
    pthread_mutex_destroy(&http->lock);
    free(http);
}

/* -- URLs -- */

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

const char *http_url_error(const char *url_cstr)
{
    const char *error = NULL;
    CURLU *url = curl_url();
    if (strncasecmp(url_cstr, "http://", 7) != 0 && strncasecmp(url_cstr, "https://", 8) != 0)
        error = "has to begin with https:// or http://";
    else if (url == NULL || curl_url_set(url, CURLUPART_URL, url_cstr, 0) != CURLUE_OK)
        error = "is not a URL";
    else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        error = "must not hold a user or a password, which would be logged";
    curl_url_cleanup(url);
    return error;
}

bool http_is_exposed(const char *url_cstr)
{
    char *host = NULL;
    CURLU *url = curl_url();
    bool is_exposed = strncasecmp(url_cstr, "https://", 8) != 0;
    if (is_exposed && url != NULL && curl_url_set(url, CURLUPART_URL, url_cstr, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        is_exposed = strcasecmp(host, "localhost") != 0 && strcmp(host, "[::1]") != 0 &&
                     (strncmp(host, "127.", 4) != 0 || host[strspn(host, "0123456789.")] != '\0');
    curl_free(host);
    curl_url_cleanup(url);
    return is_exposed;
}

int http_loggable(const char *url_cstr)
{
    return (int)strcspn(url_cstr, "?#");
}
