/* core/front/forwarded.c */
#include "unit.h"

#include "front/forwarded.h"

#include <sluice/address.h>
#include <stdio.h>
#include <string.h>

static struct trusted_proxies *proxies; /* 10.0.0.0/8, 2001:db8:1::/48 */

static int make_proxies(void **state)
{
    char *texts[] = {"10.0.0.0/8", "2001:db8:1::/48"};
    (void)state;
    return trusted_proxies_create(texts, 2, &proxies);
}

static int free_proxies(void **state)
{
    (void)state;
    trusted_proxies_unref(proxies);
    return 0;
}

/* Checks what fields, the first one first and NULL at the end, make of a peer: "ADDRESS PORT". */
static void check(const char *peer, const char *const *fields, const char *expected)
{
    struct address address = {.port = 77};
    struct forwarded walk;
    char text[ADDRESS_TEXT_MAX], found[ADDRESS_TEXT_MAX + 8];
    size_t count = 0;
    assert_true(sl_address_parse(peer, strlen(peer), address.bytes));
    while (fields[count] != NULL)
        count++;
    forwarded_begin(&walk, proxies, &address);
    while (count-- > 0)
        forwarded_follow(&walk, fields[count]);
    address_text(&walk.address, text);
    snprintf(found, sizeof found, "%s %u", text, walk.address.port);
    assert_string_equal(found, expected);
}

static void check_one(const char *peer, const char *field, const char *expected)
{
    const char *fields[] = {field, NULL};
    check(peer, fields, expected);
}

static void without_the_field_it_is_the_peer(void **state)
{
    (void)state;
    check_one("10.0.0.1", NULL, "10.0.0.1 77");
    check_one("192.0.2.1", NULL, "192.0.2.1 77");
}

static void an_untrusted_peer_is_not_believed(void **state)
{
    (void)state;
    check_one("192.0.2.1", "198.51.100.7", "192.0.2.1 77");
    check_one("192.0.2.1", "198.51.100.7, 10.0.0.1", "192.0.2.1 77");
}

static void without_proxies_nobody_is_believed(void **state)
{
    struct trusted_proxies *given = proxies;
    (void)state;
    proxies = NULL;
    check_one("10.0.0.1", "198.51.100.7", "10.0.0.1 77");
    proxies = given;
}

static void the_rightmost_untrusted_entry_is_the_client(void **state)
{
    (void)state;
    check_one("10.0.0.1", "198.51.100.7", "198.51.100.7 0");
    check_one("10.0.0.1", "198.51.100.7, 10.9.9.9", "198.51.100.7 0");
    check_one("10.0.0.1", "198.51.100.7, 10.9.9.9, 10.8.8.8", "198.51.100.7 0");
    check_one("2001:db8:1::1", "2001:db8:2::2, 10.8.8.8", "2001:db8:2::2 0");
}

static void what_a_client_puts_to_the_left_counts_nothing(void **state)
{
    static const char *const spoofed[] = {"10.0.0.2", "203.0.113.9", "127.0.0.1",         "unknown",
                                          "",         ",,,",         "10.0.0.2, 10.0.0.3"};
    char field[128];
    (void)state;
    for (size_t i = 0; i < sizeof spoofed / sizeof spoofed[0]; i++) {
        snprintf(field, sizeof field, "%s, 198.51.100.7", spoofed[i]);
        check_one("10.0.0.1", field, "198.51.100.7 0");
        const char *apart[] = {spoofed[i], "198.51.100.7", NULL};
        check("10.0.0.1", apart, "198.51.100.7 0");
    }
}

static void several_fields_are_one_list(void **state)
{
    const char *fields[] = {"203.0.113.9, 198.51.100.7", "10.3.3.3", "10.2.2.2, 10.1.1.1", NULL};
    (void)state;
    check("10.0.0.1", fields, "198.51.100.7 0");
}

static void if_all_are_trusted_it_is_the_leftmost(void **state)
{
    (void)state;
    check_one("10.0.0.1", "10.3.3.3, 10.2.2.2", "10.3.3.3 0");
    check_one("10.0.0.1", "10.3.3.3:4711", "10.3.3.3 4711");
}

static void understands_every_way_to_write_an_address(void **state)
{
    (void)state;
    check_one("10.0.0.1", "198.51.100.7:4711", "198.51.100.7 4711");
    check_one("10.0.0.1", "198.51.100.7:0", "198.51.100.7 0");
    check_one("10.0.0.1", "198.51.100.7:65535", "198.51.100.7 65535");
    check_one("10.0.0.1", "2001:db8::7", "2001:db8::7 0");
    check_one("10.0.0.1", "[2001:db8::7]", "2001:db8::7 0");
    check_one("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7 4711");
    check_one("10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7 0");
    check_one("10.0.0.1", "::", ":: 0");
    check_one("10.0.0.1", " \t 198.51.100.7 \t , 10.2.2.2\t", "198.51.100.7 0");
    check_one("10.0.0.1", "::ffff:10.5.5.5, 10.2.2.2", "10.5.5.5 0");
}

static void an_entry_that_is_no_address_ends_the_walk(void **state)
{
    static const char *const wrong[] = {"unknown",
                                        "_hidden",
                                        "_hidden:80",
                                        "198.51.100",
                                        "198.51.100.256",
                                        "198.51.100.7:",
                                        "198.51.100.7:65536",
                                        "198.51.100.7:123456",
                                        "198.51.100.7:8a",
                                        "198.51.100.7:-1",
                                        "198.51.100.7 x",
                                        "[2001:db8::7",
                                        "[2001:db8::7]x",
                                        "[2001:db8::7]:",
                                        "[2001:db8::7]:x",
                                        "[]",
                                        "[198.51.100.7]",
                                        "[",
                                        "]",
                                        ":",
                                        ":80",
                                        "\"198.51.100.7\"",
                                        "fe80::1%eth0",
                                        "2001:db8::7:::",
                                        "198.51.100.7/32",
                                        "198.051.100.07"};
    char field[128];
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(field, sizeof field, "203.0.113.9, %s, 10.2.2.2:22", wrong[i]);
        check_one("10.0.0.1", field, "10.2.2.2 22");
        check_one("10.0.0.1", wrong[i], "10.0.0.1 77");
    }
}

static void empty_entries_are_passed_over(void **state)
{
    (void)state;
    check_one("10.0.0.1", "", "10.0.0.1 77");
    check_one("10.0.0.1", " , ,", "10.0.0.1 77");
    check_one("10.0.0.1", "198.51.100.7,, 10.2.2.2 ,", "198.51.100.7 0");
}

static void a_chain_that_is_too_long_ends_where_the_limit_is(void **state)
{
    char field[FORWARDED_ENTRIES_MAX * 16 + 64] = "198.51.100.7";
    (void)state;
    for (int i = FORWARDED_ENTRIES_MAX - 1; i > 0; i--)
        snprintf(field + strlen(field), sizeof field - strlen(field), ",10.1.1.%d", i);
    check_one("10.0.0.1", field, "198.51.100.7 0");
    strcat(field, ",10.1.1.0");
    check_one("10.0.0.1", field, "10.1.1.63 0");
    memset(field, ',', sizeof field - 1);
    field[sizeof field - 1] = '\0';
    memcpy(field, "198.51.100.7", 12);
    check_one("10.0.0.1", field, "10.0.0.1 77");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_the_field_it_is_the_peer),
        cmocka_unit_test(an_untrusted_peer_is_not_believed),
        cmocka_unit_test(without_proxies_nobody_is_believed),
        cmocka_unit_test(the_rightmost_untrusted_entry_is_the_client),
        cmocka_unit_test(what_a_client_puts_to_the_left_counts_nothing),
        cmocka_unit_test(several_fields_are_one_list),
        cmocka_unit_test(if_all_are_trusted_it_is_the_leftmost),
        cmocka_unit_test(understands_every_way_to_write_an_address),
        cmocka_unit_test(an_entry_that_is_no_address_ends_the_walk),
        cmocka_unit_test(empty_entries_are_passed_over),
        cmocka_unit_test(a_chain_that_is_too_long_ends_where_the_limit_is),
    };
    return cmocka_run_group_tests(tests, make_proxies, free_proxies);
}
