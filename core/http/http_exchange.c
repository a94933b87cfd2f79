#include "http/http_exchange.h"
#include "http/http_lookups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -- the copy of the request -- */

/* Lays strings one after the other; without memory it only measures. */
struct copier {
    char *memory;
    size_t used;
};

/* Copies two strings and a separator with a zero byte behind them. */
static char *copy_joined(struct copier *copier, struct sl_string one, const char *separator,
                         struct sl_string two)
{
    struct sl_string parts[] = {one, sl_string_of(separator), two};
    size_t begin = copier->used;
    for (size_t i = 0; i < 3; i++) {
        if (copier->memory != NULL && parts[i].len > 0)
            memcpy(copier->memory + copier->used, parts[i].data, parts[i].len);
        copier->used += parts[i].len;
    }
    if (copier->memory != NULL)
        copier->memory[copier->used] = '\0';
    copier->used++;
    return copier->memory != NULL ? copier->memory + begin : NULL;
}

static struct sl_string copy_string(struct copier *copier, struct sl_string string)
{
    return (struct sl_string){copy_joined(copier, string, "", (struct sl_string){NULL, 0}),
                              string.len};
}

/* The headers come first, as lines, where http_exchange_prepare finds them: "name: value". */
static void copy_request(struct copier *copier, const struct sl_http_request *from,
                         struct sl_http_request *to)
{
    *to = *from;
    to->headers = NULL;
    for (size_t i = 0; i < from->header_count; i++) {
        const struct sl_pair *header = &from->headers[i];
        bool has_value = header->value.len > 0;
        copy_joined(copier, header->name, has_value ? ": " : ";", header->value);
    }
    to->url = copy_string(copier, from->url);
    to->method = copy_string(copier, from->method);
    to->body = copy_string(copier, from->body);
    if (from->ca_file_cstr != NULL)
        to->ca_file_cstr = copy_string(copier, sl_string_of(from->ca_file_cstr)).data;
}

int http_exchange_init(struct http_exchange *exchange, const struct sl_http_request *request)
{
    struct copier measure = {.memory = NULL};
    struct sl_http_request copy;
    *exchange = (struct http_exchange){.key = 0};
    copy_request(&measure, request, &copy);
    struct copier copier = {.memory = malloc(measure.used)};
    if (copier.memory == NULL)
        return ERR_NO_MEMORY;
    exchange->copies = copier.memory;
    copy_request(&copier, request, &exchange->request);
    exchange->server = http_server(exchange->request.url);
    buffer_init(&exchange->head, request->max_head);
    buffer_init(&exchange->body, request->max_body);
    return OK;
}

void http_exchange_deinit(struct http_exchange *exchange)
{
    buffer_release(&exchange->head);
    buffer_release(&exchange->body);
    free(exchange->response_headers);
    free(exchange->copies);
}

/* -- what comes; libcurl ends the transfer when less is taken than was given -- */

static size_t stop_transfer(struct http_exchange *exchange, enum http_stop stop)
{
    exchange->stop = stop;
    return 0;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct http_exchange *exchange = context;
    size_t len = size * count;
    exchange->head_bytes += len;
    if (exchange->head_bytes > exchange->request.max_head)
        return stop_transfer(exchange, HTTP_STOP_HEAD);
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) { /* The response after an interim one. */
        exchange->head.len = 0;
        exchange->has_head = false;
    }
    if (!exchange->has_head && buffer_append(&exchange->head, line, len) != OK)
        return stop_transfer(exchange, HTTP_STOP_MEMORY);
    if (len > 0 && (line[0] == '\r' || line[0] == '\n'))
        exchange->has_head = true;
    return len;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct http_exchange *exchange = context;
    size_t len = size * count;
    exchange->has_head = true;
    int error = buffer_append(&exchange->body, data, len);
    if (error != OK)
        return stop_transfer(exchange, error == ERR_LIMIT ? HTTP_STOP_BODY : HTTP_STOP_MEMORY);
    return len;
}

/* Before each request of a chain of redirects. */
static int on_request(void *context, char *remote_ip, char *local_ip, int remote_port,
                      int local_port)
{
    struct http_exchange *exchange = context;
    const char *url = NULL;
    (void)remote_ip, (void)local_ip, (void)remote_port, (void)local_port;
    if (exchange->lookup != NULL)
        exchange->lookup->is_under_way = false;
    exchange->curl->easy_getinfo(exchange->handle, CURLINFO_EFFECTIVE_URL, &url);
    if (url != NULL && strncasecmp(url, "https:", 6) == 0)
        exchange->is_secure = true;
    else if (exchange->is_secure) {
        exchange->stop = HTTP_STOP_REDIRECT;
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

/* -- libcurl's handle -- */

static bool append_header(struct http_exchange *exchange, const struct http_library *curl,
                          const char *line)
{
    struct curl_slist *grown = curl->slist_append(exchange->headers, line);
    if (grown != NULL)
        exchange->headers = grown;
    return grown != NULL;
}

/* The plugin's headers, and the names of those that libcurl is not to add. */
static int list_headers(struct http_exchange *exchange, const struct http_library *curl)
{
    static const char type[] = "Content-Type:";
    const char *line = exchange->copies;
    bool has_type = false;
    for (size_t i = 0; i < exchange->request.header_count; i++, line += strlen(line) + 1) {
        if (!append_header(exchange, curl, line))
            return ERR_NO_MEMORY;
        has_type = has_type || strncasecmp(line, type, sizeof type - 1) == 0;
    }
    if (!append_header(exchange, curl, "Expect:") ||
        (!has_type && !append_header(exchange, curl, type)))
        return ERR_NO_MEMORY;
    return OK;
}

#define SET(option, value)                                                                         \
    (curl->easy_setopt(exchange->handle, CURLOPT_##option, (value)) == CURLE_OK)

static bool set_method(struct http_exchange *exchange, const struct http_library *curl)
{
    const struct sl_http_request *request = &exchange->request;
    bool is_get = strcmp(request->method.data, "GET") == 0;
    if (strcmp(request->method.data, "HEAD") == 0)
        return SET(NOBODY, 1L);
    if (is_get)
        return SET(HTTPGET, 1L);
    return SET(POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len) &&
           SET(POSTFIELDS, request->body.data) && SET(CUSTOMREQUEST, request->method.data);
}

static bool follows_redirects(const struct sl_http_request *request)
{
    return request->max_redirects > 0 && http_is_safe(request->method);
}

/* libcurl knows which redirects may be followed from the first URL on, `on_request` from later
 * ones. */
static bool set_redirects(struct http_exchange *exchange, const struct http_library *curl)
{
    const struct sl_http_request *request = &exchange->request;
    bool is_secure = strncasecmp(request->url.data, "https:", 6) == 0;
    if (!follows_redirects(request))
        return SET(FOLLOWLOCATION, 0L);
    return SET(FOLLOWLOCATION, 1L) && SET(MAXREDIRS, (long)request->max_redirects) &&
           SET(REDIR_PROTOCOLS_STR, is_secure ? "https" : "http,https");
}

/* The sources of libcurl's answers: nothing of the environment and of files but what is asked
 * for. */
static bool set_surroundings(struct http_exchange *exchange, const struct http_library *curl)
{
    const struct sl_http_request *request = &exchange->request;
    bool wants_proxy = (request->flags & SL_HTTP_PROXY_FROM_ENVIRONMENT) != 0;
    return SET(NOSIGNAL, 1L) && SET(PROTOCOLS_STR, "http,https") &&
           SET(DISALLOW_USERNAME_IN_URL, 1L) && SET(NETRC, (long)CURL_NETRC_IGNORED) &&
           (wants_proxy || SET(PROXY, "")) && SET(SSL_VERIFYPEER, 1L) && SET(SSL_VERIFYHOST, 2L) &&
           SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           (request->ca_file_cstr == NULL || SET(CAINFO, request->ca_file_cstr)) &&
           SET(QUICK_EXIT, 1L); /* Does not wait for a name to be resolved. */
}

/* A length that is announced is of no body if the answer is to HEAD or redirects, and need not be
 * looked at there: `on_body` bounds what comes. */
static bool set_callbacks(struct http_exchange *exchange, const struct http_library *curl)
{
    const struct sl_http_request *request = &exchange->request;
    bool has_body = strcmp(request->method.data, "HEAD") != 0 && !follows_redirects(request);
    return SET(HEADERFUNCTION, on_header) && SET(HEADERDATA, exchange) &&
           SET(WRITEFUNCTION, on_body) && SET(WRITEDATA, exchange) &&
           (!has_body || SET(MAXFILESIZE_LARGE, (curl_off_t)request->max_body)) &&
           SET(PREREQFUNCTION, on_request) && SET(PREREQDATA, exchange) &&
           SET(ERRORBUFFER, exchange->curl_error);
}

int http_exchange_prepare(struct http_exchange *exchange, const struct http_library *curl,
                          int64_t left)
{
    exchange->curl = curl;
    exchange->is_secure = false;
    exchange->handle = curl->easy_init();
    if (exchange->handle == NULL)
        return ERR_NO_MEMORY;
    int error = list_headers(exchange, curl);
    bool is_set = error == OK && set_surroundings(exchange, curl) &&
                  SET(URL, exchange->request.url.data) && set_method(exchange, curl) &&
                  set_redirects(exchange, curl) && set_callbacks(exchange, curl) &&
                  SET(HTTPHEADER, exchange->headers) && SET(USERAGENT, "sluice") &&
                  SET(TIMEOUT_MS, (long)(left / 1000000 + 1)) &&
                  SET(FRESH_CONNECT, exchange->is_repeated ? 1L : 0L);
    if (!is_set) {
        http_exchange_release(exchange, curl);
        return error != OK ? error : ERR_INVALID;
    }
    return OK;
}

#undef SET

void http_exchange_release(struct http_exchange *exchange, const struct http_library *curl)
{
    curl->easy_cleanup(exchange->handle);
    curl->slist_free_all(exchange->headers);
    exchange->handle = NULL;
    exchange->headers = NULL;
}

/* -- how it ends -- */

bool http_exchange_is_to_be_repeated(const struct http_exchange *exchange,
                                     const struct http_library *curl, CURLcode result)
{
    long reused = 0;
    bool is_lost = result == CURLE_HTTP2 || result == CURLE_HTTP2_STREAM ||
                   result == CURLE_GOT_NOTHING || result == CURLE_SEND_ERROR ||
                   result == CURLE_RECV_ERROR || result == CURLE_PARTIAL_FILE;
    if (!is_lost || exchange->is_repeated || exchange->head_bytes > 0 ||
        !http_is_safe(exchange->request.method))
        return false;
    curl->easy_getinfo(exchange->handle, CURLINFO_NUM_CONNECTS, &reused);
    return reused == 0; /* No connection was made for it, so it went over one that was there. */
}

void http_exchange_end(struct http_exchange *exchange, enum sl_http_outcome outcome,
                       const char *error)
{
    exchange->outcome = outcome;
    exchange->status = 0;
    exchange->error = error;
    exchange->head.len = exchange->body.len = 0;
    exchange->response_header_count = 0;
}

/* What libcurl says of a redirect that it does not follow, as a sentence; NULL: it is not about
 * one. */
static const char *redirect_error(const struct http_exchange *exchange, CURLcode result)
{
    if (exchange->stop == HTTP_STOP_REDIRECT)
        return "a redirect leads from https to http";
    if (exchange->head_bytes == 0)
        return NULL;
    if (result == CURLE_TOO_MANY_REDIRECTS)
        return "there are more redirects than are followed";
    return result == CURLE_UNSUPPORTED_PROTOCOL || result == CURLE_URL_MALFORMAT
               ? "a redirect leads to where none is followed: from https to http, or to no URL"
               : NULL;
}

/* Counts the headers, or, with `out`, lists them. */
static size_t walk_headers(const struct http_exchange *exchange, struct sl_pair *out)
{
    const struct sl_string head = {(const char *)exchange->head.data, exchange->head.len};
    struct sl_pair header;
    size_t at = 0, count = 0;
    while (http_next_header(head, &at, &header)) {
        if (out != NULL)
            out[count] = header;
        count++;
    }
    return count;
}

static void finish_answered(struct http_exchange *exchange, const struct http_library *curl)
{
    long status = 0;
    curl->easy_getinfo(exchange->handle, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 || status > 599) {
        http_exchange_end(exchange, SL_HTTP_FAILED, "the response's status is none of HTTP's");
        return;
    }
    size_t count = walk_headers(exchange, NULL);
    exchange->response_headers = calloc(count + 1, sizeof *exchange->response_headers);
    if (exchange->response_headers == NULL) {
        http_exchange_end(exchange, SL_HTTP_FAILED, error_text(ERR_NO_MEMORY));
        return;
    }
    exchange->response_header_count = walk_headers(exchange, exchange->response_headers);
    exchange->outcome = SL_HTTP_ANSWERED;
    exchange->status = (int)status;
}

static void end_too_large(struct http_exchange *exchange, const char *part, size_t most)
{
    snprintf(exchange->curl_error, sizeof exchange->curl_error,
             "the response's %s is longer than %zu bytes", part, most);
    http_exchange_end(exchange, SL_HTTP_TOO_LARGE, exchange->curl_error);
}

void http_exchange_finish(struct http_exchange *exchange, const struct http_library *curl,
                          CURLcode result)
{
    const char *redirect = redirect_error(exchange, result);
    if (redirect != NULL)
        exchange->stop = HTTP_STOP_REDIRECT;
    if (result == CURLE_OK)
        finish_answered(exchange, curl);
    else if (exchange->stop == HTTP_STOP_LOOKUP) /* After a redirect it has been sent. */
        http_exchange_end(exchange, exchange->head_bytes > 0 ? SL_HTTP_FAILED : SL_HTTP_REFUSED,
                          exchange->error);
    else if (exchange->stop == HTTP_STOP_HEAD)
        end_too_large(exchange, "head", exchange->request.max_head);
    else if (exchange->stop == HTTP_STOP_BODY || result == CURLE_FILESIZE_EXCEEDED)
        end_too_large(exchange, "body", exchange->request.max_body);
    else if (exchange->stop == HTTP_STOP_MEMORY || result == CURLE_OUT_OF_MEMORY)
        http_exchange_end(exchange, SL_HTTP_FAILED, error_text(ERR_NO_MEMORY));
    else if (redirect != NULL)
        http_exchange_end(exchange, SL_HTTP_FAILED, redirect);
    else if (result == CURLE_OPERATION_TIMEDOUT)
        http_exchange_end(exchange, SL_HTTP_TIMEOUT, "there was no whole response in time");
    else
        http_exchange_end(exchange, SL_HTTP_FAILED,
                          exchange->curl_error[0] != '\0' ? exchange->curl_error
                                                          : curl->easy_strerror(result));
}

/* 502, 503 and 504 say that nobody is there to answer. Other statuses may be about the request, and
 * who redirects has answered. A timeout says something if the server has had at least half of the
 * time. */
enum http_health http_exchange_health(const struct http_exchange *exchange)
{
    if (!exchange->is_under_way)
        return HTTP_HEALTH_UNKNOWN;
    switch (exchange->outcome) {
    case SL_HTTP_ANSWERED:
        return exchange->status >= 502 && exchange->status <= 504 ? HTTP_UNHEALTHY : HTTP_HEALTHY;
    case SL_HTTP_TIMEOUT:
        return exchange->time_left < exchange->request.timeout / 2 ? HTTP_HEALTH_UNKNOWN
                                                                   : HTTP_UNHEALTHY;
    case SL_HTTP_FAILED:
        if (exchange->stop == HTTP_STOP_REDIRECT)
            return HTTP_HEALTHY;
        return exchange->stop == HTTP_STOP_NONE ? HTTP_UNHEALTHY : HTTP_HEALTH_UNKNOWN;
    default:
        return HTTP_HEALTH_UNKNOWN;
    }
}

struct sl_http_response http_exchange_response(const struct http_exchange *exchange)
{
    return (struct sl_http_response){
        .struct_size = sizeof(struct sl_http_response),
        .outcome = exchange->outcome,
        .status = exchange->status,
        .error = sl_string_of(exchange->error != NULL ? exchange->error : ""),
        .headers = exchange->response_headers,
        .header_count = exchange->response_header_count,
        .body = {exchange->body.len > 0 ? (const char *)exchange->body.data : "",
                 exchange->body.len},
        .duration = exchange->ended - exchange->begun};
}
