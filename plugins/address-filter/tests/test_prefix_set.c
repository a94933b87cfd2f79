/*
 * The flattened set against the plainest model there is: look at every prefix.
 */
#include "../prefix_set.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MANY 100000
#define MODELLED 400
#define LOOKUPS 20000

static const struct sl_host host = {.allocate = malloc, .reallocate = realloc, .release = free};

static uint64_t seed = 42;

static uint64_t random_word(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

struct entry {
    uint8_t bytes[16];
    unsigned length;
    enum prefix_verdict verdict;
};

static bool bit_is_equal(const uint8_t *a, const uint8_t *b, unsigned bit)
{
    return ((a[bit / 8] ^ b[bit / 8]) & (0x80 >> bit % 8)) == 0;
}

static bool entry_holds(const struct entry *entry, const uint8_t address[16])
{
    for (unsigned bit = 0; bit < entry->length; bit++)
        if (!bit_is_equal(entry->bytes, address, bit))
            return false;
    return true;
}

static enum prefix_verdict model_find(const struct entry *entries, size_t count,
                                      const uint8_t address[16])
{
    const struct entry *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!entry_holds(&entries[i], address))
            continue;
        if (best == NULL || entries[i].length > best->length ||
            (entries[i].length == best->length && entries[i].verdict == PREFIX_DENY))
            best = &entries[i];
    }
    return best != NULL ? best->verdict : PREFIX_NONE;
}

/* Few different bytes, so that prefixes are inside each other and addresses meet them. */
static void random_entry(struct entry *entry, char text[64])
{
    bool is_ipv4 = random_word() % 2 == 0;
    unsigned fixed = is_ipv4 ? 96 : 0;
    memset(entry->bytes, 0, 16);
    entry->length = fixed + (unsigned)(random_word() % (is_ipv4 ? 33 : 129));
    entry->verdict = random_word() % 2 == 0 ? PREFIX_ALLOW : PREFIX_DENY;
    if (is_ipv4)
        entry->bytes[10] = entry->bytes[11] = 0xff;
    for (unsigned i = fixed / 8; i < 16; i++)
        entry->bytes[i] = (uint8_t)(random_word() % 3 * 0x55);
    for (unsigned bit = entry->length; bit < 128; bit++)
        entry->bytes[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
    inet_ntop(is_ipv4 ? AF_INET : AF_INET6, is_ipv4 ? entry->bytes + 12 : entry->bytes, text, 64);
    snprintf(text + strlen(text), 8, "/%u", entry->length - fixed);
}

static void longest_prefix_decides_as_in_the_model(void **state)
{
    struct entry entries[MODELLED];
    char text[64], error[PREFIX_ERROR_SIZE];
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct prefix_set set;
        prefix_set_init(&set, &host, MODELLED);
        for (size_t i = 0; i < MODELLED; i++) {
            random_entry(&entries[i], text);
            assert_null(prefix_set_add(&set, text, strlen(text), entries[i].verdict, error));
        }
        assert_int_equal(prefix_set_seal(&set), 0);
        for (int i = 0; i < LOOKUPS / 20; i++) {
            struct entry address;
            random_entry(&address, text);
            for (unsigned at = 12; at < 16; at++)
                address.bytes[at] = (uint8_t)(random_word() % 3 * 0x55 + random_word() % 2);
            assert_int_equal(prefix_set_find(&set, address.bytes),
                             model_find(entries, MODELLED, address.bytes));
        }
        prefix_set_deinit(&set);
    }
}

static void a_hundred_thousand_prefixes_are_looked_up_quickly(void **state)
{
    struct prefix_set set;
    char text[64], error[PREFIX_ERROR_SIZE];
    unsigned found = 0;
    struct timespec start, end;
    (void)state;
    prefix_set_init(&set, &host, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "%u.%u.%u.0/24", 1 + i / 65536, i / 256 % 256, i % 256);
        assert_null(prefix_set_add(&set, text, strlen(text),
                                   i % 2 == 0 ? PREFIX_ALLOW : PREFIX_DENY, error));
    }
    assert_string_equal(prefix_set_add(&set, "::/0", 4, PREFIX_DENY, error),
                        "is one more than max_prefixes");
    assert_int_equal(prefix_set_seal(&set), 0);
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (unsigned i = 0; i < 1000000; i++) {
        uint8_t address[16] = {[10] = 0xff, [11] = 0xff};
        uint64_t word = random_word();
        address[12] = (uint8_t)(1 + word % 2);
        address[13] = (uint8_t)(word >> 8);
        address[14] = (uint8_t)(word >> 16);
        address[15] = (uint8_t)(word >> 24);
        found += prefix_set_find(&set, address) != PREFIX_NONE;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    print_message(
        "%.0f ns a look-up, %zu bytes\n",
        ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / 1e6,
        set.range_count * sizeof *set.ranges);
    assert_in_range(found, 700000, 820000); /* 100,000 of 131,072 */
    prefix_set_deinit(&set);
}

static void refuses_what_is_no_prefix(void **state)
{
    static const char *const wrong[] = {
        "",           "x",           "10.0.0.0/33",  "10.0.0.0/",    "10.0.0.0/08",  "10.0.0/8",
        "1.2.3.4/-1", "::/129",      "::1/64",       "10.0.0.1/8",   "1.2.3.4/8x",   "/8",
        "1.2.3.4 /8", "2001:db8::g", "::ffff:1.2.3", "10.0.0.0/ 8",  "fe80::1%eth0", "1.2.3.4/0",
        "0x10.1.1.1", "1.2.3.4.5",   "256.1.1.1/32", "1:2:3:4:5:6:7"};
    char error[PREFIX_ERROR_SIZE];
    struct prefix_set set;
    (void)state;
    prefix_set_init(&set, &host, 100);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (prefix_set_add(&set, wrong[i], strlen(wrong[i]), PREFIX_ALLOW, error) == NULL)
            fail_msg("%s was taken", wrong[i]);
    assert_non_null(strstr(prefix_set_add(&set, "10.1.2.3/8", 10, PREFIX_ALLOW, error),
                           "did you mean 10.0.0.0/8?"));
    assert_non_null(strstr(prefix_set_add(&set, "2001:db8::5/32", 14, PREFIX_ALLOW, error),
                           "did you mean 2001:db8::/32?"));
    prefix_set_deinit(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_prefix_decides_as_in_the_model),
        cmocka_unit_test(a_hundred_thousand_prefixes_are_looked_up_quickly),
        cmocka_unit_test(refuses_what_is_no_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
