#include "config/listen_address.h"
#include "unit.h"

static void check(const char *text, bool loopback, unsigned port)
{
    char why[256] = "";
    struct listen_address address;
    assert_int_equal(listen_address_parse(text, &address, why, sizeof why), 0);
    assert_int_equal(address.loopback, loopback);
    assert_int_equal(address.port, port);
}

static void refused(const char *text, const char *expected)
{
    char why[256];
    struct listen_address address;
    assert_int_equal(listen_address_parse(text, &address, why, sizeof why), ERR_INVALID);
    assert_string_equal(why, expected);
}

static void takes_numeric_addresses_with_ports(void **state)
{
    (void)state;
    check("0.0.0.0:8080", false, 8080);
    check("127.0.0.1:0", true, 0);
    check("127.8.9.10:1", true, 1);
    check("[::]:65535", false, 65535);
    check("[::1]:80", true, 80);
    check("[::ffff:127.0.0.1]:80", true, 80);
    check("[2001:db8::1]:80", false, 80);
    check("*:8080", false, 8080);
}

static void explains_what_to_write_instead(void **state)
{
    (void)state;
    refused("8080", "\"8080\" is only a port; write 0.0.0.0:8080");
    refused("10.0.0.1", "\"10.0.0.1\" has no port; write it with one, such as 10.0.0.1:8080");
    refused("[::1]", "\"[::1]\" has no port; write it with one, such as [::1]:8080");
    refused("", "\"\" has no port; write it with one, such as 0.0.0.0:8080");
    refused(":8080",
            "the address is missing before the port; write *:PORT for all addresses of this "
            "machine");
    refused("localhost:80", "host names are not looked up; write 127.0.0.1 instead of localhost");
    refused("::1:8080", "write an IPv6 address in brackets, such as [::1]:8080");
    refused("[::g]:80", "\"[::g]\" is not an IPv6 address in brackets, such as [::1]");
    refused("[:80", "\"[\" is not an IPv6 address in brackets, such as [::1]");
    refused("example.org:80",
            "\"example.org\" is not an IPv4 address, an IPv6 address in brackets, "
            "or * (host names are not looked up)");
    refused("ws://0.0.0.0:80",
            "write an address and a port without a scheme, such as 0.0.0.0:8080");
    refused("0.0.0.0:65536", "\"65536\" is not a port; write a number from 0 to 65535");
    refused("0.0.0.0:-1", "\"-1\" is not a port; write a number from 0 to 65535");
    refused("0.0.0.0:", "\"\" is not a port; write a number from 0 to 65535");
    refused("0.0.0.0:8080s", "\"8080s\" is not a port; write a number from 0 to 65535");
    refused("0.0.0.0:99999999999999999999",
            "\"99999999999999999999\" is not a port; write a number from 0 to 65535");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_numeric_addresses_with_ports),
        cmocka_unit_test(explains_what_to_write_instead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
