/* core/client/ban.c */
#include "unit.h"

#include "base/clock.h"
#include "client/ban.h"

#include <string.h>

static struct ban ban;
static char fault[256];

static void an_address_is_a_prefix_of_its_whole_length(void **state)
{
    static const struct {
        const char *text, *subject;
        unsigned length;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7", 128},       {"::ffff:192.0.2.7", "192.0.2.7", 128},
        {"192.0.2.0/24", "192.0.2.0/24", 120}, {"2001:db8::/32", "2001:db8::/32", 32},
        {"2001:db8::1", "2001:db8::1", 128},
    };
    char text[SL_PREFIX_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_null(ban_read_address(&ban, cases[i].text, fault));
        assert_true(ban.is_address);
        assert_int_equal(ban.address.length, cases[i].length);
        assert_string_equal(ban_subject(&ban, text), cases[i].subject);
    }
}

static void everybody_cannot_be_banned(void **state)
{
    (void)state;
    assert_non_null(strstr(ban_read_address(&ban, "0.0.0.0/0", fault), "all addresses"));
    assert_non_null(strstr(ban_read_address(&ban, "::/0", fault), "all addresses"));
    assert_non_null(strstr(ban_read_address(&ban, "10.0.0.1/8", fault), "did you mean"));
    assert_non_null(strstr(ban_read_address(&ban, "ann", fault), "no address"));
    assert_non_null(strstr(ban_read_address(&ban, "", fault), "no address"));
}

static void an_identity_is_a_name(void **state)
{
    char name[257], text[SL_PREFIX_TEXT];
    (void)state;
    memset(name, 'a', 256);
    name[256] = '\0';
    assert_non_null(ban_read_identity(&ban, name));
    assert_non_null(ban_read_identity(&ban, ""));
    assert_non_null(ban_read_identity(&ban, "\xff"));
    name[255] = '\0';
    assert_null(ban_read_identity(&ban, name));
    assert_false(ban.is_address);
    assert_string_equal(ban_subject(&ban, text), name);
}

static void a_time_is_read_as_it_is_written(void **state)
{
    static const char *const wrong[] = {"",
                                        "2026-12-31",
                                        "2026-12-31T23:59:59",
                                        "1h",
                                        "2026-12-31T23:59:59Zx",
                                        "1900-01-01T00:00:00Z"};
    char text[BAN_TIME_TEXT_MAX];
    (void)state;
    assert_null(ban_read_until(&ban, "2026-12-31T23:59:59Z"));
    assert_true(ban.until == INT64_C(1798761599) * NS_PER_S);
    ban_time_text(ban.until, text);
    assert_string_equal(text, "2026-12-31T23:59:59Z");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_non_null(ban_read_until(&ban, wrong[i]));
    assert_non_null(ban_read_until(&ban, "9999-12-31T23:59:59Z")); /* past 64 bits of ns */
}

static void a_reason_fits_into_a_close_frame(void **state)
{
    char reason[125];
    (void)state;
    memset(reason, 'x', 124);
    reason[124] = '\0';
    assert_non_null(ban_read_reason(&ban, reason));
    reason[123] = '\0';
    assert_null(ban_read_reason(&ban, reason));
    assert_null(ban_read_reason(&ban, ""));
    assert_non_null(ban_read_reason(&ban, "\xc3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_a_prefix_of_its_whole_length),
        cmocka_unit_test(everybody_cannot_be_banned),
        cmocka_unit_test(an_identity_is_a_name),
        cmocka_unit_test(a_time_is_read_as_it_is_written),
        cmocka_unit_test(a_reason_fits_into_a_close_frame),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
