#include "origin_pattern.h"

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

/* RFC 3986, section 3.1. Moves `text` behind the "://". */
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
        if (!is_alphanumeric(origin->scheme[i]) && strchr("+-.", origin->scheme[i]) == NULL)
            return false;
    }
    origin->scheme[len] = '\0';
    text->data += len + 3;
    text->len -= len + 3;
    return true;
}

/* Labels of letters, digits, '-' and '_', with dots between them. */
static bool is_name(const char *host)
{
    size_t label = 0;
    for (; *host != '\0'; host++) {
        if (*host == '.') {
            if (label == 0)
                return false;
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

static bool is_bracketed(const char *host)
{
    size_t len = strlen(host);
    return len > 2 && host[0] == '[' && host[len - 1] == ']' &&
           strspn(host + 1, "0123456789abcdef:.") == len - 2;
}

static bool take_host(struct sl_string *text, bool may_have_wildcard, struct origin *origin)
{
    size_t len = 0;
    if (may_have_wildcard && text->len > 2 && memcmp(text->data, "*.", 2) == 0) {
        origin->any_label = true;
        text->data += 2;
        text->len -= 2;
    }
    bool bracket = text->len > 0 && text->data[0] == '[';
    while (len < text->len && (bracket || text->data[len] != ':')) {
        bracket = bracket && text->data[len] != ']';
        len++;
    }
    if (len == 0 || len > ORIGIN_HOST_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        origin->host[i] = lower(text->data[i]);
    origin->host[len] = '\0';
    text->data += len;
    text->len -= len;
    return is_name(origin->host) || (!origin->any_label && is_bracketed(origin->host));
}

static bool take_port(struct sl_string text, struct origin *origin)
{
    if (text.len == 0) {
        origin->port = strcmp(origin->scheme, "https") == 0  ? 443
                       : strcmp(origin->scheme, "http") == 0 ? 80
                                                             : 0;
        return true;
    }
    if (text.len < 2 || text.len > 6 || text.data[0] != ':')
        return false;
    origin->port = 0;
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        origin->port = origin->port * 10 + (unsigned)(text.data[i] - '0');
    }
    return origin->port > 0 && origin->port <= PORT_MAX;
}

const char *origin_parse(struct sl_string text, bool may_have_wildcard, struct origin *origin)
{
    *origin = (struct origin){.any_label = false};
    if (!take_scheme(&text, origin))
        return "has no scheme: write it as https://example.com";
    if (!take_host(&text, may_have_wildcard, origin))
        return "has no proper host: write a name such as example.com, *.example.com for one more "
               "label in front, or an address";
    return take_port(text, origin)
               ? NULL
               : "has something behind the host that is not a port: an origin has no path";
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
