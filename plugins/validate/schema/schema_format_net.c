#include "schema_format.h"

#include "json_string.h"

#include <string.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* RFC 1123, section 2.1; above ASCII anything goes if `wide`, as the registries change. */
static bool is_label(const char *label, size_t len, bool wide)
{
    if (len == 0 || len > 63 || label[0] == '-' || label[len - 1] == '-')
        return false;
    bool prefix = len >= 4 && label[2] == '-' && label[3] == '-';
    if (prefix && ((label[0] | 0x20) != 'x' || (label[1] | 0x20) != 'n' || len == 4))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(label[i]) && label[i] != '-' && !(wide && (unsigned char)label[i] >= 0x80))
            return false;
    return true;
}

/* Bytes of the label separator here: '.', or if `wide` one of U+3002, U+FF0E, U+FF61. */
static size_t separator(const char *at, const char *end, bool wide)
{
    if (*at == '.')
        return 1;
    bool other = wide && end - at >= 3 &&
                 (memcmp(at, "\xe3\x80\x82", 3) == 0 || memcmp(at, "\xef\xbc\x8e", 3) == 0 ||
                  memcmp(at, "\xef\xbd\xa1", 3) == 0);
    return other ? 3 : 0;
}

static bool is_hostname(struct json_text text, bool wide)
{
    const char *start = text.data, *end = text.data + text.len;
    if (text.len == 0 || text.len > 253)
        return false;
    for (const char *at = start; at < end;) {
        size_t step = separator(at, end, wide);
        if (step > 0 && !is_label(start, (size_t)(at - start), wide))
            return false;
        at += step > 0 ? step : 1;
        if (step > 0)
            start = at;
    }
    return is_label(start, (size_t)(end - start), wide);
}

bool format_hostname(struct json_text text, struct arena *arena)
{
    (void)arena;
    return is_hostname(text, false);
}

bool format_idn_hostname(struct json_text text, struct arena *arena)
{
    (void)arena;
    return is_hostname(text, true);
}

bool format_ipv4(struct json_text text, struct arena *arena)
{
    int parts = 0;
    size_t i = 0;
    (void)arena;
    for (; parts < 4 && i < text.len; parts++) {
        int number = 0;
        size_t start = i;
        for (; i < text.len && text.data[i] >= '0' && text.data[i] <= '9' && i - start < 3; i++)
            number = number * 10 + (text.data[i] - '0');
        if (i == start || number > 255 || (i - start > 1 && text.data[start] == '0'))
            return false;
        if (parts < 3 && (i == text.len || text.data[i++] != '.'))
            return false;
    }
    return parts == 4 && i == text.len;
}

/* RFC 4291, section 2.2. */
bool format_ipv6(struct json_text text, struct arena *arena)
{
    int groups = 0;
    bool gap = false;
    size_t i = 0;
    if (text.len >= 2 && memcmp(text.data, "::", 2) == 0) {
        gap = true;
        i = 2;
    }
    while (i < text.len) {
        size_t start = i;
        while (i < text.len && is_hex(text.data[i]) && i - start < 5)
            i++;
        if (i < text.len && text.data[i] == '.') {
            struct json_text rest = {text.data + start, text.len - start};
            return format_ipv4(rest, arena) && (gap ? groups <= 5 : groups == 6);
        }
        if (i == start || i - start > 4)
            return false;
        groups++;
        if (i == text.len)
            break;
        if (text.data[i++] != ':' || i == text.len)
            return false;
        if (text.data[i] == ':') {
            if (gap)
                return false;
            gap = true;
            i++;
        }
    }
    return gap ? groups <= 7 : groups == 8;
}

/* RFC 5321, section 4.1.2, a local part in dots or quotes. */
static bool is_local_part(struct json_text text, bool wide)
{
    bool quoted = text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"';
    char before = '.';
    for (size_t i = quoted ? 1 : 0; i < text.len - (quoted ? 1 : 0); i++) {
        char c = text.data[i];
        bool high = (unsigned char)c >= 0x80;
        if (high ? !wide : (unsigned char)c < 0x20 || c == 0x7f)
            return false;
        if (quoted && c == '\\' && ++i == text.len - 1)
            return false;
        if (quoted && c == '"')
            return false;
        if (!quoted && !high && !is_alnum(c) && strchr("!#$%&'*+-/=?^_`{|}~.", c) == NULL)
            return false;
        if (!quoted && c == '.' && before == '.')
            return false;
        before = c;
    }
    return quoted || (text.len > 0 && before != '.');
}

static bool is_email(struct json_text text, bool wide, struct arena *arena)
{
    const char *at = text.len == 0 ? NULL : memrchr(text.data, '@', text.len);
    if (at == NULL || !is_local_part((struct json_text){text.data, (size_t)(at - text.data)}, wide))
        return false;
    struct json_text host = {at + 1, text.len - (size_t)(at - text.data) - 1};
    if (host.len < 2 || host.data[0] != '[' || host.data[host.len - 1] != ']')
        return is_hostname(host, wide);
    host = (struct json_text){host.data + 1, host.len - 2};
    if (host.len > 5 && memcmp(host.data, "IPv6:", 5) == 0)
        return format_ipv6((struct json_text){host.data + 5, host.len - 5}, arena);
    return format_ipv4(host, arena);
}

bool format_email(struct json_text text, struct arena *arena)
{
    return is_email(text, false, arena);
}

bool format_idn_email(struct json_text text, struct arena *arena)
{
    return is_email(text, true, arena);
}
