/* core/admin/caller.c. Who asks through a Unix socket: tests/integration/test_admin_steering.py. */
#include "admin/caller.h"

#include "admin/admin_token.h"
#include "front/http_fixture.h"

static char described[CALLER_TEXT_MAX];

static int describe_and_answer(const void *context, struct mg_connection *conn,
                               const struct address *from)
{
    (void)from;
    struct caller caller = {.owner.role = ADMIN_ROLE_NONE};
    if (context != NULL) {
        caller.owner = *(const struct admin_token_owner *)context;
        caller_set(conn, &caller);
        assert_ptr_equal(caller_get(conn), &caller);
    }
    caller_describe(conn, described);
    caller_set(conn, NULL);
    assert_null(caller_get(conn));
    mg_printf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return 200;
}

static void describe(const struct admin_token_owner *owner)
{
    struct http_fixture fixture;
    char answer[512];
    start_http(&fixture, (struct request_handler){.handle = describe_and_answer,
                                                  .context = (void *)(uintptr_t)owner});
    assert_int_equal(
        exchange(fixture.address.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer, sizeof answer),
        200);
    stop_http(&fixture);
    assert_int_equal(strncmp(described, "127.0.0.1, port ", 16), 0);
}

static void over_tcp_it_is_an_address_and_a_port(void **state)
{
    static const struct admin_token_owner nobody = {.role = ADMIN_ROLE_ALL};
    (void)state;
    describe(NULL);
    assert_null(strstr(described, "token"));
    describe(&nobody);
    assert_null(strstr(described, "token"));
}

static void and_the_name_of_the_token(void **state)
{
    static const struct admin_token_owner owner = {.role = ADMIN_ROLE_READ, .name = "grafana"};
    (void)state;
    describe(&owner);
    assert_non_null(strstr(described, ", token grafana"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_tcp_it_is_an_address_and_a_port),
        cmocka_unit_test(and_the_name_of_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
