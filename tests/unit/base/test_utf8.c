#include "unit.h"

#include "base/utf8.h"

#include <string.h>

struct text {
    const char *bytes;
    size_t len;
};
#define TEXT(literal) ((struct text){literal, sizeof(literal) - 1})

static const struct text valid[] = {
    {"", 0},
    {"plain ASCII, longer than sixteen bytes, so that whole words are checked", 71},
    {"\xC2\x80", 2},                 /* U+0080, the first of two bytes */
    {"\xDF\xBF", 2},                 /* U+07FF */
    {"\xE0\xA0\x80", 3},             /* U+0800 */
    {"\xED\x9F\xBF", 3},             /* U+D7FF, the last before the surrogates */
    {"\xEE\x80\x80", 3},             /* U+E000, the first after them */
    {"\xEF\xBF\xBF", 3},             /* U+FFFF */
    {"\xF0\x90\x80\x80", 4},         /* U+10000 */
    {"\xF4\x8F\xBF\xBF", 4},         /* U+10FFFF, the last */
    {"0123456789abcde\xC3\xA9z", 18} /* a character across the sixteenth byte */
};

/* Each is refused at its last byte, not before and not after. */
static const struct text invalid[] = {
    {"\x80", 1},                 /* continuation without a start */
    {"\xC0", 1},                 /* overlong, whatever follows */
    {"\xC1", 1},                 /* overlong, whatever follows */
    {"\xC2\x41", 2},             /* start without a continuation */
    {"\xE0\x9F", 2},             /* overlong */
    {"\xED\xA0", 2},             /* a surrogate */
    {"\xF0\x8F", 2},             /* overlong */
    {"\xF4\x90", 2},             /* past U+10FFFF */
    {"\xF5", 1},                 /* past U+10FFFF, whatever follows */
    {"\xFF", 1},                 /* never in UTF-8 */
    {"\xE2\x82\x41", 3},         /* cut short */
    {"0123456789abcdef\xF8", 17} /* after a whole word of ASCII */
};

static void accepts_valid_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
        assert_true(utf8_is_valid(valid[i].bytes, valid[i].len));
}

static void accepts_valid_text_byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        uint8_t utf8 = UTF8_START;
        for (size_t at = 0; at < valid[i].len; at++) {
            utf8 = utf8_check(utf8, (const uint8_t *)valid[i].bytes + at, 1);
            assert_int_not_equal(utf8, UTF8_INVALID);
        }
        assert_int_equal(utf8, UTF8_START);
    }
}

static void refuses_at_the_first_impossible_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        const uint8_t *bytes = (const uint8_t *)invalid[i].bytes;
        size_t len = invalid[i].len;
        assert_int_not_equal(utf8_check(UTF8_START, bytes, len - 1), UTF8_INVALID);
        assert_int_equal(utf8_check(UTF8_START, bytes, len), UTF8_INVALID);
    }
}

static void refuses_text_that_ends_inside_a_character(void **state)
{
    (void)state;
    assert_false(utf8_is_valid("\xE2\x82", 2));
    assert_false(utf8_is_valid("ok\xF0", 3));
}

/* Against a decoder written the other way round: every code point, and every pair of bytes. */
static void agrees_with_every_code_point(void **state)
{
    (void)state;
    for (uint32_t c = 0x80; c <= 0x10FFFF; c++) {
        uint8_t bytes[4];
        size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = len - 1; i > 0; i--)
            bytes[i] = (uint8_t)(0x80 | (c >> (6 * (len - 1 - i)) & 0x3F));
        bytes[0] = (uint8_t)((0xF00u >> len & 0xFF) | c >> (6 * (len - 1)));
        bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        if (utf8_is_valid(bytes, len) == surrogate)
            fail_msg("U+%04X", c);
    }
}

static void tells_where_a_character_ends(void **state)
{
    (void)state;
    assert_int_equal(utf8_character("", 0), 0);
    assert_int_equal(utf8_character("ab", 2), 1);
    assert_int_equal(utf8_character("\0", 1), 1);
    assert_int_equal(utf8_character("\xc3\xa4 ", 3), 2);
    assert_int_equal(utf8_character("\xf0\x9f\x98\x80", 4), 4);
    assert_int_equal(utf8_character("\xf0\x9f\x98\x80", 3), 0);
    assert_int_equal(utf8_character("\x9b", 1), 0);
}

static void knows_control_characters(void **state)
{
    (void)state;
    for (int byte = 0; byte < 0x20; byte++)
        assert_true(utf8_is_control((char[]){(char)byte}, 1));
    assert_true(utf8_is_control("\x7f", 1) && utf8_is_control("\xc2\x9b", 2));
    assert_false(utf8_is_control(" ", 1) || utf8_is_control("\xc2\xa0", 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_valid_text),
        cmocka_unit_test(accepts_valid_text_byte_by_byte),
        cmocka_unit_test(refuses_at_the_first_impossible_byte),
        cmocka_unit_test(refuses_text_that_ends_inside_a_character),
        cmocka_unit_test(agrees_with_every_code_point),
        cmocka_unit_test(tells_where_a_character_ends),
        cmocka_unit_test(knows_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
