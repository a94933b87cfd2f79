#include "unit.h"

#include "delivery/gap_marker.h"

#include <string.h>

static void expect_marker(const char *text, uint64_t dropped, uint64_t bytes, const char *expected)
{
    uint8_t frame[1024];
    size_t room = gap_marker_room(text);
    assert_true(room <= sizeof frame);
    size_t len = gap_marker_encode(text, dropped, bytes, frame);
    assert_true(len <= room);
    assert_int_equal(frame[0], 0x81);
    size_t payload = strlen(expected);
    size_t header = payload < 126 ? 2 : 4;
    assert_int_equal(len, header + payload);
    assert_memory_equal(frame + header, expected, payload);
}

static void placeholders_become_numbers(void **state)
{
    (void)state;
    expect_marker("{\"type\":\"gap\",\"dropped\":{dropped},\"bytes\":{bytes}}", 12, 345,
                  "{\"type\":\"gap\",\"dropped\":12,\"bytes\":345}");
    expect_marker("{dropped}{dropped}{bytes}", 1, 0, "110");
    expect_marker("missed", 1, 2, "missed");
    expect_marker("{dropped", 1, 2, "{dropped");
    expect_marker("{other}", 1, 2, "{other}");
}

static void the_largest_numbers_fit(void **state)
{
    (void)state;
    expect_marker("{dropped},{bytes}", UINT64_MAX, UINT64_MAX,
                  "18446744073709551615,18446744073709551615");
}

static void the_longest_texts_fit(void **state)
{
    char text[129], expected[512] = "";
    (void)state;
    memset(text, 'x', 128);
    text[128] = '\0';
    expect_marker(text, 1, 2, text);
    text[0] = '\0';
    for (unsigned i = 0; i < 18; i++) { /* As many as there are room for. */
        strcat(text, "{bytes}");
        strcat(expected, "18446744073709551615");
    }
    expect_marker(text, 1, UINT64_MAX, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_become_numbers),
        cmocka_unit_test(the_largest_numbers_fit),
        cmocka_unit_test(the_longest_texts_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
