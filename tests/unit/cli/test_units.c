#include "cli/units.h"

#include "unit.h"

#include <stddef.h>

static void durations_have_their_unit(void **state)
{
    static const struct {
        double ns;
        const char *text;
    } cases[] = {
        {0, "0 ns"}, {999, "999 ns"}, {12345, "12.3 us"}, {4.6e6, "4.6 ms"}, {2e9, "2.0 s"}};
    char text[UNITS_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(units_duration(cases[i].ns, text), cases[i].text);
}

static void numbers_are_short(void **state)
{
    static const struct {
        double number;
        const char *text;
    } cases[] = {{0, "0"},         {999.4, "999"},    {999.6, "1.0k"}, {1234, "1.2k"},
                 {999960, "1.0M"}, {34.5e6, "34.5M"}, {1.2e9, "1.2G"}, {5e15, "5000.0T"}};
    char text[UNITS_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(units_number(cases[i].number, text), cases[i].text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_have_their_unit),
        cmocka_unit_test(numbers_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
