/* core/front/proxy_header.c */
#include "unit.h"

#include "front/proxy_header.h"

#include <stdio.h>
#include <string.h>

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define IPV4 "\xc6\x33\x64\x07\x0a\0\0\x01\x12\x67\x01\xbb" /* 198.51.100.7:4711 */
#define IPV6                                                                                       \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"                                                   \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x08\x12\x67\x01\xbb"

/* A header as it is sent, with a length of its own choice. */
struct sent {
    unsigned char bytes[PROXY_HEADER_MAX + 16];
    size_t len;
};

static struct sent make(int command, int family, const void *behind, size_t behind_len, size_t len)
{
    struct sent sent = {.len = PROXY_HEADER_FIXED + behind_len};
    memcpy(sent.bytes, SIGNATURE, PROXY_SIGNATURE_LEN);
    sent.bytes[12] = (unsigned char)command;
    sent.bytes[13] = (unsigned char)family;
    sent.bytes[14] = (unsigned char)(len >> 8);
    sent.bytes[15] = (unsigned char)len;
    memcpy(sent.bytes + PROXY_HEADER_FIXED, behind, behind_len);
    return sent;
}

/* Adds all of it, at most `piece` bytes at a time. Returns what is wrong. */
static const char *add(struct proxy_header *header, const struct sent *sent, size_t piece)
{
    size_t done = 0;
    *header = (struct proxy_header){.len = 0};
    while (done < sent->len) {
        size_t missing = proxy_header_missing(header);
        assert_true(missing > 0);
        size_t len = missing < piece ? missing : piece;
        len = len < sent->len - done ? len : sent->len - done;
        const char *fault = proxy_header_add(header, sent->bytes + done, len);
        if (fault != NULL)
            return fault;
        done += len;
    }
    return NULL;
}

static void assert_address(const struct proxy_header *header, const char *expected)
{
    struct address address;
    char text[ADDRESS_TEXT_MAX], found[ADDRESS_TEXT_MAX + 8];
    assert_int_equal(proxy_header_missing(header), 0);
    assert_true(proxy_header_address(header, &address));
    address_text(&address, text);
    snprintf(found, sizeof found, "%s %u", text, address.port);
    assert_string_equal(found, expected);
}

/* In pieces of every size. */
static void understands(const struct sent *sent, const char *expected)
{
    struct proxy_header header;
    for (size_t piece = 1; piece <= sent->len; piece++) {
        assert_null(add(&header, sent, piece));
        assert_address(&header, expected);
    }
}

static void refuses(const struct sent *sent, const char *expected)
{
    struct proxy_header header;
    for (size_t piece = 1; piece <= PROXY_HEADER_FIXED; piece++) {
        const char *fault = add(&header, sent, piece);
        assert_non_null(fault);
        assert_string_equal(fault, expected);
    }
}

static void knows_a_signature_by_its_first_bytes(void **state)
{
    const unsigned char *signature = (const unsigned char *)SIGNATURE;
    (void)state;
    for (size_t len = 0; len < PROXY_SIGNATURE_LEN; len++)
        assert_int_equal(proxy_signature_of(signature, len), PROXY_SIGNATURE_PARTLY);
    assert_int_equal(proxy_signature_of(signature, 12), PROXY_SIGNATURE_BINARY);
    assert_int_equal(proxy_signature_of(signature, 13), PROXY_SIGNATURE_BINARY);
    for (size_t at = 0; at < PROXY_SIGNATURE_LEN; at++) {
        unsigned char other[PROXY_SIGNATURE_LEN];
        memcpy(other, signature, sizeof other);
        other[at] ^= 0x40;
        assert_int_equal(proxy_signature_of(other, at + 1), PROXY_SIGNATURE_NONE);
        assert_int_equal(proxy_signature_of(other, 12), PROXY_SIGNATURE_NONE);
    }
    assert_int_equal(proxy_signature_of((const unsigned char *)"GET / HTTP", 10),
                     PROXY_SIGNATURE_NONE);
    assert_int_equal(proxy_signature_of((const unsigned char *)"PROXY TCP4 ", 11),
                     PROXY_SIGNATURE_TEXT);
    assert_int_equal(proxy_signature_of((const unsigned char *)"PROXY", 5), PROXY_SIGNATURE_NONE);
}

static void reads_ipv4(void **state)
{
    struct sent sent = make(0x21, 0x11, IPV4, 12, 12);
    (void)state;
    understands(&sent, "198.51.100.7 4711");
}

static void reads_ipv6(void **state)
{
    struct sent sent = make(0x21, 0x21, IPV6, 36, 36);
    (void)state;
    understands(&sent, "2001:db8::7 4711");
}

static void skips_extensions(void **state)
{
    unsigned char behind[100];
    (void)state;
    memset(behind, 0xee, sizeof behind);
    memcpy(behind, IPV4, 12);
    struct sent sent = make(0x21, 0x11, behind, sizeof behind, sizeof behind);
    understands(&sent, "198.51.100.7 4711");
    memcpy(behind, IPV6, 36);
    sent = make(0x21, 0x21, behind, sizeof behind, sizeof behind);
    understands(&sent, "2001:db8::7 4711");
}

static void is_at_most_as_long_as_it_may_be(void **state)
{
    unsigned char behind[PROXY_HEADER_MAX];
    struct proxy_header header;
    size_t most = PROXY_HEADER_MAX - PROXY_HEADER_FIXED;
    (void)state;
    memset(behind, 0xee, sizeof behind);
    memcpy(behind, IPV4, 12);
    struct sent sent = make(0x21, 0x11, behind, most, most);
    assert_null(add(&header, &sent, 7));
    assert_address(&header, "198.51.100.7 4711");
    sent = make(0x21, 0x11, behind, 12, most + 1);
    refuses(&sent, "is too long");
    sent = make(0x20, 0x00, behind, 12, 65535);
    refuses(&sent, "is too long");
}

static void local_is_the_proxy_itself(void **state)
{
    struct sent sent[] = {make(0x20, 0x00, "", 0, 0), make(0x20, 0x11, IPV4, 12, 12),
                          make(0x20, 0xff, IPV4, 5, 5)};
    struct proxy_header header;
    struct address address;
    (void)state;
    for (size_t i = 0; i < sizeof sent / sizeof sent[0]; i++) {
        assert_null(add(&header, &sent[i], 3));
        assert_int_equal(proxy_header_missing(&header), 0);
        assert_false(proxy_header_address(&header, &address));
    }
}

static void a_family_without_addresses_is_nobody_known(void **state)
{
    unsigned char behind[216];
    (void)state;
    memset(behind, 'x', sizeof behind);
    struct sent unknown = make(0x21, 0x00, behind, 20, 20);
    understands(&unknown, ":: 0");
    unknown = make(0x21, 0x00, "", 0, 0);
    understands(&unknown, ":: 0");
    struct sent local_socket = make(0x21, 0x31, behind, sizeof behind, sizeof behind);
    understands(&local_socket, ":: 0");
}

static void refuses_other_versions_commands_and_families(void **state)
{
    (void)state;
    for (int first = 0; first < 256; first++) {
        struct sent sent = make(first, 0x11, IPV4, 12, 12);
        if (first >> 4 != 2)
            refuses(&sent, "has a version that is not 2");
        else if ((first & 0x0f) > 1)
            refuses(&sent, "has an unknown command");
    }
    for (int family = 0; family < 256; family++) {
        struct sent sent = make(0x21, family, IPV6, 36, 36);
        if (family != 0x00 && family != 0x11 && family != 0x21 && family != 0x31)
            refuses(&sent, "is not about a stream of a known address family");
    }
}

static void refuses_lengths_that_addresses_do_not_fit_into(void **state)
{
    struct sent sent = make(0x21, 0x11, IPV4, 11, 11);
    (void)state;
    refuses(&sent, "is too short for its addresses");
    sent = make(0x21, 0x11, "", 0, 0);
    refuses(&sent, "is too short for its addresses");
    sent = make(0x21, 0x21, IPV6, 35, 35);
    refuses(&sent, "is too short for its addresses");
    sent = make(0x21, 0x31, IPV6, 36, 215);
    refuses(&sent, "is too short for its addresses");
}

static void refuses_what_has_no_signature(void **state)
{
    struct sent sent = make(0x21, 0x11, IPV4, 12, 12);
    (void)state;
    sent.bytes[11] = ' ';
    refuses(&sent, "has no signature");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_a_signature_by_its_first_bytes),
        cmocka_unit_test(reads_ipv4),
        cmocka_unit_test(reads_ipv6),
        cmocka_unit_test(skips_extensions),
        cmocka_unit_test(is_at_most_as_long_as_it_may_be),
        cmocka_unit_test(local_is_the_proxy_itself),
        cmocka_unit_test(a_family_without_addresses_is_nobody_known),
        cmocka_unit_test(refuses_other_versions_commands_and_families),
        cmocka_unit_test(refuses_lengths_that_addresses_do_not_fit_into),
        cmocka_unit_test(refuses_what_has_no_signature),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
