#include "ws/http_status.h"

#include <stdio.h>
#include <string.h>

struct status_text {
    int status;
    const char *text;
};

static const struct status_text texts[] = {
    {200, "OK"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *http_status_text(int status)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].status == status)
            return texts[i].text;
    return status < 400 ? "Other" : status < 500 ? "Client Error" : "Server Error";
}

size_t http_refusal(int status, const char *headers, const char *sentence, char *out, size_t size)
{
    int len = snprintf(out, size,
                       "HTTP/1.1 %d %s\r\n"
                       "Content-Type: text/plain; charset=utf-8\r\n"
                       "Content-Length: %zu\r\n"
                       "Cache-Control: no-store\r\n"
                       "Connection: close\r\n"
                       "%s\r\n%s\n",
                       status, http_status_text(status), strlen(sentence) + 1, headers, sentence);
    return len > 0 && (size_t)len < size ? (size_t)len : 0;
}
