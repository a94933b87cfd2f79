#include "unit.h"

#include "base/public_url.h"

#include <string.h>

static void secrets_are_not_shown(void **state)
{
    static const char *const urls[][2] = {
        {"ws://host:8080/ws?token=secret", "ws://host:8080/ws"},
        {"ws://host?token=secret", "ws://host"},
        {"wss://ann:secret@host/ws", "wss://host/ws"},
        {"wss://a@nn:sec@ret@host/ws?x=/@y#z", "wss://host/ws"},
        {"ws://host/ws#secret", "ws://host/ws"},
        {"host:8080/ws?token=secret", "host:8080/ws"},
        {"ann:secret@host/ws", "host/ws"},
        {"//ann:secret@host/ws?a", "//host/ws"},
        {"/login?from=ws://x/?token=secret", "/login"},
        {"?token=secret", ""},
        {"ws://ann:secret@", "ws://"},
    };
    char shown[64];
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        public_url(urls[i][0], shown, sizeof shown);
        assert_string_equal(shown, urls[i][1]);
    }
}

static void what_holds_none_stays(void **state)
{
    static const char *const urls[] = {
        "ws://[::1]:9/a/b", "ws://host/users/@me", "/a//b/@c", "ws://", "", "ws:/"};
    char shown[64];
    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        public_url(urls[i], shown, sizeof shown);
        assert_string_equal(shown, urls[i]);
    }
}

static void what_does_not_fit_is_cut(void **state)
{
    const char *url = "ws://ann@host/ws?token=secret";
    const char *whole = "ws://host/ws";
    char shown[16];
    (void)state;
    for (size_t size = 1; size <= sizeof shown; size++) {
        memset(shown, 'x', sizeof shown);
        public_url(url, shown, size);
        assert_int_equal(strlen(shown), size - 1 < strlen(whole) ? size - 1 : strlen(whole));
        assert_memory_equal(shown, whole, strlen(shown));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_not_shown),
        cmocka_unit_test(what_holds_none_stays),
        cmocka_unit_test(what_does_not_fit_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
