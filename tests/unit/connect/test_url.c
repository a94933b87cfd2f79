#include "unit.h"

#include "connect/url.h"

#include <string.h>

static void urls_are_taken_apart(void **state)
{
    static const struct {
        const char *text;
        bool is_tls;
        const char *host, *port, *authority, *target;
    } urls[] = {
        {"ws://localhost:8080/ws", false, "localhost", "8080", "localhost:8080", "/ws"},
        {"ws://localhost", false, "localhost", "80", "localhost", "/"},
        {"ws://localhost:80/", false, "localhost", "80", "localhost", "/"},
        {"wss://example.org:443/a/b?c=/d", true, "example.org", "443", "example.org", "/a/b?c=/d"},
        {"wss://example.org:80?token=x", true, "example.org", "80", "example.org:80", "/?token=x"},
        {"WSS://Example.org", true, "Example.org", "443", "Example.org", "/"},
        {"ws://[::1]:9/", false, "::1", "9", "[::1]:9", "/"},
        {"ws://[::1]", false, "::1", "80", "[::1]", "/"},
        {"ws://a:00080/", false, "a", "80", "a", "/"},
    };
    struct url url;
    char why[256];
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_true(url_parse(urls[i].text, &url, why, sizeof why));
        assert_int_equal(url.is_tls, urls[i].is_tls);
        assert_string_equal(url.host, urls[i].host);
        assert_string_equal(url.port, urls[i].port);
        assert_string_equal(url.authority, urls[i].authority);
        assert_string_equal(url.target, urls[i].target);
    }
}

static void assert_wrong(const char *text, const char *hint)
{
    struct url url;
    char why[512] = "";
    assert_false(url_parse(text, &url, why, sizeof why));
    assert_non_null(strstr(why, hint));
}

static void what_is_wrong_is_said(void **state)
{
    (void)state;
    assert_wrong("localhost:8080/ws", "like ws://localhost:8080/ws");
    assert_wrong("", "does not begin with");
    assert_wrong("ftp://x", "does not begin with ws://");
    assert_wrong("http://x/ws", "did you mean 'ws://x/ws'");
    assert_wrong("https://x/ws", "did you mean 'wss://x/ws'");
    assert_wrong("ws://", "no host");
    assert_wrong("ws://:80/", "no host");
    assert_wrong("ws://[]/", "no host");
    assert_wrong("ws://[::1/", "no ']'");
    assert_wrong("ws://[::1]x/", "follows the ']'");
    assert_wrong("ws://a:b:c/", "no port");
    assert_wrong("ws://a:/", "no port");
    assert_wrong("ws://a:0/", "no port");
    assert_wrong("ws://a:65536/", "no port");
    assert_wrong("ws://a:123456/", "no port");
    assert_wrong("ws://a:-1/", "no port");
    assert_wrong("ws://ann:secret@a/", "--header");
    assert_wrong("ws://a/b#c", "%23");
    assert_wrong("ws://a/b c", "%20");
    assert_wrong("ws://a/\r\nX: y", "%0D");
    assert_wrong("ws://a/\xc3\xa4", "%C3");
}

static void secrets_are_not_repeated(void **state)
{
    static const char *const urls[] = {"http://x/ws?token=secret", "https://x?token=secret",
                                       "x:80/ws?token=secret",     "ann:secret@x/ws",
                                       "ftp://ann:secret@x/ws",    "ws://ann:secret@x/ws",
                                       "ws://ann:secret/@x",       "ws://x:0/ws?secret",
                                       "ws://x/ws#secret",         "ws://x/ws?to ken=secret"};
    struct url url;
    char why[512];
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        assert_false(url_parse(urls[i], &url, why, sizeof why));
        assert_true(why[0] != '\0');
        assert_null(strstr(why, "secret"));
    }
}

static void what_is_too_long_is_refused(void **state)
{
    static char text[URL_TARGET_MAX + 100];
    struct url url;
    char why[256];
    (void)state;
    memcpy(text, "ws://", 5);
    memset(text + 5, 'a', URL_HOST_MAX);
    assert_wrong(text, "longer than 255");
    text[5 + URL_HOST_MAX - 1] = '\0';
    assert_true(url_parse(text, &url, why, sizeof why));
    memcpy(text, "ws://a/", 7);
    memset(text + 7, 'b', sizeof text - 8);
    assert_wrong(text, "longer than 8192");
    text[6 + URL_TARGET_MAX - 2] = '\0';
    assert_true(url_parse(text, &url, why, sizeof why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_taken_apart),
        cmocka_unit_test(what_is_wrong_is_said),
        cmocka_unit_test(secrets_are_not_repeated),
        cmocka_unit_test(what_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
