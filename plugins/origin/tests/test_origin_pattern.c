/*
 * What is an origin, what is a pattern, and which of them belong together.
 */
#include "../origin_pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static bool matches(const char *pattern_text, const char *origin_text)
{
    struct origin pattern, origin;
    const char *wrong = origin_parse_pattern(sl_string_of(pattern_text), &pattern);
    if (wrong != NULL)
        fail_msg("%s %s", pattern_text, wrong);
    return origin_parse(sl_string_of(origin_text), &origin) == NULL &&
           origin_matches(&pattern, &origin);
}

static void assert_wrong(const char *pattern, const char *expected)
{
    struct origin origin;
    const char *wrong = origin_parse_pattern(sl_string_of(pattern), &origin);
    if (wrong == NULL || strstr(wrong, expected) == NULL)
        fail_msg("%s: expected \"%s\" in: %s", pattern, expected,
                 wrong != NULL ? wrong : "nothing, it was taken");
}

static void scheme_host_and_port_have_to_be_the_same(void **state)
{
    (void)state;
    assert_true(matches("https://example.com", "https://example.com"));
    assert_true(matches("HTTPS://Example.COM:443", "https://example.com"));
    assert_true(matches("https://example.com", "https://EXAMPLE.com:443"));
    assert_true(matches("http://example.com:80", "http://example.com"));
    assert_true(matches("capacitor://localhost", "capacitor://localhost"));
    assert_true(matches("chrome-extension://abcdef", "chrome-extension://abcdef"));
    assert_false(matches("http://example.com", "https://example.com"));
    assert_false(matches("https://example.com:80", "https://example.com"));
    assert_false(matches("https://example.com", "https://example.com:8443"));
    assert_false(matches("https://example.com", "https://example.org"));
    assert_false(matches("https://example.com", "https://sub.example.com"));
}

static void ipv6_addresses_are_the_same_however_they_are_written(void **state)
{
    (void)state;
    assert_true(matches("https://[2001:DB8:0:0:0:0:0:1]:8443", "https://[2001:db8::1]:8443"));
    assert_true(matches("http://[::ffff:127.0.0.1]", "http://[::ffff:7f00:1]"));
    assert_false(matches("http://[::1]", "http://[::2]"));
    assert_false(matches("http://[::1]", "http://[::1]:8080"));
}

/* NOLINTNEXTLINE(readability-function-size): a table */
static void nothing_but_an_origin_is_one(void **state)
{
    static const char *const wrong[] = {
        "",
        "null",
        "example.com",
        "://example.com",
        "https:example.com",
        "https:/example.com",
        "https://",
        "https:///",
        "https://example.com/",
        "https://example.com/path",
        "https://example.com?query",
        "https://example.com#fragment",
        "https://user@example.com",
        "https://user:secret@example.com",
        "https://example.com@evil.test",
        "https://example.com..",
        "https://.",
        "https://.example.com",
        "https://example.com!",
        "http://",
        "http://:80",
        "file:///",
        "file:///index.html",
        "app://./index.html",
        "app://user@host",
        "app://a b",
        "app://*",
        "app://<a>",
        "app://[a]",
        "app:.",
        "app:/.",
        "https://example..com",
        "https://exam ple.com",
        " https://example.com",
        "https://example.com ",
        "https://example.com https://evil.test",
        "https://example.com, https://evil.test",
        "https://example.com:",
        "https://example.com:0",
        "https://example.com:0443",
        "https://example.com:65536",
        "https://example.com:99999999999",
        "https://example.com:44x",
        "https://example.com:-443",
        "https://example.com:443:443",
        "https://*.example.com",
        "https://*",
        "https://[::1",
        "https://[::1]x",
        "https://[]",
        "https://[1]",
        "https://[127.0.0.1]",
        "https://[:::]",
        "https://[fe80::1%25eth0]",
        "https://::1",
        "https://b\303\274cher.example",
        "https://example.com\n",
        "https://example.com\t",
        "htt ps://example.com",
        "https\xff://example.com",
        "a-scheme-that-is-longer-than-any-there-is://example.com",
    };
    struct origin origin;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (origin_parse(sl_string_of(wrong[i]), &origin) == NULL)
            fail_msg("\"%s\" was taken", wrong[i]);
    assert_non_null(origin_parse((struct sl_string){"https\0x://example.com", 21}, &origin));
    assert_non_null(origin_parse((struct sl_string){"https://example.com\0", 20}, &origin));
}

static void names_have_their_limits(void **state)
{
    char text[300] = "https://";
    struct origin origin;
    (void)state;
    memset(text + 8, 'a', 63);
    assert_null(origin_parse((struct sl_string){text, 8 + 63}, &origin));
    text[8 + 63] = 'a';
    assert_non_null(origin_parse((struct sl_string){text, 8 + 64}, &origin));
    for (int i = 0; i < 260; i++)
        text[8 + i] = i % 2 == 0 ? 'a' : '.';
    assert_null(origin_parse((struct sl_string){text, 8 + 253}, &origin));
    assert_null(origin_parse((struct sl_string){text, 8 + 254}, &origin)); /* ends with a dot */
    assert_non_null(origin_parse((struct sl_string){text, 8 + 255}, &origin));
    text[8 + 253] = 'a';
    assert_non_null(origin_parse((struct sl_string){text, 8 + 254}, &origin));
}

/* Electron, Cordova and other applications that show pages without a server. */
static void origins_of_applications_can_be_listed(void **state)
{
    static const char *const origins[] = {
        "file://",
        "app://.",
        "app://-",
        "app://",
        "app://obsidian.md",
        "ionic://localhost",
        "tauri://localhost",
        "moz-extension://0f8e3b5a-1d2c-4f6a-9b7e-112233445566",
        "vscode-webview://1a2b3c",
        "app://my%20app",
        "app://a_b~c!",
    };
    const size_t count = sizeof origins / sizeof *origins;
    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < count; k++)
            if (matches(origins[i], origins[k]) != (i == k))
                fail_msg("%s and %s", origins[i], origins[k]);
    assert_true(matches("FILE://", "file://"));
    assert_false(matches("file://", "file://host"));
    assert_false(matches("file://", "app://"));
    assert_false(matches("app://.", "app://"));
}

/* Browsers tell example.com. from example.com, though DNS does not. */
static void a_dot_at_the_end_is_part_of_a_host(void **state)
{
    (void)state;
    assert_true(matches("https://example.com.", "https://example.com."));
    assert_true(matches("https://example.com.:8443", "https://Example.com.:8443"));
    assert_true(matches("https://*.example.com.", "https://www.example.com."));
    assert_true(matches("http://*.localhost.", "http://app.localhost."));
    assert_false(matches("https://example.com", "https://example.com."));
    assert_false(matches("https://example.com.", "https://example.com"));
    assert_false(matches("https://*.example.com", "https://www.example.com."));
    assert_wrong("https://*.com.", "all sites of a top-level domain");
    assert_wrong("https://*.0.0.1.", "has a wildcard in an address");
}

static void a_wildcard_is_exactly_one_label(void **state)
{
    (void)state;
    assert_true(matches("https://*.example.com", "https://www.example.com"));
    assert_true(matches("https://*.example.com:8443", "https://xn--bcher-kva.example.com:8443"));
    assert_true(matches("http://*.localhost:3000", "http://app.localhost:3000"));
    assert_false(matches("https://*.example.com", "https://example.com"));
    assert_false(matches("https://*.example.com", "https://a.b.example.com"));
    assert_false(matches("https://*.example.com", "https://wwwexample.com"));
    assert_false(matches("https://*.example.com", "https://www.example.com.evil.test"));
    assert_false(matches("https://*.example.com", "https://www.example.com:444"));
    assert_false(matches("https://*.example.com", "https://[::1]"));
}

static void patterns_that_are_mistakes_are_named(void **state)
{
    (void)state;
    assert_wrong("example.com", "has no scheme");
    assert_wrong("*", "has no scheme");
    assert_wrong("null", "has no scheme");
    assert_wrong("https://*", "has no proper host");
    assert_wrong("https://*.", "has no proper host");
    assert_wrong("app://*", "has no proper host");
    assert_wrong("app://*.", "has no proper host");
    assert_wrong("file:///", "an origin has no path");
    assert_wrong("https://*.*.example.com", "has no proper host");
    assert_wrong("https://www.*.example.com", "has no proper host");
    assert_wrong("https://ex*mple.com", "has no proper host");
    assert_wrong("https://*.com", "all sites of a top-level domain");
    assert_wrong("https://*.[::1]", "has a wildcard in an address");
    assert_wrong("https://*.0.0.1", "has a wildcard in an address");
    assert_wrong("wss://example.com", "the origin is that of the page");
    assert_wrong("https://b\303\274cher.example", "xn--");
    assert_wrong("https://example.com/", "an origin has no path");
    assert_wrong("https://example.com:99999", "not a port");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scheme_host_and_port_have_to_be_the_same),
        cmocka_unit_test(ipv6_addresses_are_the_same_however_they_are_written),
        cmocka_unit_test(nothing_but_an_origin_is_one),
        cmocka_unit_test(names_have_their_limits),
        cmocka_unit_test(origins_of_applications_can_be_listed),
        cmocka_unit_test(a_dot_at_the_end_is_part_of_a_host),
        cmocka_unit_test(a_wildcard_is_exactly_one_label),
        cmocka_unit_test(patterns_that_are_mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
