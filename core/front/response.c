#include "front/response.h"

#include "front/civetweb_detach.h"
#include "ws/http_status.h"

#include <civetweb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define HEAD_MAX 1024

static void http_date(char *text, size_t size)
{
    struct tm utc;
    time_t now = time(NULL);
    gmtime_r(&now, &utc);
    strftime(text, size, "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

static int is_head_request(const struct mg_connection *conn)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    return info != NULL && info->request_method != NULL &&
           strcmp(info->request_method, "HEAD") == 0;
}

/* Whether the peer may still be sending its request: the request was refused, or has a body. */
static bool may_still_send(const struct mg_connection *conn, int status)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    return status >= 400 || info == NULL || info->content_length > 0 ||
           mg_get_header(conn, "Transfer-Encoding") != NULL;
}

int response_send(struct mg_connection *conn, const struct response *response)
{
    char head[HEAD_MAX];
    char date[64];
    http_date(date, sizeof date);
    int len =
        snprintf(head, sizeof head,
                 "HTTP/1.1 %d %s\r\n"
                 "Date: %s\r\n"
                 "Content-Type: %s\r\n"
                 "Content-Length: %zu\r\n"
                 "Cache-Control: %s\r\n"
                 "X-Content-Type-Options: nosniff\r\n"
                 "%s"
                 "Connection: close\r\n"
                 "\r\n",
                 response->status, http_status_text(response->status), date, response->content_type,
                 response->body_len, response->caching != NULL ? response->caching : "no-store",
                 response->headers);
    mg_disable_connection_keep_alive(conn); /* so that CivetWeb does not wait for a body */
    if (len < 0 || (size_t)len >= sizeof head)
        return response->status;
    bool has_body = response->status != 304 && !is_head_request(conn);
    if (mg_write(conn, head, (size_t)len) == len && has_body)
        mg_write(conn, response->body, response->body_len);
    if (may_still_send(conn, response->status))
        mg_linger(conn);
    return response->status;
}

int response_send_text(struct mg_connection *conn, int status, const char *sentence,
                       const char *header)
{
    char body[512];
    char headers[256] = "";
    int len = snprintf(body, sizeof body, "%s\n", sentence);
    if (len < 0)
        len = 0;
    else if ((size_t)len >= sizeof body)
        len = (int)sizeof body - 1;
    if (header != NULL)
        snprintf(headers, sizeof headers, "%s\r\n", header);
    struct response response = {.status = status,
                                .content_type = "text/plain; charset=utf-8",
                                .headers = headers,
                                .body = body,
                                .body_len = (size_t)len};
    return response_send(conn, &response);
}
