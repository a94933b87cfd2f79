#include "amount.h"

#include <string.h>

#define DIGITS_MAX 12

/* The digits at the front. Returns how many bytes they are, 0 if there are none or too many. */
static size_t take_number(struct sl_string text, int64_t *number)
{
    size_t len = 0;
    *number = 0;
    while (len < text.len && text.data[len] >= '0' && text.data[len] <= '9' && len <= DIGITS_MAX)
        *number = *number * 10 + (text.data[len++] - '0');
    return len <= DIGITS_MAX ? len : 0;
}

static bool text_is(const char *data, size_t len, const char *expected)
{
    return len == strlen(expected) && memcmp(data, expected, len) == 0;
}

bool amount_rate(struct sl_string text, double *per_second)
{
    int64_t number;
    size_t used = take_number(text, &number);
    const char *unit = text.data + used;
    size_t left = text.len - used;
    if (used == 0)
        return false;
    double seconds = text_is(unit, left, "/s")   ? 1
                     : text_is(unit, left, "/m") ? 60
                     : text_is(unit, left, "/h") ? 3600
                                                 : 0;
    *per_second = seconds > 0 ? (double)number / seconds : 0;
    return seconds > 0;
}

bool amount_size(struct sl_string text, int64_t *bytes)
{
    int64_t number;
    size_t used = take_number(text, &number);
    const char *unit = text.data + used;
    size_t left = text.len - used;
    int shift = left == 0                    ? 0
                : text_is(unit, left, "KiB") ? 10
                : text_is(unit, left, "MiB") ? 20
                : text_is(unit, left, "GiB") ? 30
                                             : -1;
    if (used == 0 || shift < 0 || number > INT64_MAX >> 40)
        return false;
    *bytes = number << shift;
    return true;
}
