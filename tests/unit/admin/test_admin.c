/* core/admin/admin.c: where it listens, what keeps it from that, and reloads. */
#include "admin/admin_fixture.h"

#define ENDPOINTS "endpoints: [{path: /ws}]\n"

/* Tries to start with this `admin` section; returns the error, whose text is in `diagnostics`. */
static int try_to_start(const char *admin_yaml, struct diagnostics *diagnostics, struct admin **out)
{
    struct config *config = load_config(admin_yaml);
    struct admin_parts parts = {.hub = NULL};
    diagnostics_init(diagnostics);
    int error = admin_create(config, &parts, diagnostics, out);
    config_destroy(config);
    return error;
}

static void write_token(const char *path, const char *token)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(token, file);
    fclose(file);
    assert_int_equal(chmod(path, 0600), 0);
}

static void without_a_section_there_is_no_listener(void **state)
{
    struct diagnostics diagnostics;
    struct admin *admin;
    (void)state;
    assert_int_equal(try_to_start(ENDPOINTS, &diagnostics, &admin), OK);
    assert_null(admin);
    assert_int_equal(admin_listener_count(NULL), 0);
    admin_destroy(NULL);
    diagnostics_deinit(&diagnostics);
}

static void urls_have_the_port_that_was_chosen_or_the_path(void **state)
{
    struct diagnostics diagnostics;
    struct admin *admin;
    char folder[] = "/tmp/sluice-test-XXXXXX", yaml[256], url[256], expected[256];
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(yaml, sizeof yaml, "admin: {listen: ['127.0.0.1:0', 'unix:%s/socket']}\n" ENDPOINTS,
             folder);
    assert_int_equal(try_to_start(yaml, &diagnostics, &admin), OK);
    assert_int_equal(admin_listener_count(admin), 2);
    admin_url(admin, 0, url, sizeof url);
    snprintf(expected, sizeof expected, "http://127.0.0.1:%u", admin->listeners[0].address.port);
    assert_string_equal(url, expected);
    admin_url(admin, 1, url, sizeof url);
    snprintf(expected, sizeof expected, "unix:%s/socket", folder);
    assert_string_equal(url, expected);
    admin_destroy(admin);
    assert_int_equal(rmdir(folder), 0); /* the socket's file is gone */
    diagnostics_deinit(&diagnostics);
}

static void a_port_that_is_taken_is_said(void **state)
{
    struct diagnostics diagnostics;
    struct admin *first, *second;
    char yaml[256];
    (void)state;
    assert_int_equal(try_to_start(ADMIN_ON_LOOPBACK ENDPOINTS, &diagnostics, &first), OK);
    diagnostics_deinit(&diagnostics);
    snprintf(yaml, sizeof yaml, "admin: {listen: '127.0.0.1:%u'}\n" ENDPOINTS,
             first->listeners[0].address.port);
    assert_int_equal(try_to_start(yaml, &diagnostics, &second), ERR_CONFIG);
    assert_non_null(strstr(diagnostics.items[0].text, "cannot listen on 127.0.0.1:"));
    assert_non_null(strstr(diagnostics.items[0].text, strerror(EADDRINUSE)));
    diagnostics_deinit(&diagnostics);
    admin_destroy(first);
}

static void a_token_file_that_does_not_work_is_said_by_start_and_check(void **state)
{
    static const char yaml[] =
        "admin: {listen: '127.0.0.1:0', token_file: /none/token}\n" ENDPOINTS;
    struct diagnostics diagnostics;
    struct admin *admin = NULL;
    (void)state;
    assert_int_equal(try_to_start(yaml, &diagnostics, &admin), ERR_CONFIG);
    assert_null(admin);
    diagnostics_deinit(&diagnostics);
    struct config *config = load_config(yaml);
    diagnostics_init(&diagnostics);
    assert_int_equal(admin_check(config, &diagnostics), ERR_CONFIG);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
}

/* Reloads with this `admin` section. */
static bool accepts(struct admin *admin, const char *authorization)
{
    struct admin_token_owner owner;
    return admin_tokens_accept(&admin->tokens, authorization, &owner);
}

static void reload_admin(struct admin *admin, const char *yaml)
{
    struct diagnostics diagnostics;
    struct admin_reload prepared;
    struct config *config = load_config(yaml);
    diagnostics_init(&diagnostics);
    assert_int_equal(admin_prepare_reload(admin, config, &diagnostics, &prepared), OK);
    admin_commit_reload(admin, &prepared);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
}

static void a_reload_changes_the_token_but_not_the_addresses(void **state)
{
    struct diagnostics diagnostics;
    struct admin *admin;
    char path[] = "/tmp/sluice-test-XXXXXX", with_token[256];
    (void)state;
    close(mkstemp(path));
    write_token(path, "0123456789abcdef\n");
    snprintf(with_token, sizeof with_token,
             "admin: {listen: '127.0.0.1:0', token_file: '%s'}\n" ENDPOINTS, path);
    assert_int_equal(try_to_start(with_token, &diagnostics, &admin), OK);
    diagnostics_deinit(&diagnostics);
    assert_true(accepts(admin, "Bearer 0123456789abcdef"));
    assert_true(atomic_load(&admin->has_console));
    write_token(path, "another token is here\n");
    reload_admin(admin, with_token);
    assert_false(accepts(admin, "Bearer 0123456789abcdef"));
    assert_true(accepts(admin, "Bearer another token is here"));
    reload_admin(admin, "admin: {listen: '127.0.0.1:00'}\n" ENDPOINTS);
    assert_true(admin_tokens_are_needed(&admin->tokens)); /* this process still listens there */
    reload_admin(admin, "admin: {listen: '127.0.0.1:0', console: false}\n" ENDPOINTS);
    assert_false(atomic_load(&admin->has_console));
    assert_false(admin_tokens_are_needed(&admin->tokens));
    reload_admin(NULL, ENDPOINTS);
    admin_destroy(admin);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_section_there_is_no_listener),
        cmocka_unit_test(urls_have_the_port_that_was_chosen_or_the_path),
        cmocka_unit_test(a_port_that_is_taken_is_said),
        cmocka_unit_test(a_token_file_that_does_not_work_is_said_by_start_and_check),
        cmocka_unit_test(a_reload_changes_the_token_but_not_the_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
