/* core/front/trusted_proxies.c */
#include "unit.h"

#include "front/trusted_proxies.h"

#include <sluice/address.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static struct address address_of(const char *text)
{
    struct address address = {.port = 1};
    assert_true(sl_address_parse(text, strlen(text), address.bytes));
    return address;
}

static struct trusted_proxies *create(char *const *texts, size_t count)
{
    struct trusted_proxies *proxies;
    assert_int_equal(trusted_proxies_create(texts, count, &proxies), OK);
    return proxies;
}

static bool holds(const struct trusted_proxies *proxies, const char *text)
{
    struct address address = address_of(text);
    return trusted_proxies_hold(proxies, &address);
}

static void an_empty_list_is_nobody(void **state)
{
    (void)state;
    assert_null(create(NULL, 0));
    assert_false(holds(NULL, "127.0.0.1"));
    trusted_proxies_unref(NULL);
}

static void holds_what_is_in_a_prefix_of_its_family(void **state)
{
    char *texts[] = {"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"};
    struct trusted_proxies *proxies = create(texts, COUNT(texts));
    static const char *const in[] = {
        "10.0.0.0",   "10.255.255.255",   "192.0.2.7", "::ffff:10.1.2.3",
        "2001:db8::", "2001:db8:ffff::1", "::1"};
    static const char *const out[] = {"9.255.255.255",   "11.0.0.0",   "192.0.2.6", "192.0.2.8",
                                      "2001:db7:ffff::", "2001:db9::", "::",        "::2",
                                      "0.0.0.0"};
    (void)state;
    for (size_t i = 0; i < COUNT(in); i++)
        assert_true(holds(proxies, in[i]));
    for (size_t i = 0; i < COUNT(out); i++)
        assert_false(holds(proxies, out[i]));
    trusted_proxies_unref(proxies);
}

static void prefixes_within_others_and_in_any_order_make_no_difference(void **state)
{
    char *texts[] = {"10.1.0.0/16", "10.0.0.0/8", "10.0.0.0/24",
                     "10.0.0.0/8",  "10.1.2.3",   "172.16.0.0/12"};
    struct trusted_proxies *proxies = create(texts, COUNT(texts));
    (void)state;
    assert_true(holds(proxies, "10.200.0.1"));
    assert_true(holds(proxies, "10.1.2.4"));
    assert_true(holds(proxies, "172.31.255.255"));
    assert_false(holds(proxies, "172.32.0.0"));
    assert_false(holds(proxies, "11.0.0.1"));
    trusted_proxies_unref(proxies);
}

static void all_of_a_family_is_a_prefix(void **state)
{
    char *ipv4[] = {"0.0.0.0/0"};
    struct trusted_proxies *proxies = create(ipv4, 1);
    (void)state;
    assert_true(holds(proxies, "255.255.255.255"));
    assert_false(holds(proxies, "2001:db8::1"));
    trusted_proxies_unref(proxies);
}

/* Against a look at each prefix. */
static void a_thousand_prefixes_are_searched_correctly(void **state)
{
    enum { PREFIXES = 1000 };
    char *texts[PREFIXES];
    struct sl_prefix prefixes[PREFIXES];
    char error[160];
    (void)state;
    srand(1);
    for (int i = 0; i < PREFIXES; i++) {
        struct sl_prefix *prefix = &prefixes[i];
        *prefix = (struct sl_prefix){.length = (unsigned char)(100 + rand() % 29)};
        memset(prefix->bytes + 10, 0xff, 2);
        for (int j = 12; j < 16; j++)
            prefix->bytes[j] = (unsigned char)(rand() % 8);
        sl_address_mask(prefix->bytes, prefix->length);
        texts[i] = malloc(SL_PREFIX_TEXT);
        sl_prefix_text(prefix, texts[i]);
        assert_null(sl_prefix_parse(texts[i], strlen(texts[i]), prefix, error));
    }
    struct trusted_proxies *proxies = create(texts, PREFIXES);
    for (int i = 0; i < 20000; i++) {
        struct address address = address_of("0.0.0.0");
        bool expected = false;
        for (int j = 12; j < 16; j++)
            address.bytes[j] = (unsigned char)(rand() % 9);
        for (int j = 0; j < PREFIXES; j++)
            expected |= sl_prefix_holds(&prefixes[j], address.bytes);
        assert_int_equal(trusted_proxies_hold(proxies, &address), expected);
    }
    trusted_proxies_unref(proxies);
    for (int i = 0; i < PREFIXES; i++)
        free(texts[i]);
}

static void refuses_what_is_no_prefix(void **state)
{
    char *texts[] = {"10.0.0.0/8", "proxy.example.com"};
    struct trusted_proxies *proxies;
    (void)state;
    assert_int_equal(trusted_proxies_create(texts, 2, &proxies), ERR_CONFIG);
    assert_null(proxies);
}

static void nobody_is_trusted_until_somebody_is(void **state)
{
    char *texts[] = {"127.0.0.1"};
    struct address address = address_of("127.0.0.1");
    struct trust trust;
    (void)state;
    assert_null(trust_in_force(NULL));
    assert_false(trust_holds(NULL, &address));
    trust_init(&trust);
    assert_null(trust_in_force(&trust));
    assert_false(trust_holds(&trust, &address));
    trust_change(&trust, create(texts, 1));
    assert_true(trust_holds(&trust, &address));
    trust_change(&trust, NULL);
    assert_false(trust_holds(&trust, &address));
    trust_deinit(&trust);
}

static void a_set_in_use_outlives_its_replacement(void **state)
{
    char *before[] = {"10.0.0.1"};
    char *after[] = {"10.0.0.2"};
    struct trust trust;
    (void)state;
    trust_init(&trust);
    trust_change(&trust, create(before, 1));
    struct trusted_proxies *used = trust_in_force(&trust);
    trust_change(&trust, create(after, 1));
    assert_true(holds(used, "10.0.0.1"));
    trusted_proxies_unref(used);
    used = trust_in_force(&trust);
    assert_true(holds(used, "10.0.0.2"));
    trusted_proxies_unref(used);
    trust_deinit(&trust);
}

struct reader {
    struct trust *trust;
    atomic_bool *done;
    unsigned long wrong;
};

/* 10.0.0.1 is in every set. */
static void *look_up(void *argument)
{
    struct reader *reader = argument;
    struct address address = address_of("10.0.0.1");
    do {
        reader->wrong += !trust_holds(reader->trust, &address);
    } while (!atomic_load(reader->done));
    return NULL;
}

static void lookups_on_other_threads_see_the_old_set_or_the_new(void **state)
{
    char *sets[2][2] = {{"10.0.0.1", "10.0.0.2"}, {"10.0.0.0/8", "192.0.2.1"}};
    struct trust trust;
    atomic_bool done = false;
    struct reader readers[3];
    pthread_t threads[3];
    (void)state;
    trust_init(&trust);
    trust_change(&trust, create(sets[0], 2));
    for (size_t i = 0; i < COUNT(threads); i++) {
        readers[i] = (struct reader){.trust = &trust, .done = &done};
        assert_int_equal(pthread_create(&threads[i], NULL, look_up, &readers[i]), 0);
    }
    for (int i = 0; i < 2000; i++)
        trust_change(&trust, create(sets[i % 2], 2));
    atomic_store(&done, true);
    for (size_t i = 0; i < COUNT(threads); i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].wrong, 0);
    }
    trust_deinit(&trust);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_list_is_nobody),
        cmocka_unit_test(holds_what_is_in_a_prefix_of_its_family),
        cmocka_unit_test(prefixes_within_others_and_in_any_order_make_no_difference),
        cmocka_unit_test(all_of_a_family_is_a_prefix),
        cmocka_unit_test(a_thousand_prefixes_are_searched_correctly),
        cmocka_unit_test(refuses_what_is_no_prefix),
        cmocka_unit_test(nobody_is_trusted_until_somebody_is),
        cmocka_unit_test(a_set_in_use_outlives_its_replacement),
        cmocka_unit_test(lookups_on_other_threads_see_the_old_set_or_the_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
