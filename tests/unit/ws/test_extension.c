#include "unit.h"

#include "ws/extension.h"
#include "ws/request.h"

#include <stdio.h>
#include <string.h>

#define AGREED "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
#define SMALL AGREED "; server_max_window_bits=9"

/* What a request with these values of Sec-WebSocket-Extensions is answered with. */
static enum deflate_window negotiate(const char *const *values, size_t count, const char **answer)
{
    const char *names[4];
    struct request *request = NULL;
    assert_true(count <= 4);
    for (size_t i = 0; i < count; i++)
        names[i] = i % 2 == 0 ? "Sec-WebSocket-Extensions" : "sec-websocket-extensions";
    const struct request_source source = {.method = "GET",
                                          .http_version = "1.1",
                                          .path = "/ws",
                                          .header_count = count,
                                          .header_names = names,
                                          .header_values = values};
    assert_int_equal(request_create(&source, &request), OK);
    enum deflate_window window = extension_negotiate(request, answer);
    request_destroy(request);
    return window;
}

static void expect_answer(const char *offers, const char *expected)
{
    const char *answer = "";
    enum deflate_window window = negotiate(&offers, 1, &answer);
    if (expected == NULL) {
        if (window != DEFLATE_WINDOW_NONE)
            fail_msg("agreed to: %s", offers);
        assert_null(answer);
        return;
    }
    if (answer == NULL)
        fail_msg("declined: %s", offers);
    assert_string_equal(answer, expected);
    assert_int_equal(window, strstr(expected, "bits=9") != NULL ? DEFLATE_WINDOW_SMALL
                                                                : DEFLATE_WINDOW_FULL);
}

static void agrees_to_what_clients_offer(void **state)
{
    (void)state;
    expect_answer("permessage-deflate", AGREED);
    expect_answer("permessage-deflate; client_max_window_bits", AGREED);
    expect_answer("permessage-deflate;client_max_window_bits=15", AGREED);
    expect_answer("permessage-deflate ; client_max_window_bits = \"8\"", AGREED);
    expect_answer("permessage-deflate; server_no_context_takeover; client_no_context_takeover",
                  AGREED);
    expect_answer("\tpermessage-deflate\t;\tserver_no_context_takeover\t", AGREED);
}

static void names_a_window_when_one_is_asked_for(void **state)
{
    static const char *const small[] = {"9", "10", "11", "12", "13", "14", "\"9\""};
    char offer[128];
    (void)state;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        snprintf(offer, sizeof offer, "permessage-deflate; server_max_window_bits=%s", small[i]);
        expect_answer(offer, SMALL);
    }
    expect_answer("permessage-deflate; server_max_window_bits=15",
                  AGREED "; server_max_window_bits=15");
    expect_answer("permessage-deflate; client_max_window_bits; server_max_window_bits=10", SMALL);
}

static void declines_what_is_unknown_doubled_or_malformed(void **state)
{
    static const char *const offers[] = {
        "",
        "x-webkit-deflate-frame",
        "Permessage-Deflate",
        "permessage-deflate2",
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=\"\"",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=\"9",
        "permessage-deflate; server_max_window_bits=\"9 \"",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=8", /* zlib cannot. */
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=1000000000000",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=a",
        "permessage-deflate;",
        "permessage-deflate;;client_max_window_bits",
        "permessage-deflate client_max_window_bits",
        "permessage-deflate; client_max_window_bits 15",
        "; permessage-deflate",
        "=permessage-deflate",
        "permessage-deflate; =9",
        "permessage-deflate; \"client_max_window_bits\"",
        "\"permessage-deflate\"",
    };
    (void)state;
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++)
        expect_answer(offers[i], NULL);
}

static void takes_the_first_offer_that_fits(void **state)
{
    (void)state;
    expect_answer("permessage-bzip2, permessage-deflate; server_max_window_bits=8, "
                  "permessage-deflate; server_max_window_bits=10, permessage-deflate",
                  SMALL);
    expect_answer("permessage-deflate, permessage-deflate; server_max_window_bits=10", AGREED);
    expect_answer("permessage-deflate; unknown=\"a, permessage-deflate\"", NULL);
    expect_answer(", ,permessage-deflate,", AGREED);
}

static void takes_offers_from_several_headers(void **state)
{
    static const char *const values[] = {"foo", "permessage-deflate; bar",
                                         "permessage-deflate; server_max_window_bits=15"};
    const char *answer;
    (void)state;
    assert_int_equal(negotiate(values, 3, &answer), DEFLATE_WINDOW_FULL);
    assert_string_equal(answer, AGREED "; server_max_window_bits=15");
    assert_int_equal(negotiate(values, 2, &answer), DEFLATE_WINDOW_NONE);
    assert_int_equal(negotiate(values, 0, &answer), DEFLATE_WINDOW_NONE);
    assert_null(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_to_what_clients_offer),
        cmocka_unit_test(names_a_window_when_one_is_asked_for),
        cmocka_unit_test(declines_what_is_unknown_doubled_or_malformed),
        cmocka_unit_test(takes_the_first_offer_that_fits),
        cmocka_unit_test(takes_offers_from_several_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
