/* core/front/bind_address.c */
#include "unit.h"

#include "front/bind_address.h"

#include <string.h>

static void assert_listens(const char *text, const char *option, const char *url)
{
    struct bind_address listener;
    char found[BIND_ADDRESS_PORT_OPTION_MAX];
    char found_url[128];
    assert_int_equal(bind_address_parse(&listener, text, false), OK);
    bind_address_port_option(&listener, found);
    bind_address_url(&listener, found_url, sizeof found_url);
    assert_string_equal(found, option);
    assert_string_equal(found_url, url);
}

static void addresses_of_both_families(void **state)
{
    (void)state;
    assert_listens("127.0.0.1:8080", "127.0.0.1:8080", "ws://127.0.0.1:8080");
    assert_listens("0.0.0.0:80", "0.0.0.0:80", "ws://127.0.0.1:80");
    assert_listens("[::1]:8080", "[::1]:8080", "ws://[::1]:8080");
    assert_listens("[::]:8080", "[::]:8080", "ws://[::1]:8080");
}

/* A socket of IPv6 that leaves IPv4 to others cannot listen there. */
static void mapped_ipv4_address_is_that_address(void **state)
{
    (void)state;
    assert_listens("[::ffff:127.0.0.1]:8080", "127.0.0.1:8080", "ws://127.0.0.1:8080");
    assert_listens("[::FFFF:c000:207]:1", "192.0.2.7:1", "ws://192.0.2.7:1");
}

static void unix_socket_has_a_path(void **state)
{
    (void)state;
    struct bind_address listener;
    assert_listens("unix:/run/admin.sock", "x/run/admin.sock", "unix:/run/admin.sock");
    assert_int_equal(bind_address_parse(&listener, "unix:/run/admin.sock", false), OK);
    assert_true(bind_address_is_unix(&listener));
    assert_string_equal(bind_address_path(&listener), "/run/admin.sock");
    assert_int_equal(bind_address_parse(&listener, "127.0.0.1:80", false), OK);
    assert_false(bind_address_is_unix(&listener));
}

static void what_is_no_address(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",          "127.0.0.1",         "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8080x",
        "[::1:8080", "[::ffff:1.2.3]:80", "::1:8080",   "localhost:80",    "[127.0.0.1]:80",
        "unix:",     "unix:admin.sock"};
    struct bind_address listener;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_int_equal(bind_address_parse(&listener, texts[i], false), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_of_both_families),
        cmocka_unit_test(mapped_ipv4_address_is_that_address),
        cmocka_unit_test(unix_socket_has_a_path),
        cmocka_unit_test(what_is_no_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
