/*
 * Formats, where they are asserted (JSON Schema Validation, section 7.3).
 */
#include "schema_node.h"

#include <arpa/inet.h>
#include <string.h>

#define ADDRESS_MAX 64

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Exactly `count` digits at the front, cut off. -1: there are none. */
static int take_digits(struct json_text *text, size_t count)
{
    int number = 0;
    if (text->len < count)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (!is_digit(text->data[i]))
            return -1;
        number = number * 10 + (text->data[i] - '0');
    }
    text->data += count;
    text->len -= count;
    return number;
}

static bool take_char(struct json_text *text, const char *choices)
{
    if (text->len == 0 || text->data[0] == '\0' || strchr(choices, text->data[0]) == NULL)
        return false;
    text->data++;
    text->len--;
    return true;
}

/* RFC 3339, section 5.6. */
static bool take_date(struct json_text *text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = take_digits(text, 4);
    if (year < 0 || !take_char(text, "-"))
        return false;
    int month = take_digits(text, 2);
    if (month < 1 || month > 12 || !take_char(text, "-"))
        return false;
    int day = take_digits(text, 2);
    bool leap = month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day >= 1 && day <= days[month - 1] + leap;
}

static bool take_time(struct json_text *text)
{
    int offset = 0;
    int hour = take_digits(text, 2);
    if (hour < 0 || hour > 23 || !take_char(text, ":"))
        return false;
    int minute = take_digits(text, 2);
    if (minute < 0 || minute > 59 || !take_char(text, ":"))
        return false;
    int second = take_digits(text, 2);
    if (second < 0 || second > 60)
        return false;
    if (take_char(text, ".")) {
        if (take_digits(text, 1) < 0)
            return false;
        while (take_digits(text, 1) >= 0)
            ;
    }
    if (!take_char(text, "Zz")) {
        int sign = text->len > 0 && text->data[0] == '-' ? -1 : 1;
        if (!take_char(text, "+-"))
            return false;
        int hours = take_digits(text, 2);
        if (hours < 0 || hours > 23 || !take_char(text, ":"))
            return false;
        int minutes = take_digits(text, 2);
        if (minutes < 0 || minutes > 59)
            return false;
        offset = sign * (hours * 60 + minutes);
    }
    int utc = (hour * 60 + minute - offset + 2880) % 1440;
    return second < 60 || utc == 1439; /* a leap second is the last one of a UTC day */
}

static bool is_date(struct json_text text)
{
    return take_date(&text) && text.len == 0;
}

static bool is_time(struct json_text text)
{
    return take_time(&text) && text.len == 0;
}

static bool is_date_time(struct json_text text)
{
    return take_date(&text) && take_char(&text, "Tt") && take_time(&text) && text.len == 0;
}

/* RFC 3339, appendix A: units in their order, each at most once, at least one. */
static bool take_units(struct json_text *text, const char *units, size_t *count)
{
    while (text->len > 0 && is_digit(text->data[0])) {
        while (take_digits(text, 1) >= 0)
            ;
        const char *unit = text->len > 0 ? strchr(units, text->data[0]) : NULL;
        if (unit == NULL || *unit == '\0')
            return false;
        units = unit + 1;
        ++*count;
        (void)take_char(text, "YMDHSW");
    }
    return true;
}

static bool is_duration(struct json_text text)
{
    size_t days = 0, times = 0;
    if (!take_char(&text, "P"))
        return false;
    if (text.len > 1 && text.data[text.len - 1] == 'W')
        return take_units(&text, "W", &days) && days == 1 && text.len == 0;
    if (!take_units(&text, "YMD", &days))
        return false;
    bool has_time = take_char(&text, "T");
    if (has_time && (!take_units(&text, "HMS", &times) || times == 0))
        return false;
    return days + times > 0 && text.len == 0;
}

/* RFC 1123, section 2.1. */
static bool is_hostname(struct json_text text)
{
    size_t label = 0;
    if (text.len == 0 || text.len > 253)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        bool ends = i + 1 == text.len || text.data[i + 1] == '.';
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
            continue;
        }
        if (!is_letter(c) && !is_digit(c) && (c != '-' || label == 0 || ends))
            return false;
        if (++label > 63)
            return false;
    }
    return label > 0;
}

static bool is_address(struct json_text text, int family)
{
    char copy[ADDRESS_MAX];
    unsigned char bytes[16];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, bytes) == 1;
}

static bool is_ipv4(struct json_text text)
{
    return is_address(text, AF_INET);
}

static bool is_ipv6(struct json_text text)
{
    return is_address(text, AF_INET6);
}

/* RFC 5321, section 4.1.2, without comments. */
static bool is_email(struct json_text text)
{
    size_t at = text.len;
    while (at > 0 && text.data[at - 1] != '@')
        at--;
    if (at < 2)
        return false;
    struct json_text local = {text.data, at - 1};
    struct json_text domain = {text.data + at, text.len - at};
    if (domain.len > 2 && domain.data[0] == '[' && domain.data[domain.len - 1] == ']') {
        domain = (struct json_text){domain.data + 1, domain.len - 2};
        if (domain.len > 5 && memcmp(domain.data, "IPv6:", 5) == 0)
            return is_ipv6((struct json_text){domain.data + 5, domain.len - 5});
        return is_ipv4(domain);
    }
    if (!is_hostname(domain))
        return false;
    if (local.len > 2 && local.data[0] == '"' && local.data[local.len - 1] == '"')
        return memchr(local.data + 1, '"', local.len - 2) == NULL;
    bool was_dot = true;
    for (size_t i = 0; i < local.len; i++) {
        char c = local.data[i];
        if (c == '.' ? was_dot
                     : !is_letter(c) && !is_digit(c) && strchr("!#$%&'*+-/=?^_`{|}~", c) == NULL)
            return false;
        was_dot = c == '.';
    }
    return !was_dot;
}

/* RFC 4122, section 3. */
static bool is_uuid(struct json_text text)
{
    if (text.len != 36)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.data[i] != '-' : !is_hex(text.data[i]))
            return false;
    }
    return true;
}

/* RFC 3986: the characters, and what a percent sign stands before. */
static bool has_uri_characters(struct json_text text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            if (text.len - i < 3 || !is_hex(text.data[i + 1]) || !is_hex(text.data[i + 2]))
                return false;
        } else if (c == '\0' ||
                   (!is_letter(c) && !is_digit(c) && strchr("-._~:/?#[]@!$&'()*+,;=", c) == NULL)) {
            return false;
        }
    }
    const char *fragment = text.len > 0 ? memchr(text.data, '#', text.len) : NULL;
    return fragment == NULL ||
           memchr(fragment + 1, '#', text.len - (size_t)(fragment + 1 - text.data)) == NULL;
}

static size_t scheme_length(struct json_text text)
{
    size_t len = 0;
    if (text.len == 0 || !is_letter(text.data[0]))
        return 0;
    while (len < text.len && (is_letter(text.data[len]) || is_digit(text.data[len]) ||
                              (text.data[len] != '\0' && strchr("+-.", text.data[len]) != NULL)))
        len++;
    return len < text.len && text.data[len] == ':' ? len + 1 : 0;
}

/* Brackets belong around an address, digits behind the port's colon. */
static bool has_proper_authority(struct json_text text)
{
    size_t len = 0;
    if (text.len < 2 || memcmp(text.data, "//", 2) != 0)
        return memchr(text.data != NULL ? text.data : "", '[', text.len) == NULL;
    while (2 + len < text.len && strchr("/?#", text.data[2 + len]) == NULL)
        len++;
    struct json_text host = {text.data + 2, len};
    const char *user = len > 0 ? memchr(host.data, '@', len) : NULL;
    if (user != NULL) {
        if (memchr(host.data, '[', (size_t)(user - host.data)) != NULL)
            return false;
        host.len -= (size_t)(user + 1 - host.data);
        host.data = user + 1;
    }
    if (host.len > 0 && host.data[0] == '[') {
        const char *end = memchr(host.data, ']', host.len);
        if (end == NULL ||
            !is_ipv6((struct json_text){host.data + 1, (size_t)(end - host.data - 1)}))
            return false;
        host.len -= (size_t)(end + 1 - host.data);
        host.data = end + 1;
    }
    const char *port = host.len > 0 ? memchr(host.data, ':', host.len) : NULL;
    for (const char *at = port; port != NULL && ++at < host.data + host.len;)
        if (!is_digit(*at))
            return false;
    return host.len == 0 || memchr(host.data, '[', host.len) == NULL;
}

static bool is_uri_reference(struct json_text text)
{
    size_t scheme = scheme_length(text);
    struct json_text rest = {text.data + scheme, text.len - scheme};
    return has_uri_characters(text) && has_proper_authority(rest);
}

static bool is_uri(struct json_text text)
{
    return scheme_length(text) > 0 && is_uri_reference(text);
}

/* RFC 6901, section 3. */
static bool is_json_pointer(struct json_text text)
{
    if (text.len > 0 && text.data[0] != '/')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '~' &&
            (i + 1 == text.len || (text.data[i + 1] != '0' && text.data[i + 1] != '1')))
            return false;
    return true;
}

static bool is_relative_json_pointer(struct json_text text)
{
    size_t len = 0;
    while (len < text.len && is_digit(text.data[len]))
        len++;
    if (len == 0 || (len > 1 && text.data[0] == '0'))
        return false;
    text.data += len;
    text.len -= len;
    return (text.len == 1 && text.data[0] == '#') || is_json_pointer(text);
}

static bool is_regex(struct json_text text)
{
    int code;
    size_t offset;
    pcre2_code *pattern = schema_pattern_compile(text, &code, &offset);
    pcre2_code_free(pattern);
    return pattern != NULL;
}

format_check schema_format_find(struct json_text name)
{
    static const struct {
        const char *name;
        format_check check;
    } formats[] = {
        {"date-time", is_date_time},
        {"date", is_date},
        {"time", is_time},
        {"duration", is_duration},
        {"email", is_email},
        {"hostname", is_hostname},
        {"ipv4", is_ipv4},
        {"ipv6", is_ipv6},
        {"uri", is_uri},
        {"uri-reference", is_uri_reference},
        {"uuid", is_uuid},
        {"json-pointer", is_json_pointer},
        {"relative-json-pointer", is_relative_json_pointer},
        {"regex", is_regex},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (json_text_is(name, formats[i].name))
            return formats[i].check;
    return NULL;
}
