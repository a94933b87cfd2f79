/* core/admin/origin.c: which requests a browser may have been tricked into. */
#include "unit.h"

#include "admin/origin.h"

static void requests_without_an_origin_are_no_pages(void **state)
{
    (void)state;
    assert_true(origin_is_ours(NULL, "127.0.0.1:9090"));
    assert_true(origin_is_ours(NULL, NULL));
}

static void only_the_listeners_own_page_may_change_things(void **state)
{
    (void)state;
    assert_true(origin_is_ours("http://127.0.0.1:9090", "127.0.0.1:9090"));
    assert_true(origin_is_ours("http://LOCALHOST:9090", "localhost:9090"));
    assert_false(origin_is_ours("http://127.0.0.1:8080", "127.0.0.1:9090"));
    assert_false(origin_is_ours("https://127.0.0.1:8080", "127.0.0.1:9090"));
    assert_false(origin_is_ours("ftp://127.0.0.1:9090", "127.0.0.1:9090"));
    assert_false(origin_is_ours("http://127.0.0.1:9090.example", "127.0.0.1:9090"));
    assert_false(origin_is_ours("null", "127.0.0.1:9090"));
    assert_false(origin_is_ours("", "127.0.0.1:9090"));
    assert_false(origin_is_ours("http://127.0.0.1:9090", NULL));
}

static void a_proxy_may_add_tls(void **state)
{
    (void)state;
    assert_true(origin_is_ours("https://sluice.example", "sluice.example"));
    assert_false(origin_is_ours("https://sluice.example", "127.0.0.1:9090"));
}

static void numbers_and_localhost_are_plain(void **state)
{
    (void)state;
    assert_true(origin_host_is_plain("127.0.0.1"));
    assert_true(origin_host_is_plain("127.0.0.1:9090"));
    assert_true(origin_host_is_plain("[::1]:9090"));
    assert_true(origin_host_is_plain("[::1]"));
    assert_true(origin_host_is_plain("localhost:9090"));
    assert_true(origin_host_is_plain(NULL));
}

static void other_names_may_have_been_pointed_here(void **state)
{
    (void)state;
    assert_false(origin_host_is_plain("evil.example:9090"));
    assert_false(origin_host_is_plain("127.0.0.1.evil.example"));
    assert_false(origin_host_is_plain("localhost.evil.example"));
    assert_false(origin_host_is_plain("[evil.example]"));
    assert_false(origin_host_is_plain(""));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_without_an_origin_are_no_pages),
        cmocka_unit_test(only_the_listeners_own_page_may_change_things),
        cmocka_unit_test(a_proxy_may_add_tls),
        cmocka_unit_test(numbers_and_localhost_are_plain),
        cmocka_unit_test(other_names_may_have_been_pointed_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
