#include "http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_init(struct http *http)
{
    http->count = 0;
    pthread_mutex_init(&http->lock, NULL);
}

void http_deinit(struct http *http)
{
    while (http->count > 0)
        curl_easy_cleanup(http->handles[--http->count]);
    pthread_mutex_destroy(&http->lock);
}

static CURL *take_handle(struct http *http)
{
    pthread_mutex_lock(&http->lock);
    CURL *handle = http->count > 0 ? http->handles[--http->count] : NULL;
    pthread_mutex_unlock(&http->lock);
    return handle != NULL ? handle : curl_easy_init();
}

static void put_handle(struct http *http, CURL *handle)
{
    curl_easy_reset(handle); /* Keeps the connections, forgets the credentials. */
    pthread_mutex_lock(&http->lock);
    bool is_kept = http->count < HTTP_HANDLES;
    if (is_kept)
        http->handles[http->count++] = handle;
    pthread_mutex_unlock(&http->lock);
    if (!is_kept)
        curl_easy_cleanup(handle);
}

/* Returning less than what came ends the transfer. */
static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct http_request *request = context;
    size_t len = size * count;
    if (len > request->body_max - request->body_len)
        return 0;
    char *grown = realloc(request->body, request->body_len + len + 1);
    if (grown == NULL)
        return 0;
    request->body = grown;
    memcpy(grown + request->body_len, data, len);
    request->body_len += len;
    grown[request->body_len] = '\0';
    return len;
}

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct http_request *request = context;
    (void)a, (void)b, (void)c, (void)d;
    return request->is_cancelled != NULL && atomic_load(request->is_cancelled) ? 1 : 0;
}

static void prepare(CURL *handle, struct http_request *request)
{
    curl_easy_setopt(handle, CURLOPT_URL, request->url_cstr);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, request->headers);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, (long)(request->timeout / 1000000));
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "sluice-auth");
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, request);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, request);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, request->error);
    if (request->ca_file_cstr != NULL)
        curl_easy_setopt(handle, CURLOPT_CAINFO, request->ca_file_cstr);
}

bool http_get(struct http *http, struct http_request *request)
{
    request->status = 0;
    request->body = NULL;
    request->body_len = 0;
    request->error[0] = '\0';
    CURL *handle = take_handle(http);
    if (handle == NULL) {
        snprintf(request->error, sizeof request->error, "there is no memory to ask");
        return false;
    }
    prepare(handle, request);
    CURLcode result = curl_easy_perform(handle);
    if (result == CURLE_OK)
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &request->status);
    else if (result == CURLE_WRITE_ERROR)
        snprintf(request->error, sizeof request->error, "the answer is longer than %zu bytes",
                 request->body_max);
    else if (request->error[0] == '\0')
        snprintf(request->error, sizeof request->error, "%s", curl_easy_strerror(result));
    put_handle(http, handle);
    return request->status != 0;
}

bool http_is_url(const char *url_cstr)
{
    return strncasecmp(url_cstr, "http://", 7) == 0 || strncasecmp(url_cstr, "https://", 8) == 0;
}
