/* core/front/front_reload.c: reload in its two phases. What clients see of it is tested with the
 * whole server. */
#include "front/front_fixture.h"

static void commit_keeps_adds_and_removes_listeners(void **state)
{
    struct front_fixture fixture =
        open_front("[{address: '127.0.0.1:0'}, {address: '127.0.0.1:00'}]");
    unsigned stays = port_of(&fixture, 0);
    unsigned goes = port_of(&fixture, 1);
    (void)state;
    reload_front(&fixture, "[{address: '127.0.0.1:000'}, {address: '127.0.0.1:0'}]");
    assert_int_equal(front_listener_count(fixture.front), 2);
    assert_int_equal(port_of(&fixture, 1), stays);
    assert_string_equal(front_listener_address(fixture.front, 1), "127.0.0.1:0");
    assert_true(listens(stays));
    assert_true(listens(port_of(&fixture, 0)));
    assert_false(listens(goes));
    close_front(&fixture);
}

static void the_same_address_twice_is_matched_one_by_one(void **state)
{
    struct front_fixture fixture =
        open_front("[{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}]");
    unsigned first = port_of(&fixture, 0);
    unsigned second = port_of(&fixture, 1);
    (void)state;
    assert_int_not_equal(first, second);
    reload_front(&fixture, "[{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}]");
    assert_int_equal(port_of(&fixture, 0), first);
    assert_int_equal(port_of(&fixture, 1), second);
    reload_front(&fixture, "[{address: '127.0.0.1:0'}]");
    assert_int_equal(port_of(&fixture, 0), first);
    assert_false(listens(second));
    close_front(&fixture);
}

static void abort_closes_what_was_opened(void **state)
{
    struct front_fixture fixture = open_front("[{address: '127.0.0.1:0'}]");
    struct front_fixture other = open_front("[{address: '127.0.0.1:0'}]");
    unsigned free_port = port_of(&other, 0);
    unsigned stays = port_of(&fixture, 0);
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    char listen[128];
    (void)state;
    close_front(&other);
    snprintf(listen, sizeof listen, "[{address: '127.0.0.1:%u'}]", free_port);
    assert_int_equal(prepare_reload(&fixture, listen, &diagnostics, &prepared), OK);
    assert_false(listens(free_port));
    assert_int_equal(front_reload_open(prepared, &diagnostics), OK);
    assert_true(listens(free_port));
    assert_true(listens(stays));
    front_reload_abort(prepared);
    assert_false(listens(free_port));
    assert_true(listens(stays));
    assert_int_equal(front_listener_count(fixture.front), 1);
    diagnostics_deinit(&diagnostics);
    front_reload_abort(NULL);
    close_front(&fixture);
}

static void every_mistake_is_reported_with_its_position(void **state)
{
    struct front_fixture fixture = open_front("[{address: '127.0.0.1:0'}]");
    struct front_fixture other = open_front("[{address: '127.0.0.1:0'}]");
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    char listen[512];
    (void)state;
    snprintf(listen, sizeof listen,
             "[{address: '127.0.0.1:%u'}, {address: '127.0.0.1:0', tls: {certificate: /none.crt, "
             "key: /none.key}}]",
             port_of(&other, 0));
    assert_int_equal(prepare_reload(&fixture, listen, &diagnostics, &prepared), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 3);
    assert_non_null(strstr(diagnostics.items[0].text, "certificate '/none.crt'"));
    assert_non_null(strstr(diagnostics.items[1].text, "key '/none.key'"));
    assert_non_null(strstr(diagnostics.items[2].text, "another program"));
    diagnostics_deinit(&diagnostics);
    assert_true(listens(port_of(&fixture, 0)));
    close_front(&other);
    close_front(&fixture);
}

static void overlap_with_a_listener_that_goes_is_said(void **state)
{
    struct front_fixture fixture = open_front("[{address: '127.0.0.1:0'}]");
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    char listen[128];
    (void)state;
    snprintf(listen, sizeof listen, "[{address: '0.0.0.0:%u'}]", port_of(&fixture, 0));
    assert_int_equal(prepare_reload(&fixture, listen, &diagnostics, &prepared), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 1);
    assert_non_null(strstr(diagnostics.items[0].text, "only with a restart"));
    diagnostics_deinit(&diagnostics);
    close_front(&fixture);
}

static void a_check_reports_certificates_and_listens_nowhere(void **state)
{
    struct front_fixture other = open_front("[{address: '127.0.0.1:0'}]");
    struct diagnostics diagnostics;
    char listen[256];
    (void)state;
    snprintf(listen, sizeof listen, "[{address: '127.0.0.1:%u'}]", port_of(&other, 0));
    struct config *config = configure(listen);
    diagnostics_init(&diagnostics);
    assert_int_equal(front_check(config, &diagnostics), OK); /* although the port is taken */
    config_destroy(config);
    config = configure("[{address: '127.0.0.1:0', tls: {certificate: /none.crt, key: /none.key}}]");
    assert_int_equal(front_check(config, &diagnostics), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 2);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    close_front(&other);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commit_keeps_adds_and_removes_listeners),
        cmocka_unit_test(the_same_address_twice_is_matched_one_by_one),
        cmocka_unit_test(abort_closes_what_was_opened),
        cmocka_unit_test(every_mistake_is_reported_with_its_position),
        cmocka_unit_test(overlap_with_a_listener_that_goes_is_said),
        cmocka_unit_test(a_check_reports_certificates_and_listens_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
