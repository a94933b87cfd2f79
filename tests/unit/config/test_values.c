#include "config/values.h"
#include "unit.h"

#include <string.h>

struct integer_case {
    const char *text;
    int result;
    int64_t value;
};

struct number_case {
    const char *text;
    int result;
    double value;
};

#define CHECK_ALL(cases, parse)                                                                    \
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {                                  \
        cases[i].value = cases[i].result == 0 ? cases[i].value : -77;                              \
        __typeof__(cases[i].value) value = -77;                                                    \
        assert_int_equal(parse(cases[i].text, &value), cases[i].result);                           \
        assert_true(value == cases[i].value);                                                      \
    }

static void reads_durations_in_nanoseconds(void **state)
{
    (void)state;
    struct integer_case cases[] = {
        {"0", 0, 0},
        {"0s", 0, 0},
        {"250ms", 0, 250000000},
        {"5s", 0, 5000000000},
        {"2m", 0, 120000000000},
        {"1h", 0, 3600000000000},
        {"2562047h", 0, INT64_C(9223369200000000000)},
        {"2562048h", ERR_LIMIT, 0},
        {"9223372036854775808ms", ERR_LIMIT, 0},
        {"5", ERR_INVALID, 0},
        {"", ERR_INVALID, 0},
        {"s", ERR_INVALID, 0},
        {"-1s", ERR_INVALID, 0},
        {"+1s", ERR_INVALID, 0},
        {"1.5s", ERR_INVALID, 0},
        {"1 s", ERR_INVALID, 0},
        {" 1s", ERR_INVALID, 0},
        {"1s ", ERR_INVALID, 0},
        {"1S", ERR_INVALID, 0},
        {"1d", ERR_INVALID, 0},
        {"99999999999999999999d", ERR_INVALID, 0},
    };
    CHECK_ALL(cases, duration_parse);
}

static void reads_sizes_in_bytes(void **state)
{
    (void)state;
    struct integer_case cases[] = {
        {"0", 0, 0},
        {"512", 0, 512},
        {"64KiB", 0, 65536},
        {"1MiB", 0, 1048576},
        {"1GiB", 0, 1073741824},
        {"9223372036854775807", 0, INT64_MAX},
        {"9223372036854775808", ERR_LIMIT, 0},
        {"8589934592GiB", ERR_LIMIT, 0},
        {"64KB", ERR_INVALID, 0},
        {"64k", ERR_INVALID, 0},
        {"64kib", ERR_INVALID, 0},
        {"1.5MiB", ERR_INVALID, 0},
        {"-1", ERR_INVALID, 0},
        {"", ERR_INVALID, 0},
    };
    CHECK_ALL(cases, size_parse);
}

static void reads_rates_per_second(void **state)
{
    (void)state;
    struct number_case cases[] = {
        {"50/s", 0, 50},
        {"1000/m", 0, 1000.0 / 60},
        {"10/h", 0, 10.0 / 3600},
        {"0.5/s", 0, 0.5},
        {"0/s", 0, 0},
        {"50", ERR_INVALID, 0},
        {"/s", ERR_INVALID, 0},
        {"./s", ERR_INVALID, 0},
        {"50/", ERR_INVALID, 0},
        {"50/d", ERR_INVALID, 0},
        {"-1/s", ERR_INVALID, 0},
        {"1e3/s", ERR_INVALID, 0},
        {"1/s/s", ERR_INVALID, 0},
        {"1000000000000000000000000000000000000/s", ERR_INVALID, 0},
    };
    CHECK_ALL(cases, rate_parse);
}

static void reads_integers_of_yaml_1_2(void **state)
{
    (void)state;
    struct integer_case cases[] = {
        {"0", 0, 0},
        {"-12", 0, -12},
        {"+12", 0, 12},
        {"007", 0, 7},
        {"0x1F", 0, 31},
        {"0o17", 0, 15},
        {"9223372036854775807", 0, INT64_MAX},
        {"-9223372036854775808", 0, INT64_MIN},
        {"9223372036854775808", ERR_LIMIT, 0},
        {"0xffffffffffffffffff", ERR_LIMIT, 0},
        {"0x8000000000000000", ERR_LIMIT, 0},
        {"", ERR_INVALID, 0},
        {"-", ERR_INVALID, 0},
        {"0x", ERR_INVALID, 0},
        {"0x-1", ERR_INVALID, 0},
        {"0o8", ERR_INVALID, 0},
        {"1_000", ERR_INVALID, 0},
        {"1.0", ERR_INVALID, 0},
        {" 1", ERR_INVALID, 0},
    };
    CHECK_ALL(cases, integer_parse);
}

static void reads_finite_numbers(void **state)
{
    (void)state;
    struct number_case cases[] = {
        {"1", 0, 1},
        {"-0.5", 0, -0.5},
        {".5", 0, 0.5},
        {"1.", 0, 1},
        {"1e3", 0, 1000},
        {"1E-2", 0, 0.01},
        {"1e999", ERR_LIMIT, 0},
        {".", ERR_INVALID, 0},
        {"1e", ERR_INVALID, 0},
        {"0x10", ERR_INVALID, 0},
        {"inf", ERR_INVALID, 0},
        {"nan", ERR_INVALID, 0},
        {".inf", ERR_INVALID, 0},
        {" 1", ERR_INVALID, 0},
        {"1,5", ERR_INVALID, 0},
        {"", ERR_INVALID, 0},
    };
    CHECK_ALL(cases, number_parse);
}

static void reads_only_true_and_false_as_booleans(void **state)
{
    (void)state;
    bool value = false;
    assert_int_equal(bool_parse("true", &value), 0);
    assert_true(value);
    assert_int_equal(bool_parse("FALSE", &value), 0);
    assert_false(value);
    assert_int_equal(bool_parse("yes", &value), ERR_INVALID);
    assert_int_equal(bool_parse("tRUE", &value), ERR_INVALID);
    assert_string_equal(bool_hint("Yes"), "true");
    assert_string_equal(bool_hint("off"), "false");
    assert_null(bool_hint("perhaps"));
}

static void writes_values_as_they_are_read(void **state)
{
    (void)state;
    char text[VALUE_TEXT_MAX];
#define WRITES(format, value, expected)                                                            \
    do {                                                                                           \
        format(value, text);                                                                       \
        assert_string_equal(text, expected);                                                       \
    } while (0)
    WRITES(duration_format, 0, "0");
    WRITES(duration_format, 250000000, "250ms");
    WRITES(duration_format, 90000000000, "90s");
    WRITES(duration_format, 7200000000000, "2h");
    WRITES(duration_format, 1500000, "1.5ms");
    WRITES(size_format, 0, "0");
    WRITES(size_format, 1000, "1000");
    WRITES(size_format, 65536, "64KiB");
    WRITES(size_format, INT64_C(1) << 40, "1024GiB");
    WRITES(rate_format, 50, "50/s");
    WRITES(rate_format, 0.5, "30/m");
    WRITES(rate_format, 10.0 / 3600, "10/h");
    WRITES(rate_format, 0, "0/s");
    WRITES(number_format, 1e9, "1000000000");
    WRITES(number_format, -0.25, "-0.25");
#undef WRITES
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_durations_in_nanoseconds),
        cmocka_unit_test(reads_sizes_in_bytes),
        cmocka_unit_test(reads_rates_per_second),
        cmocka_unit_test(reads_integers_of_yaml_1_2),
        cmocka_unit_test(reads_finite_numbers),
        cmocka_unit_test(reads_only_true_and_false_as_booleans),
        cmocka_unit_test(writes_values_as_they_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
