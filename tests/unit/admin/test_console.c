/* core/admin/console.c: the page's files and what is sent with them. */
#include "admin/admin_fixture.h"

#include "admin/console_files.h"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "endpoints: [{path: /ws}]\n", NULL);
    return 0;
}

static int get(const char *path, const char *headers)
{
    char line[64];
    snprintf(line, sizeof line, "GET %s", path);
    return ask_admin(&fixture, line, headers, NULL);
}

static bool has_header(const char *header)
{
    return strstr(fixture.answer, header) != NULL;
}

static void the_page_its_style_and_its_script_are_what_was_built_in(void **state)
{
    (void)state;
    assert_int_equal(get("/", ""), 200);
    assert_true(has_header("\r\nContent-Type: text/html; charset=utf-8\r\n"));
    assert_int_equal(strlen(body_of(fixture.answer)), console_file_index_html_len);
    assert_memory_equal(body_of(fixture.answer), console_file_index_html,
                        console_file_index_html_len);
    assert_int_equal(get("/console.css", ""), 200);
    assert_true(has_header("\r\nContent-Type: text/css; charset=utf-8\r\n"));
    assert_int_equal(strlen(body_of(fixture.answer)), console_file_console_css_len);
    assert_int_equal(get("/console.js", ""), 200);
    assert_true(has_header("\r\nContent-Type: text/javascript; charset=utf-8\r\n"));
    assert_int_equal(strlen(body_of(fixture.answer)), console_file_console_js_len);
}

static void nothing_else_is_loaded_or_run_and_nobody_frames_it(void **state)
{
    (void)state;
    assert_int_equal(get("/", ""), 200);
    assert_true(has_header("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; "));
    assert_true(has_header("frame-ancestors 'none'"));
    assert_false(has_header("unsafe"));
    assert_true(has_header("\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_true(has_header("\r\nReferrer-Policy: no-referrer\r\n"));
}

static void a_browser_that_has_the_file_is_told_so(void **state)
{
    char known[128];
    (void)state;
    snprintf(known, sizeof known, "If-None-Match: \"other\", %s\r\n", console_file_console_js_tag);
    assert_int_equal(get("/console.js", known), 304);
    assert_true(has_header(console_file_console_js_tag));
    assert_true(has_header("\r\nCache-Control: no-cache\r\n"));
    assert_string_equal(body_of(fixture.answer), "");
    assert_int_equal(get("/console.css", known), 200);
}

static void no_token_is_needed_for_the_files(void **state)
{
    static const struct admin_token_set needed = {.count = 1};
    static const struct admin_token_set none;
    (void)state;
    admin_tokens_change(&fixture.admin->tokens, &needed);
    assert_int_equal(get("/", ""), 200);
    assert_int_equal(get("/api/v1/count", ""), 401);
    admin_tokens_change(&fixture.admin->tokens, &none);
}

static void without_a_console_there_are_no_files(void **state)
{
    static const char *const paths[] = {"/", "/console.css", "/console.js"};
    (void)state;
    atomic_store(&fixture.admin->has_console, false);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(get(paths[i], ""), 404);
    atomic_store(&fixture.admin->has_console, true);
    assert_int_equal(get("/", ""), 200);
}

static void a_slow_reader_of_the_page_takes_a_slot_of_requests(void **state)
{
    struct request_slot held[64];
    size_t slots = fixture.serving.config->admin_requests;
    (void)state;
    assert_true(slots <= sizeof held / sizeof *held);
    for (size_t i = 0; i < slots; i++)
        while (!request_slots_take(&fixture.admin->listeners[0].slots, 0, &held[i]))
            poll(NULL, 0, 1); /* the last answer's is given back in a moment */
    assert_int_equal(get("/", ""), 503);
    assert_int_equal(get("/healthz", ""), 200);
    for (size_t i = 0; i < slots; i++)
        request_slot_give(&held[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_its_style_and_its_script_are_what_was_built_in),
        cmocka_unit_test(nothing_else_is_loaded_or_run_and_nobody_frames_it),
        cmocka_unit_test(a_browser_that_has_the_file_is_told_so),
        cmocka_unit_test(no_token_is_needed_for_the_files),
        cmocka_unit_test(without_a_console_there_are_no_files),
        cmocka_unit_test(a_slow_reader_of_the_page_takes_a_slot_of_requests),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
