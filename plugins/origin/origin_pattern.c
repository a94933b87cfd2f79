#include "origin_pattern.h"

#include <sluice/address.h>
#include <string.h>

#define PORT_MAX 65535

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 3986, section 3.1. */
static bool is_of_scheme(char c)
{
    return is_alphanumeric(c) || c == '+' || c == '-' || c == '.';
}

/* Moves `text` behind the "://". */
static bool take_scheme(struct sl_string *text, struct origin *origin)
{
    size_t len = 0;
    while (len < text->len && text->data[len] != ':')
        len++;
    if (len == 0 || len >= sizeof origin->scheme || text->len - len < 3 ||
        memcmp(text->data + len, "://", 3) != 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        origin->scheme[i] = lower(text->data[i]);
        if (!is_of_scheme(origin->scheme[i]))
            return false;
    }
    origin->scheme[len] = '\0';
    text->data += len + 3;
    text->len -= len + 3;
    return true;
}

/* Labels of letters, digits, '-' and '_', with dots between them, and perhaps one dot at the end.
 * Browsers send that dot, and treat the name as another origin. */
static bool is_host_name(const char *host)
{
    size_t label = 0;
    size_t len = strlen(host);
    if (len == ORIGIN_HOST_MAX && host[len - 1] != '.')
        return false;
    for (; *host != '\0'; host++) {
        if (*host == '.') {
            if (label == 0)
                return false;
            if (host[1] == '\0')
                return true;
            label = 0;
        } else if (is_alphanumeric(*host) || *host == '-' || *host == '_') {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return label > 0;
}

/* Other schemes define their own hosts: app://. and file:// are origins. Operators and browsers
 * write other characters as %XX. */
static bool is_opaque(const char *host)
{
    static const char others[] = "-._~!$&'()+,;=%";
    while (is_alphanumeric(*host) || (*host != '\0' && strchr(others, *host) != NULL))
        host++;
    return *host == '\0';
}

/* The schemes of pages that come from servers. */
static bool is_web(const struct origin *origin)
{
    return strcmp(origin->scheme, "https") == 0 || strcmp(origin->scheme, "http") == 0;
}

/* An IPv6 address in brackets. It can be written in many ways, so it is rewritten in its shortest
 * form. */
static bool take_bracketed(char host[ORIGIN_HOST_MAX + 1])
{
    unsigned char bytes[16];
    char text[INET6_ADDRSTRLEN];
    size_t len = strlen(host);
    if (len <= 2 || host[0] != '[' || host[len - 1] != ']' || memchr(host, ':', len) == NULL ||
        !sl_address_parse(host + 1, len - 2, bytes) ||
        inet_ntop(AF_INET6, bytes, text, sizeof text) == NULL)
        return false;
    snprintf(host, ORIGIN_HOST_MAX + 1, "[%s]", text);
    return true;
}

static bool take_host(struct sl_string *text, struct origin *origin)
{
    size_t len = 0;
    bool bracket = text->len > 0 && text->data[0] == '[';
    while (len < text->len && (bracket || memchr(":/?#", text->data[len], 4) == NULL)) {
        bracket = bracket && text->data[len] != ']';
        len++;
    }
    if (len > ORIGIN_HOST_MAX || (len > 0 && memchr(text->data, '\0', len) != NULL))
        return false;
    for (size_t i = 0; i < len; i++)
        origin->host[i] = lower(text->data[i]);
    origin->host[len] = '\0';
    text->data += len;
    text->len -= len;
    return (is_web(origin) ? is_host_name(origin->host) : is_opaque(origin->host)) ||
           take_bracketed(origin->host);
}

static bool take_port(struct sl_string text, struct origin *origin)
{
    if (text.len == 0) {
        origin->port = strcmp(origin->scheme, "https") == 0  ? 443
                       : strcmp(origin->scheme, "http") == 0 ? 80
                                                             : 0;
        return true;
    }
    if (text.len < 2 || text.len > 6 || text.data[0] != ':' || text.data[1] == '0')
        return false;
    origin->port = 0;
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        origin->port = origin->port * 10 + (unsigned)(text.data[i] - '0');
    }
    return origin->port > 0 && origin->port <= PORT_MAX;
}

/* Behind the scheme. */
static const char *take_rest(struct sl_string text, struct origin *origin)
{
    if (!take_host(&text, origin))
        return "has no proper host: write a name such as example.com, *.example.com for one more "
               "label in front, or an address";
    return take_port(text, origin)
               ? NULL
               : "has something behind the host that is not a port: an origin has no path";
}

const char *origin_parse(struct sl_string text, struct origin *origin)
{
    *origin = (struct origin){.any_label = false};
    if (!take_scheme(&text, origin))
        return "has no scheme: write it as https://example.com";
    return take_rest(text, origin);
}

/* -- patterns -- */

static bool is_ascii(struct sl_string text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] > 0x7f)
            return false;
    return true;
}

static bool is_any_of(const char *text, const char *const *list)
{
    while (*list != NULL && strcmp(text, *list) != 0)
        list++;
    return *list != NULL;
}

/* Whether a host may stand behind "*.": a name that can belong to one owner. Names that strangers
 * can never register (RFC 6761, RFC 6762, and .internal) may consist of one label. */
static const char *check_wildcard(const char *written)
{
    static const char *const own[] = {"localhost", "local",   "internal", "test",
                                      "example",   "invalid", NULL};
    char host[ORIGIN_HOST_MAX + 1];
    size_t len = strlen(written);
    memcpy(host, written, len + 1);
    if (len > 0 && host[len - 1] == '.')
        host[len - 1] = '\0';
    const char *dot = strrchr(host, '.');
    const char *last = dot != NULL ? dot + 1 : host;
    if (host[0] == '[' || strspn(last, "0123456789") == strlen(last))
        return "has a wildcard in an address: only names have labels";
    if (dot == NULL && !is_any_of(host, own))
        return "would let in all sites of a top-level domain: write one more label, such as "
               "*.example.com";
    return NULL;
}

const char *origin_parse_pattern(struct sl_string text, struct origin *origin)
{
    static const char *const of_servers[] = {"ws", "wss", NULL};
    *origin = (struct origin){.any_label = false};
    if (!is_ascii(text))
        return "has letters beyond ASCII: write an international name as browsers send it, such as "
               "https://xn--bcher-kva.example";
    if (!take_scheme(&text, origin))
        return "has no scheme: write it as https://example.com";
    if (is_any_of(origin->scheme, of_servers))
        return "is the address of a WebSocket: the origin is that of the page that opens it, such "
               "as "
               "https://example.com";
    if (text.len > 2 && memcmp(text.data, "*.", 2) == 0) {
        origin->any_label = true;
        text.data += 2;
        text.len -= 2;
    }
    const char *wrong = take_rest(text, origin);
    return wrong == NULL && origin->any_label ? check_wildcard(origin->host) : wrong;
}

bool origin_matches(const struct origin *pattern, const struct origin *origin)
{
    const char *host = origin->host;
    if (pattern->port != origin->port || strcmp(pattern->scheme, origin->scheme) != 0)
        return false;
    if (pattern->any_label) {
        const char *dot = strchr(host, '.');
        if (dot == NULL || host[0] == '[')
            return false;
        host = dot + 1;
    }
    return strcmp(pattern->host, host) == 0;
}
