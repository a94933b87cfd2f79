#include "json_number.h"

/* Exponents beyond this are all as good as infinite, and cannot overflow when added to. */
#define EXPONENT_MAX INT64_C(1000000000000000)

__extension__ typedef unsigned __int128 wide;

/* The digits from the first to the last one that is not 0. There are none in a zero. */
struct decimal {
    bool negative;
    const char *first; /* a '.' may stand between the digits */
    size_t count;      /* of digits */
    int64_t high;      /* the power of ten of the first digit */
    int64_t low;       /* the power of ten of the last digit */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int64_t read_exponent(const char *at, const char *end)
{
    int64_t exponent = 0;
    bool negative = false;
    if (at < end && (*at == '+' || *at == '-'))
        negative = *at++ == '-';
    for (; at < end && is_digit(*at); at++)
        if (exponent < EXPONENT_MAX)
            exponent = exponent * 10 + (*at - '0');
    if (exponent > EXPONENT_MAX)
        exponent = EXPONENT_MAX;
    return negative ? -exponent : exponent;
}

/* The powers of ten are counted from the end of the mantissa's integral part. */
static struct decimal decimal_read(struct json_text text)
{
    struct decimal decimal = {0};
    const char *at = text.data, *end = text.data + text.len;
    int64_t digits = 0, integral = -1, first = 0, last = 0;
    decimal.negative = at < end && *at == '-';
    if (decimal.negative)
        at++;
    for (; at < end && (is_digit(*at) || *at == '.'); at++) {
        if (*at == '.') {
            integral = digits;
            continue;
        }
        if (*at != '0' && decimal.first == NULL) {
            decimal.first = at;
            first = digits;
        }
        if (*at != '0')
            last = digits;
        digits++;
    }
    if (integral < 0)
        integral = digits;
    int64_t exponent = at < end ? read_exponent(at + 1, end) : 0;
    if (decimal.first != NULL) {
        decimal.count = (size_t)(last - first + 1);
        decimal.high = integral - 1 - first + exponent;
        decimal.low = integral - 1 - last + exponent;
    }
    return decimal;
}

static int next_digit(const char **at)
{
    if (**at == '.')
        ++*at;
    return *(*at)++ - '0';
}

static int compare_magnitudes(const struct decimal *a, const struct decimal *b)
{
    const char *a_at = a->first, *b_at = b->first;
    if (a->high != b->high)
        return a->high < b->high ? -1 : 1;
    for (size_t i = 0; i < a->count && i < b->count; i++) {
        int order = next_digit(&a_at) - next_digit(&b_at);
        if (order != 0)
            return order;
    }
    return a->count == b->count ? 0 : a->count < b->count ? -1 : 1;
}

static int sign_of(const struct decimal *decimal)
{
    return decimal->count == 0 ? 0 : decimal->negative ? -1 : 1;
}

int json_number_compare(struct json_text a, struct json_text b)
{
    struct decimal left = decimal_read(a), right = decimal_read(b);
    if (sign_of(&left) != sign_of(&right))
        return sign_of(&left) < sign_of(&right) ? -1 : 1;
    if (left.count == 0)
        return 0;
    int order = compare_magnitudes(&left, &right);
    return left.negative ? -order : order;
}

bool json_number_is_integer(struct json_text text)
{
    struct decimal decimal = decimal_read(text);
    return decimal.count == 0 || decimal.low >= 0;
}

bool json_number_is_divisor(struct json_text text)
{
    struct decimal decimal = decimal_read(text);
    return sign_of(&decimal) > 0 && decimal.count <= JSON_DIVISOR_DIGITS;
}

/* `base` to the power of `exponent`, modulo `modulus`. */
static uint64_t power_modulo(uint64_t base, int64_t exponent, uint64_t modulus)
{
    wide result = 1 % modulus, factor = base % modulus;
    for (; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1)
            result = result * factor % modulus;
        factor = factor * factor % modulus;
    }
    return (uint64_t)result;
}

/* With value = v * 10^i and divisor = d * 10^j, neither v nor d divisible by 10: if i < j the
 * quotient has a fraction for sure, else it is v * 10^(i-j) / d, and remainders tell. */
bool json_number_is_multiple(struct json_text text, struct json_text divisor)
{
    struct decimal value = decimal_read(text), by = decimal_read(divisor);
    uint64_t modulus = 0;
    wide remainder = 0;
    if (value.count == 0)
        return true;
    if (by.count == 0 || by.count > JSON_DIVISOR_DIGITS || value.low < by.low)
        return false;
    const char *at = by.first;
    for (size_t i = 0; i < by.count; i++)
        modulus = modulus * 10 + (uint64_t)next_digit(&at);
    at = value.first;
    for (size_t i = 0; i < value.count; i++)
        remainder = (remainder * 10 + (unsigned)next_digit(&at)) % modulus;
    return remainder * power_modulo(10, value.low - by.low, modulus) % modulus == 0;
}

bool json_number_to_size(struct json_text text, size_t *size)
{
    struct decimal decimal = decimal_read(text);
    const char *at = decimal.first;
    size_t value = 0;
    if (sign_of(&decimal) < 0 || (decimal.count > 0 && decimal.low < 0))
        return false;
    *size = decimal.high > 18 ? SIZE_MAX : 0;
    if (decimal.count == 0 || decimal.high > 18)
        return true;
    for (int64_t i = 0; i <= decimal.high; i++)
        value = value * 10 + (i < (int64_t)decimal.count ? (size_t)next_digit(&at) : 0);
    *size = value;
    return true;
}
