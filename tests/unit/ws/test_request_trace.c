#include "unit.h"

#include "ws/request_trace.h"

#include <string.h>

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define PARENT "00-" TRACE "-b7ad6b7169203331-01"

static void an_id_of_printable_characters_is_taken(void **state)
{
    struct request_trace trace;
    (void)state;
    request_trace_read(&trace, "req-1/~!\"", NULL);
    assert_string_equal(trace.id, "req-1/~!\"");
    assert_string_equal(trace.trace_id, "");
}

static void an_id_is_made_if_there_is_none(void **state)
{
    struct request_trace first, second;
    (void)state;
    request_trace_read(&first, NULL, NULL);
    request_trace_read(&second, NULL, NULL);
    assert_int_equal(strlen(first.id), 32);
    assert_int_equal(strspn(first.id, "0123456789abcdef"), 32);
    assert_string_not_equal(first.id, second.id);
}

static void an_id_with_other_characters_is_not_taken(void **state)
{
    char text[2] = "";
    struct request_trace trace;
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        text[0] = (char)byte;
        request_trace_read(&trace, text, NULL);
        assert_true((strcmp(trace.id, text) == 0) == (byte > ' ' && byte <= '~'));
    }
}

static void an_id_of_128_characters_is_taken_and_none_that_is_longer(void **state)
{
    char text[1000];
    struct request_trace trace;
    (void)state;
    memset(text, 'x', sizeof text);
    text[128] = '\0';
    request_trace_read(&trace, text, NULL);
    assert_string_equal(trace.id, text);
    text[128] = 'x';
    text[129] = '\0';
    request_trace_read(&trace, text, NULL);
    assert_int_equal(strlen(trace.id), 32);
}

static void the_trace_id_of_a_traceparent_is_taken(void **state)
{
    struct request_trace trace;
    (void)state;
    request_trace_read(&trace, NULL, PARENT);
    assert_string_equal(trace.trace_id, TRACE);
    request_trace_read(&trace, NULL,
                       "cc"
                       "-" TRACE "-b7ad6b7169203331-01-what-comes-later");
    assert_string_equal(trace.trace_id, TRACE);
}

/* https://www.w3.org/TR/trace-context/#traceparent-header-field-values */
static void a_traceparent_that_breaks_the_rules_is_ignored(void **state)
{
    static const char *const wrong[] = {
        "",
        "00",
        "ff-" TRACE "-b7ad6b7169203331-01",
        PARENT "-more",
        PARENT "0",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-" TRACE "-0000000000000000-01",
        "00-" TRACE "-b7ad6b716920333-001",
        "00-" TRACE "0-b7ad6b7169203331-01",
        "0-0" TRACE "-b7ad6b7169203331-01",
        "00-" TRACE "-b7ad6b7169203331-0x",
    };
    struct request_trace trace;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        request_trace_read(&trace, NULL, wrong[i]);
        assert_string_equal(trace.trace_id, "");
    }
    for (size_t len = 0; len < strlen(PARENT); len++) {
        char cut[sizeof PARENT] = PARENT;
        cut[len] = '\0';
        request_trace_read(&trace, NULL, cut);
        assert_string_equal(trace.trace_id, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_of_printable_characters_is_taken),
        cmocka_unit_test(an_id_is_made_if_there_is_none),
        cmocka_unit_test(an_id_with_other_characters_is_not_taken),
        cmocka_unit_test(an_id_of_128_characters_is_taken_and_none_that_is_longer),
        cmocka_unit_test(the_trace_id_of_a_traceparent_is_taken),
        cmocka_unit_test(a_traceparent_that_breaks_the_rules_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
