/* core/admin/admin_routes.c: what a path and a method lead to. */
#include "unit.h"

#include "admin/admin_routes.h"

static int one(struct admin *admin, struct mg_connection *conn)
{
    (void)admin;
    (void)conn;
    return 1;
}

static const struct admin_route routes[] = {
    {"/healthz", "GET", ADMIN_ROLE_NONE, one},
    {"/api/v1/reload", "POST", ADMIN_ROLE_ALL, one},
    {"/api/v1/clients", "GET", ADMIN_ROLE_READ, one},
    {"/api/v1/clients/", "GET", ADMIN_ROLE_READ, one},
    {"/api/v1/clients/", "DELETE", ADMIN_ROLE_OPERATE, one},
};

static struct admin_route_match find(const char *path, const char *method)
{
    return admin_route_find(routes, sizeof routes / sizeof *routes, path, method);
}

static void finds_a_path_with_its_method(void **state)
{
    (void)state;
    assert_ptr_equal(find("/healthz", "GET").route, &routes[0]);
    assert_true(find("/healthz", "GET").is_open);
    assert_ptr_equal(find("/api/v1/reload", "POST").route, &routes[1]);
    assert_false(find("/api/v1/reload", "POST").is_open);
}

static void head_goes_where_get_goes(void **state)
{
    (void)state;
    assert_ptr_equal(find("/healthz", "HEAD").route, &routes[0]);
    assert_null(find("/api/v1/reload", "HEAD").route);
}

static void unknown_paths_have_nothing(void **state)
{
    static const char *const paths[] = {
        "",        "/",         "*",        "/healthz/",      "/healthzz",
        "/health", "//healthz", "/api/v1/", "/API/v1/reload",
    };
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        assert_null(find(paths[i], "GET").route);
        assert_false(find(paths[i], "GET").has_path);
        assert_false(find(paths[i], "GET").is_open);
    }
}

static void other_methods_are_told_which_there_are(void **state)
{
    (void)state;
    struct admin_route_match match = find("/api/v1/clients/7", "PUT");
    assert_true(match.has_path);
    assert_null(match.route);
    assert_string_equal(match.allow, "GET, HEAD, DELETE");
    assert_string_equal(find("/api/v1/reload", "GET").allow, "POST");
    assert_null(find("/healthz", "get").route);
}

static void one_segment_stands_behind_a_slash(void **state)
{
    (void)state;
    assert_ptr_equal(find("/api/v1/clients", "GET").route, &routes[2]);
    assert_ptr_equal(find("/api/v1/clients/7", "GET").route, &routes[3]);
    assert_ptr_equal(find("/api/v1/clients/7", "DELETE").route, &routes[4]);
    assert_false(find("/api/v1/clients/", "GET").has_path);
    assert_false(find("/api/v1/clients/7/8", "GET").has_path);
    assert_null(find("/api/v1/clients", "DELETE").route);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_path_with_its_method),
        cmocka_unit_test(head_goes_where_get_goes),
        cmocka_unit_test(unknown_paths_have_nothing),
        cmocka_unit_test(other_methods_are_told_which_there_are),
        cmocka_unit_test(one_segment_stands_behind_a_slash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
