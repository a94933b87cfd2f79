#include "schema_format.h"

#include <string.h>

#define ALPHA "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define HEX DIGIT "abcdefABCDEF"
#define UNRESERVED ALPHA DIGIT "-._~"
#define DELIMITERS "!$&'()*+,;="
#define PATH UNRESERVED DELIMITERS ":@/"

static bool is_in(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Whether all is in the set or %XX, or above ASCII if `wide`. */
static bool consists_of(const char *at, const char *end, const char *set, bool wide)
{
    for (; at < end; at++) {
        if (*at == '%') {
            if (end - at < 3 || !is_in(at[1], HEX) || !is_in(at[2], HEX))
                return false;
            at += 2;
        } else if (!is_in(*at, set) && !(wide && (unsigned char)*at >= 0x80)) {
            return false;
        }
    }
    return true;
}

static const char *find_any(const char *at, const char *end, const char *set)
{
    while (at < end && !is_in(*at, set))
        at++;
    return at;
}

static const char *find_other(const char *at, const char *end, const char *set)
{
    while (at < end && is_in(*at, set))
        at++;
    return at;
}

/* RFC 3986, section 3.2. */
static bool is_authority(const char *at, const char *end, bool wide, struct arena *arena)
{
    const char *user = find_any(at, end, "@");
    if (user < end) {
        if (!consists_of(at, user, UNRESERVED DELIMITERS ":", wide))
            return false;
        at = user + 1;
    }
    const char *host_end = find_any(at, end, ":");
    if (at < end && *at == '[') {
        host_end = find_any(at, end, "]");
        bool future = host_end - at > 1 && is_in(at[1], "vV");
        struct json_text address = {at + 1, (size_t)(host_end - at) - (host_end > at ? 1 : 0)};
        if (host_end == end || (!future && !format_ipv6(address, arena)))
            return false;
        host_end++;
    } else if (!consists_of(at, host_end, UNRESERVED DELIMITERS, wide)) {
        return false;
    }
    if (host_end == end)
        return true;
    if (*host_end++ != ':')
        return false;
    return find_other(host_end, end, DIGIT) == end;
}

static bool is_uri(struct json_text text, bool relative, bool wide, struct arena *arena)
{
    const char *at = text.data, *end = text.data + text.len;
    const char *stop = find_any(at, end, ":/?#");
    bool scheme = stop < end && *stop == ':';
    if (scheme) {
        if (stop == at || !is_in(*at, ALPHA) || !consists_of(at, stop, ALPHA DIGIT "+-.", false) ||
            memchr(at, '%', (size_t)(stop - at)) != NULL)
            return false;
        at = stop + 1;
    } else if (!relative) {
        return false;
    }
    if (end - at >= 2 && memcmp(at, "//", 2) == 0) {
        stop = find_any(at + 2, end, "/?#");
        if (!is_authority(at + 2, stop, wide, arena))
            return false;
        at = stop;
    }
    stop = find_any(at, end, "?#");
    if (!consists_of(at, stop, PATH, wide))
        return false;
    at = stop;
    if (at < end && *at == '?') {
        stop = find_any(at, end, "#");
        if (!consists_of(at + 1, stop, PATH "?", wide))
            return false;
        at = stop;
    }
    return at == end || consists_of(at + 1, end, PATH "?", wide);
}

bool format_uri(struct json_text text, struct arena *arena)
{
    return is_uri(text, false, false, arena);
}

bool format_uri_reference(struct json_text text, struct arena *arena)
{
    return is_uri(text, true, false, arena);
}

bool format_iri(struct json_text text, struct arena *arena)
{
    return is_uri(text, false, true, arena);
}

bool format_iri_reference(struct json_text text, struct arena *arena)
{
    return is_uri(text, true, true, arena);
}

/* RFC 6570, section 2.1. */
static bool is_literal(const char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at == '%' && (end - at < 3 || !is_in(at[1], HEX) || !is_in(at[2], HEX)))
            return false;
        if ((unsigned char)*at <= 0x20 || *at == 0x7f || is_in(*at, "\"<>\\^`|"))
            return false;
    }
    return true;
}

/* Sections 2.3 and 2.4: a name in dots, and how much of its value, or that it is a list. */
static bool is_variable(const char *at, const char *end)
{
    const char *modifier = find_any(at, end, ":*");
    if (at == modifier || *at == '.' || modifier[-1] == '.' ||
        !consists_of(at, modifier, ALPHA DIGIT "_.", false))
        return false;
    for (const char *dot = at; dot + 1 < modifier; dot++)
        if (dot[0] == '.' && dot[1] == '.')
            return false;
    if (modifier == end)
        return true;
    if (*modifier == '*')
        return modifier + 1 == end;
    size_t digits = (size_t)(end - modifier - 1);
    if (digits == 0 || digits > 4 || modifier[1] == '0')
        return false;
    return find_other(modifier + 1, end, DIGIT) == end;
}

/* Section 2.2, without its braces. */
static bool is_expression(const char *at, const char *end)
{
    if (at < end && is_in(*at, "+#./;?&=,!@|"))
        at++;
    for (;;) {
        const char *comma = find_any(at, end, ",");
        if (!is_variable(at, comma))
            return false;
        if (comma == end)
            return true;
        at = comma + 1;
    }
}

bool format_uri_template(struct json_text text, struct arena *arena)
{
    const char *at = text.data, *end = text.data + text.len;
    (void)arena;
    while (at < end) {
        const char *brace = find_any(at, end, "{}");
        if (!is_literal(at, brace))
            return false;
        if (brace == end)
            return true;
        const char *close = find_any(brace, end, "}");
        if (close == brace || close == end || !is_expression(brace + 1, close))
            return false;
        at = close + 1;
    }
    return true;
}
