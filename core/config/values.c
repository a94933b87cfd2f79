#include "config/values.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
    const char *name;
    int64_t factor;
};

/* From the largest to the smallest, so that formatting takes the first that divides. */
static const struct unit duration_units[] = {
    {"h", INT64_C(3600000000000)}, {"m", INT64_C(60000000000)}, {"s", INT64_C(1000000000)},
    {"ms", INT64_C(1000000)},      {"us", INT64_C(1000)},
};
static const struct unit size_units[] = {
    {"GiB", INT64_C(1) << 30},
    {"MiB", INT64_C(1) << 20},
    {"KiB", INT64_C(1) << 10},
    {"", 1},
};
static const struct unit rate_units[] = {{"s", 1}, {"m", 60}, {"h", 3600}};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits at *text and moves it past them. Returns 0, ERR_INVALID (no digit) or ERR_LIMIT
 * (then *text is past them too, so that the caller can still tell a wrong unit). */
static int read_digits(const char **text, int64_t *out)
{
    int64_t value = 0;
    int error = 0;
    if (!is_digit(**text))
        return ERR_INVALID;
    for (; is_digit(**text); (*text)++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, **text - '0', &value))
            error = ERR_LIMIT;
    *out = value;
    return error;
}

static int parse_with_unit(const char *text, const struct unit *units, size_t count, int64_t *out)
{
    int64_t value = 0;
    int error = read_digits(&text, &value);
    if (error == ERR_INVALID)
        return error;
    const struct unit *unit = find_unit(units, count, text);
    if (unit == NULL)
        return ERR_INVALID;
    if (error != 0 || __builtin_mul_overflow(value, unit->factor, &value))
        return ERR_LIMIT;
    *out = value;
    return 0;
}

int duration_parse(const char *text, int64_t *out)
{
    if (strcmp(text, "0") == 0) {
        *out = 0;
        return 0;
    }
    return parse_with_unit(text, duration_units, COUNT(duration_units), out);
}

int size_parse(const char *text, int64_t *out)
{
    return parse_with_unit(text, size_units, COUNT(size_units), out);
}

int rate_parse(const char *text, double *out)
{
    char number[VALUE_TEXT_MAX];
    const char *slash = strchr(text, '/');
    double value;
    if (slash == NULL || slash == text || (size_t)(slash - text) >= sizeof number)
        return ERR_INVALID;
    memcpy(number, text, (size_t)(slash - text));
    number[slash - text] = '\0';
    const struct unit *unit = find_unit(rate_units, COUNT(rate_units), slash + 1);
    if (unit == NULL || number[strspn(number, "0123456789.")] != '\0')
        return ERR_INVALID;
    int error = number_parse(number, &value);
    if (error != 0)
        return error;
    *out = value / (double)unit->factor;
    return 0;
}

static int parse_based(const char *digits, int base, const char *allowed, int64_t *out)
{
    if (*digits == '\0' || digits[strspn(digits, allowed)] != '\0')
        return ERR_INVALID;
    errno = 0;
    unsigned long long value = strtoull(digits, NULL, base);
    if (errno == ERANGE || value > INT64_MAX)
        return ERR_LIMIT;
    *out = (int64_t)value;
    return 0;
}

int integer_parse(const char *text, int64_t *out)
{
    if (strncmp(text, "0x", 2) == 0)
        return parse_based(text + 2, 16, "0123456789abcdefABCDEF", out);
    if (strncmp(text, "0o", 2) == 0)
        return parse_based(text + 2, 8, "01234567", out);
    const char *digits = text + (*text == '-' || *text == '+');
    if (*digits == '\0' || digits[strspn(digits, "0123456789")] != '\0')
        return ERR_INVALID;
    errno = 0;
    long long value = strtoll(text, NULL, 10);
    if (errno == ERANGE)
        return ERR_LIMIT;
    *out = value;
    return 0;
}

/* [-+]? ( [0-9]+ ( \. [0-9]* )? | \. [0-9]+ ) ( [eE] [-+]? [0-9]+ )? : without this check strtod
 * would also take hexadecimal numbers, spaces, "inf" and "nan". */
static bool is_number(const char *text)
{
    const char *at = text + (*text == '-' || *text == '+');
    size_t whole = strspn(at, "0123456789");
    at += whole;
    if (*at == '.') {
        size_t fraction = strspn(++at, "0123456789");
        if (whole + fraction == 0)
            return false;
        at += fraction;
    } else if (whole == 0) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '-' || *at == '+';
        if (!is_digit(*at))
            return false;
        at += strspn(at, "0123456789");
    }
    return *at == '\0';
}

int number_parse(const char *text, double *out)
{
    if (!is_number(text))
        return ERR_INVALID;
    double value = strtod(text, NULL);
    if (!isfinite(value))
        return ERR_LIMIT;
    *out = value;
    return 0;
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

int bool_parse(const char *text, bool *out)
{
    bool yes = is_one_of(text, "true", "True", "TRUE");
    if (!yes && !is_one_of(text, "false", "False", "FALSE"))
        return ERR_INVALID;
    *out = yes;
    return 0;
}

const char *bool_hint(const char *text)
{
    if (strcasecmp(text, "yes") == 0 || strcasecmp(text, "on") == 0 || strcasecmp(text, "y") == 0)
        return "true";
    if (strcasecmp(text, "no") == 0 || strcasecmp(text, "off") == 0 || strcasecmp(text, "n") == 0)
        return "false";
    return NULL;
}

static void format_with_unit(int64_t value, const struct unit *units, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        if (value % units[i].factor == 0) {
            snprintf(text, VALUE_TEXT_MAX, "%" PRId64 "%s", value / units[i].factor, units[i].name);
            return;
        }
    }
}

void duration_format(int64_t nanoseconds, char text[VALUE_TEXT_MAX])
{
    if (nanoseconds == 0)
        snprintf(text, VALUE_TEXT_MAX, "0");
    else if (nanoseconds % 1000000 != 0) /* finer than the notation: only a plugin's bound can be */
        snprintf(text, VALUE_TEXT_MAX, "%gms", (double)nanoseconds / 1e6);
    else
        format_with_unit(nanoseconds, duration_units, COUNT(duration_units), text);
}

void size_format(int64_t bytes, char text[VALUE_TEXT_MAX])
{
    if (bytes == 0)
        snprintf(text, VALUE_TEXT_MAX, "0");
    else
        format_with_unit(bytes, size_units, COUNT(size_units), text);
}

void rate_format(double per_second, char text[VALUE_TEXT_MAX])
{
    if (per_second == 0 || per_second >= 1)
        snprintf(text, VALUE_TEXT_MAX, "%.10g/s", per_second);
    else if (per_second * 60 >= 1)
        snprintf(text, VALUE_TEXT_MAX, "%.10g/m", per_second * 60);
    else
        snprintf(text, VALUE_TEXT_MAX, "%.10g/h", per_second * 3600);
}

void number_format(double number, char text[VALUE_TEXT_MAX])
{
    snprintf(text, VALUE_TEXT_MAX, "%.15g", number);
}
