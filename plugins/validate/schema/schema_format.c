#include "schema_format.h"

#include "schema_pattern.h"

#include <string.h>

/* A place in a text that is read from left to right. */
struct reader {
    const char *at;
    const char *end;
};

static struct reader reader_of(struct json_text text)
{
    return (struct reader){text.data, text.data + text.len};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Reads one of the bytes in `set`. */
static bool take_one_of(struct reader *from, const char *set)
{
    if (from->at == from->end || *from->at == '\0' || strchr(set, *from->at) == NULL)
        return false;
    from->at++;
    return true;
}

/* Reads exactly `count` digits as a number. */
static bool take_number(struct reader *from, int count, int *number)
{
    *number = 0;
    for (int i = 0; i < count; i++) {
        if (from->at == from->end || !is_digit(*from->at))
            return false;
        *number = *number * 10 + (*from->at++ - '0');
    }
    return true;
}

static size_t take_digits(struct reader *from)
{
    const char *start = from->at;
    while (from->at < from->end && is_digit(*from->at))
        from->at++;
    return (size_t)(from->at - start);
}

static bool take_date(struct reader *from)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year, month, day;
    if (!take_number(from, 4, &year) || !take_one_of(from, "-") || !take_number(from, 2, &month) ||
        !take_one_of(from, "-") || !take_number(from, 2, &day))
        return false;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month >= 1 && month <= 12 && day >= 1 &&
           day <= days[month - 1] + (leap && month == 2 ? 1 : 0);
}

/* RFC 3339, section 5.6. A leap second is the last one of a day in UTC. */
static bool take_time(struct reader *from)
{
    int hour, minute, second, zone_hour = 0, zone_minute = 0;
    if (!take_number(from, 2, &hour) || !take_one_of(from, ":") || !take_number(from, 2, &minute) ||
        !take_one_of(from, ":") || !take_number(from, 2, &second))
        return false;
    if (take_one_of(from, ".") && take_digits(from) == 0)
        return false;
    if (!take_one_of(from, "zZ")) {
        int sign = from->at < from->end && *from->at == '-' ? -1 : 1;
        if (!take_one_of(from, "+-") || !take_number(from, 2, &zone_hour) ||
            !take_one_of(from, ":") || !take_number(from, 2, &zone_minute) || zone_hour > 23 ||
            zone_minute > 59)
            return false;
        zone_hour *= sign;
        zone_minute *= sign;
    }
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    int utc = (hour * 60 + minute - zone_hour * 60 - zone_minute + 2 * 1440) % 1440;
    return second < 60 || utc == 1439;
}

static bool check_date(struct json_text text, struct arena *arena)
{
    struct reader from = reader_of(text);
    (void)arena;
    return take_date(&from) && from.at == from.end;
}

static bool check_time(struct json_text text, struct arena *arena)
{
    struct reader from = reader_of(text);
    (void)arena;
    return take_time(&from) && from.at == from.end;
}

static bool check_date_time(struct json_text text, struct arena *arena)
{
    struct reader from = reader_of(text);
    (void)arena;
    return take_date(&from) && take_one_of(&from, "tT") && take_time(&from) && from.at == from.end;
}

/* A run of numbers with units that come in the order of `units`, without gaps between them. */
static bool take_units(struct reader *from, const char *units, bool *any)
{
    const char *next = units;
    while (from->at < from->end && is_digit(*from->at)) {
        take_digits(from);
        const char *unit =
            from->at < from->end && *from->at != '\0' ? strchr(next, *from->at) : NULL;
        if (unit == NULL || (*any && unit != next))
            return false;
        from->at++;
        next = unit + 1;
        *any = true;
    }
    return true;
}

/* RFC 3339, appendix A. */
static bool check_duration(struct json_text text, struct arena *arena)
{
    struct reader from = reader_of(text);
    bool date = false, time = false;
    (void)arena;
    if (!take_one_of(&from, "P"))
        return false;
    if (text.len > 2 && text.data[text.len - 1] == 'W')
        return take_digits(&from) > 0 && take_one_of(&from, "W") && from.at == from.end;
    if (!take_units(&from, "YMD", &date))
        return false;
    if (take_one_of(&from, "T") && (!take_units(&from, "HMS", &time) || !time))
        return false;
    return (date || time) && from.at == from.end;
}

static bool check_uuid(struct json_text text, struct arena *arena)
{
    (void)arena;
    for (size_t i = 0; text.len == 36 && i < text.len; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text.data[i] != '-' : !is_hex(text.data[i]))
            return false;
    }
    return text.len == 36;
}

static bool check_pointer(struct json_text text, struct arena *arena)
{
    (void)arena;
    if (text.len > 0 && text.data[0] != '/')
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '~' &&
            (i + 1 == text.len || (text.data[i + 1] != '0' && text.data[i + 1] != '1')))
            return false;
    return true;
}

static bool check_relative_pointer(struct json_text text, struct arena *arena)
{
    struct reader from = reader_of(text);
    size_t digits = take_digits(&from);
    if (digits == 0 || (digits > 1 && text.data[0] == '0'))
        return false;
    if (take_one_of(&from, "#"))
        return from.at == from.end;
    return check_pointer((struct json_text){from.at, (size_t)(from.end - from.at)}, arena);
}

static bool check_regex(struct json_text text, struct arena *arena)
{
    return pattern_is_valid(text, arena);
}

/* Most formats are one walk along the text. Names in other scripts are decoded and normalized. A
 * pattern is compiled, and its repeats can make that long however short it is. */
const struct format *format_find(struct json_text name)
{
    enum { WALK = 0, NAME = 8, PATTERN = 16, COMPILE = 2000 };
    static const struct {
        const char *name;
        struct format format;
    } formats[] = {
        {"date-time", {check_date_time, WALK, WALK}},
        {"date", {check_date, WALK, WALK}},
        {"time", {check_time, WALK, WALK}},
        {"duration", {check_duration, WALK, WALK}},
        {"email", {format_email, WALK, NAME}},
        {"idn-email", {format_idn_email, WALK, NAME}},
        {"hostname", {format_hostname, WALK, NAME}},
        {"idn-hostname", {format_idn_hostname, WALK, NAME}},
        {"ipv4", {format_ipv4, WALK, WALK}},
        {"ipv6", {format_ipv6, WALK, WALK}},
        {"uri", {format_uri, WALK, WALK}},
        {"uri-reference", {format_uri_reference, WALK, WALK}},
        {"iri", {format_iri, WALK, WALK}},
        {"iri-reference", {format_iri_reference, WALK, WALK}},
        {"uri-template", {format_uri_template, WALK, WALK}},
        {"uuid", {check_uuid, WALK, WALK}},
        {"json-pointer", {check_pointer, WALK, WALK}},
        {"relative-json-pointer", {check_relative_pointer, WALK, WALK}},
        {"regex", {check_regex, COMPILE, PATTERN}},
    };
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (json_text_is(name, formats[i].name))
            return &formats[i].format;
    return NULL;
}
