#include "unit.h"

#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static struct address ipv4(const char *text, uint16_t port)
{
    struct address address;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, text, &in.sin_addr), 1);
    address_from_sockaddr(&address, (struct sockaddr *)&in);
    return address;
}

static struct address ipv6(const char *text, uint16_t port)
{
    struct address address;
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
    address_from_sockaddr(&address, (struct sockaddr *)&in6);
    return address;
}

static void assert_text(struct address address, const char *expected)
{
    char text[ADDRESS_TEXT_MAX];
    assert_int_equal(address_text(&address, text), strlen(expected));
    assert_string_equal(text, expected);
}

static void writes_ipv4_with_dots(void **state)
{
    (void)state;
    assert_text(ipv4("127.0.0.1", 8080), "127.0.0.1");
    assert_text(ipv4("0.0.0.0", 0), "0.0.0.0");
    assert_text(ipv4("255.255.255.255", 65535), "255.255.255.255");
}

static void writes_ipv6_in_its_short_form(void **state)
{
    (void)state;
    assert_text(ipv6("::", 1), "::");
    assert_text(ipv6("::1", 1), "::1");
    assert_text(ipv6("2001:0db8:0000:0000:0000:0000:0000:0001", 1), "2001:db8::1");
}

static void longest_text_fits(void **state)
{
    (void)state;
    assert_text(ipv6("1111:2222:3333:4444:5555:6666:7777:8888", 1),
                "1111:2222:3333:4444:5555:6666:7777:8888");
}

static void keeps_the_port_in_host_order(void **state)
{
    (void)state;
    assert_int_equal(ipv4("127.0.0.1", 8080).port, 8080);
    assert_int_equal(ipv6("::1", 443).port, 443);
}

static void ipv4_is_the_same_over_an_ipv6_listener(void **state)
{
    (void)state;
    struct address plain = ipv4("192.0.2.7", 99);
    struct address mapped = ipv6("::ffff:192.0.2.7", 99);
    assert_memory_equal(&plain, &mapped, sizeof plain);
    assert_text(mapped, "192.0.2.7");
}

static void other_families_become_the_unspecified_address(void **state)
{
    (void)state;
    struct address address;
    struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/sluice"};
    memset(&address, 0xff, sizeof address);
    address_from_sockaddr(&address, (struct sockaddr *)&local);
    assert_int_equal(address.port, 0);
    assert_text(address, "::");
}

static void assert_same_key(struct address a, struct address b, bool same)
{
    uint8_t key_a[16], key_b[16];
    address_limit_key(&a, key_a);
    address_limit_key(&b, key_b);
    assert_int_equal(memcmp(key_a, key_b, sizeof key_a) == 0, same);
}

static void limits_count_ipv4_addresses_whole(void **state)
{
    (void)state;
    assert_same_key(ipv4("192.0.2.1", 1), ipv4("192.0.2.1", 2), true);
    assert_same_key(ipv4("192.0.2.1", 1), ipv4("192.0.2.2", 1), false);
    assert_same_key(ipv4("192.0.2.1", 1), ipv6("::ffff:192.0.2.1", 1), true);
}

static void limits_count_ipv6_addresses_by_their_subnet(void **state)
{
    (void)state;
    assert_same_key(ipv6("2001:db8:1:2::1", 1), ipv6("2001:db8:1:2:ffff:ffff:ffff:ffff", 9), true);
    assert_same_key(ipv6("2001:db8:1:2::1", 1), ipv6("2001:db8:1:3::1", 1), false);
    assert_same_key(ipv6("::1", 1), ipv4("0.0.0.1", 1), false);
}

static void becomes_a_socket_address_and_comes_back(void **state)
{
    struct address given[] = {ipv4("198.51.100.7", 4711), ipv6("2001:db8::7", 65535)};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sockaddr_storage storage;
        struct address back;
        assert_int_equal(address_to_sockaddr(&given[i], &storage), sizeof(struct sockaddr_in6));
        address_from_sockaddr(&back, (struct sockaddr *)&storage);
        assert_memory_equal(back.bytes, given[i].bytes, 16);
        assert_int_equal(back.port, given[i].port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(becomes_a_socket_address_and_comes_back),
        cmocka_unit_test(writes_ipv4_with_dots),
        cmocka_unit_test(writes_ipv6_in_its_short_form),
        cmocka_unit_test(longest_text_fits),
        cmocka_unit_test(keeps_the_port_in_host_order),
        cmocka_unit_test(ipv4_is_the_same_over_an_ipv6_listener),
        cmocka_unit_test(other_families_become_the_unspecified_address),
        cmocka_unit_test(limits_count_ipv4_addresses_whole),
        cmocka_unit_test(limits_count_ipv6_addresses_by_their_subnet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
