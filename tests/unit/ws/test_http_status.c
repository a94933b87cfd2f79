/* core/ws/http_status.c */
#include "unit.h"

#include "ws/http_status.h"

#include <string.h>

static void statuses_have_their_texts(void **state)
{
    (void)state;
    assert_string_equal(http_status_text(200), "OK");
    assert_string_equal(http_status_text(426), "Upgrade Required");
    assert_string_equal(http_status_text(505), "HTTP Version Not Supported");
}

static void an_unknown_status_has_the_text_of_its_class(void **state)
{
    (void)state;
    assert_string_equal(http_status_text(302), "Other");
    assert_string_equal(http_status_text(418), "Client Error");
    assert_string_equal(http_status_text(499), "Client Error");
    assert_string_equal(http_status_text(599), "Server Error");
}

static void a_refusal_is_a_complete_response_that_ends_the_connection(void **state)
{
    static const char expected[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Length: 5\r\n"
                                   "Cache-Control: no-store\r\n"
                                   "Connection: close\r\n"
                                   "Retry-After: 5\r\n"
                                   "\r\n"
                                   "Full\n";
    char out[512];
    (void)state;
    assert_int_equal(http_refusal(503, "Retry-After: 5\r\n", "Full", out, sizeof out),
                     sizeof expected - 1);
    assert_string_equal(out, expected);
}

static void a_refusal_that_does_not_fit_is_none(void **state)
{
    char out[512];
    (void)state;
    size_t len = http_refusal(400, "", "No", out, sizeof out);
    assert_int_equal(http_refusal(400, "", "No", out, len + 1), len);
    assert_int_equal(http_refusal(400, "", "No", out, len), 0);
    assert_int_equal(http_refusal(400, "", "No", out, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_have_their_texts),
        cmocka_unit_test(an_unknown_status_has_the_text_of_its_class),
        cmocka_unit_test(a_refusal_is_a_complete_response_that_ends_the_connection),
        cmocka_unit_test(a_refusal_that_does_not_fit_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
