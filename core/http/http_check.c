#include "http/http_check.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HEADERS_MAX 100
#define HEADER_BYTES_MAX ((size_t)64 * 1024)
#define BODY_MAX ((size_t)256 * 1024 * 1024)
#define HEAD_MAX ((size_t)1024 * 1024)
#define TIMEOUT_MAX (INT64_C(3600) * 1000000000)
#define REDIRECTS_MAX 10
#define PORT_DIGITS_MAX 5
#define PORT_MAX 65535
#define KNOWN_FLAGS                                                                                \
    (SL_HTTP_PROXY_FROM_ENVIRONMENT | SL_HTTP_ENDS_WITH_INSTANCE | SL_HTTP_WITHOUT_BREAKER)

#define DEFAULT_TIMEOUT (INT64_C(10) * 1000000000)
#define DEFAULT_HEAD ((size_t)16 * 1024)
#define DEFAULT_BODY ((size_t)64 * 1024)

/* What every plugin of ABI 1.2 knows. */
#define REQUEST_SIZE_1_2 (offsetof(struct sl_http_request, max_redirects) + sizeof(uint32_t))

static bool equals(struct sl_string string, const char *text)
{
    return string.len == strlen(text) && strncasecmp(string.data, text, string.len) == 0;
}

/* RFC 9110, section 5.6.2. */
static bool is_token(struct sl_string string)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < string.len; i++) {
        char c = string.data[i];
        bool is_alphanumeric =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!is_alphanumeric && (c == '\0' || strchr(others, c) == NULL))
            return false;
    }
    return string.len > 0;
}

/* -- the request -- */

static size_t scheme_length(struct sl_string url)
{
    if (url.len >= 7 && strncasecmp(url.data, "http://", 7) == 0)
        return 7;
    return url.len >= 8 && strncasecmp(url.data, "https://", 8) == 0 ? 8 : 0;
}

/* Where the server's name and port end. */
static size_t origin_length(struct sl_string url)
{
    size_t len = scheme_length(url);
    while (len < url.len && strchr("/?#", url.data[len]) == NULL)
        len++;
    return len;
}

/* Whether a server's name (in brackets if it is an IPv6 address) and port can be such. */
static bool is_authority(struct sl_string text)
{
    size_t at = 0;
    unsigned port = 0;
    bool has_brackets = text.len > 0 && text.data[0] == '[';
    while (at < text.len && text.data[at] != (has_brackets ? ']' : ':'))
        if (strchr("[]", text.data[at++]) != NULL && !(has_brackets && at == 1))
            return false;
    if (at == 0 || (has_brackets && at++ == text.len))
        return false;
    if (at == text.len)
        return true;
    if (text.data[at++] != ':' || text.len - at > PORT_DIGITS_MAX)
        return false;
    for (; at < text.len; at++) {
        if (text.data[at] < '0' || text.data[at] > '9')
            return false;
        port = port * 10 + (unsigned)(text.data[at] - '0');
    }
    return port <= PORT_MAX;
}

const char *http_url_error(struct sl_string url)
{
    size_t scheme = scheme_length(url), end = origin_length(url);
    if (url.len > HTTP_URL_MAX)
        return "the URL is longer than 8192 bytes";
    for (size_t i = 0; i < url.len; i++)
        if (url.data[i] <= ' ' || url.data[i] > '~' || url.data[i] == '\\')
            return "the URL holds a character that has to be percent-encoded";
    if (scheme == 0)
        return "the URL does not begin with https:// or http://";
    if (end == scheme)
        return "the URL names no server";
    if (memchr(url.data + scheme, '@', end - scheme) != NULL)
        return "the URL holds a user or a password";
    if (!is_authority((struct sl_string){url.data + scheme, end - scheme}))
        return "the URL names no server, or no port that there is";
    return NULL;
}

static const char *check_method(const struct sl_http_request *request)
{
    struct sl_string method = request->method;
    if (method.len >= HTTP_METHOD_MAX || !is_token(method))
        return "the method is none";
    if (equals(method, "CONNECT") || equals(method, "TRACE"))
        return "the method may not be CONNECT or TRACE";
    if (http_is_safe(method) && request->body.len > 0)
        return "GET and HEAD have no body";
    return NULL;
}

static bool is_reserved(struct sl_string name)
{
    static const char *const reserved[] = {"Connection", "Content-Length",    "Expect",
                                           "Keep-Alive", "Proxy-Connection",  "TE",
                                           "Trailer",    "Transfer-Encoding", "Upgrade"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (equals(name, reserved[i]))
            return true;
    return false;
}

static bool is_field_value(struct sl_string value)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static const char *check_headers(const struct sl_http_request *request)
{
    size_t bytes = 0;
    if (request->header_count > HEADERS_MAX)
        return "there are more than 100 headers";
    for (size_t i = 0; i < request->header_count; i++) {
        const struct sl_pair *header = &request->headers[i];
        if (!is_token(header->name))
            return "the name of a header holds a character that it may not, or nothing";
        if (is_reserved(header->name))
            return "a header is one that only the server may set";
        if (!is_field_value(header->value))
            return "the value of a header holds a line break or another control character";
        bytes += header->name.len + header->value.len;
        if (bytes > HEADER_BYTES_MAX)
            return "the headers are longer than 64 KiB";
    }
    return NULL;
}

static const char *check_limits(const struct sl_http_request *request)
{
    if (request->timeout < 0 || request->timeout > TIMEOUT_MAX)
        return "the timeout is negative, or longer than an hour";
    if (request->max_head > HEAD_MAX || request->max_body > BODY_MAX)
        return "max_head is over 1 MiB, or max_body over 256 MiB";
    if (request->body.len > BODY_MAX)
        return "the body is longer than 256 MiB";
    if (request->max_redirects > REDIRECTS_MAX)
        return "max_redirects is over 10";
    if ((request->flags & ~(uint32_t)KNOWN_FLAGS) != 0)
        return "the server does not know one of the flags";
    return NULL;
}

static void fill_defaults(struct sl_http_request *request)
{
    if (request->method.len == 0)
        request->method = sl_string_of(request->body.len > 0 ? "POST" : "GET");
    if (request->timeout == 0)
        request->timeout = DEFAULT_TIMEOUT;
    if (request->max_head == 0)
        request->max_head = DEFAULT_HEAD;
    if (request->max_body == 0)
        request->max_body = DEFAULT_BODY;
}

const char *http_check(const struct sl_http_request *given, struct sl_http_request *out)
{
    if (given == NULL || given->struct_size < REQUEST_SIZE_1_2)
        return "struct_size is not set";
    *out = (struct sl_http_request){.struct_size = 0};
    memcpy(out, given, given->struct_size < sizeof *out ? given->struct_size : sizeof *out);
    fill_defaults(out);
    const char *error = http_url_error(out->url);
    if (error == NULL)
        error = check_method(out);
    if (error == NULL)
        error = check_headers(out);
    return error != NULL ? error : check_limits(out);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

void http_origin(struct sl_string url, char origin[HTTP_ORIGIN_MAX])
{
    size_t len = origin_length(url);
    if (len >= HTTP_ORIGIN_MAX)
        len = HTTP_ORIGIN_MAX - 1;
    for (size_t i = 0; i < len; i++)
        origin[i] = lower(url.data[i]);
    origin[len] = '\0';
}

/* FNV-1a: the plugin chooses the servers, no stranger does. */
uint64_t http_server(struct sl_string url)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    size_t len = origin_length(url);
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)lower(url.data[i])) * UINT64_C(0x100000001b3);
    return hash;
}

bool http_has_address(struct sl_string url)
{
    char name[sizeof "255.255.255.255"];
    struct in_addr address;
    size_t begin = scheme_length(url), end = begin;
    while (end < url.len && strchr(":/?#", url.data[end]) == NULL)
        end++;
    if (begin < url.len && url.data[begin] == '[')
        return true;
    if (end - begin >= sizeof name)
        return false;
    memcpy(name, url.data + begin, end - begin);
    name[end - begin] = '\0';
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &address) == 1;
}

bool http_is_safe(struct sl_string method)
{
    return (method.len == 3 && memcmp(method.data, "GET", 3) == 0) ||
           (method.len == 4 && memcmp(method.data, "HEAD", 4) == 0);
}

/* -- the response -- */

static struct sl_string trimmed(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (from < to && strchr(" \t\r", to[-1]) != NULL && to[-1] != '\0')
        to--;
    return (struct sl_string){from, (size_t)(to - from)};
}

bool http_next_header(struct sl_string head, size_t *at, struct sl_pair *header)
{
    while (*at < head.len) {
        const char *line = head.data + *at;
        const char *end = memchr(line, '\n', head.len - *at);
        if (end == NULL)
            end = head.data + head.len;
        const char *colon = memchr(line, ':', (size_t)(end - line));
        *at = (size_t)(end - head.data) + 1;
        if (colon == NULL)
            continue;
        header->name = (struct sl_string){line, (size_t)(colon - line)};
        header->value = trimmed(colon + 1, end);
        if (is_token(header->name))
            return true;
    }
    return false;
}

bool http_header(const struct sl_http_response *response, const char *name_cstr,
                 struct sl_string *found)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (!equals(response->headers[i].name, name_cstr))
            continue;
        *found = response->headers[i].value;
        return true;
    }
    return false;
}
