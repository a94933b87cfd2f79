#include "schema_format.h"

#include <idn2.h>
#include <string.h>
#include <strings.h>

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

#define NAME_BYTES_MAX 253 /* of a whole name in ASCII, likewise */
#define LABEL_MAX 63       /* bytes of a label as it is sent; RFC 1035, section 2.3.4 */

/* Whether a label may be looked up, which includes the rules of its direction (RFC 5893). */
static bool has_good_direction(const char *label)
{
    char *found = NULL;
    int result = idn2_lookup_u8((const uint8_t *)label, (uint8_t **)&found,
                                IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    idn2_free(found);
    return result == IDN2_OK;
}

/* Whether a label of an internationalized name may be registered: its code points, their context
 * and their direction have to be right (RFC 5891, section 4.2), and an encoded label ("xn--...")
 * has to be what its decoded form encodes to. Returns the bytes of its encoded form, or 0. */
static size_t idna_label(const char *label, size_t len, bool encoded)
{
    char text[4 * LABEL_MAX + 1];
    uint8_t *registered = NULL;
    if (len >= sizeof text)
        return 0;
    memcpy(text, label, len);
    text[len] = '\0';
    const uint8_t *input = (const uint8_t *)text;
    int result = idn2_register_u8(encoded ? NULL : input, encoded ? input : NULL, &registered,
                                  IDN2_NFC_INPUT);
    size_t size = result == IDN2_OK ? strlen((const char *)registered) : 0;
    bool fine = size > 0 && size <= LABEL_MAX && has_good_direction(text) &&
                (!encoded || strcasecmp((const char *)registered, text) == 0);
    idn2_free(registered);
    return fine ? size : 0;
}

/* RFC 1123, section 2.1; if `wide`, code points above ASCII are allowed. Returns the bytes of the
 * encoded label, or 0 if it is not one. */
static size_t label_size(const char *label, size_t len, bool wide)
{
    bool ascii = true;
    for (size_t i = 0; i < len; i++) {
        bool high = (unsigned char)label[i] >= 0x80;
        if (!is_alnum(label[i]) && label[i] != '-' && !(wide && high))
            return 0;
        ascii = ascii && !high;
    }
    if (!ascii)
        return idna_label(label, len, false);
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
        return 0;
    if (len < 4 || label[2] != '-' || label[3] != '-')
        return len;
    return strncasecmp(label, "xn", 2) == 0 ? idna_label(label, len, true) : 0;
}

/* Bytes of the label separator here: '.', or if `wide` one of U+3002, U+FF0E, U+FF61. */
static size_t separator_length(const char *at, const char *end, bool wide)
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
    size_t sum = 0; /* of the name as it is sent */
    if (text.len == 0 || text.len > 4 * NAME_BYTES_MAX)
        return false;
    for (const char *at = start; at <= end;) {
        size_t step = at == end ? 1 : separator_length(at, end, wide);
        if (step > 0) {
            size_t size = label_size(start, (size_t)(at - start), wide);
            sum += size + (at < end ? 1 : 0);
            if (size == 0 || sum > NAME_BYTES_MAX)
                return false;
            start = at + step;
        }
        at += step > 0 ? step : 1;
    }
    return true;
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
