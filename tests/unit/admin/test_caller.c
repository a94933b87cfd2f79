/* core/admin/caller.c. Who asks through a Unix socket: tests/integration/test_admin_steering.py. */
#include "admin/caller.h"

#include "front/http_fixture.h"

static char described[CALLER_TEXT_MAX];

static int describe_and_answer(const void *context, struct mg_connection *conn,
                               const struct address *from)
{
    (void)context;
    (void)from;
    caller_describe(conn, described);
    mg_printf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return 200;
}

static void over_tcp_it_is_an_address_and_a_port(void **state)
{
    struct http_fixture fixture;
    char answer[512];
    (void)state;
    start_http(&fixture, (struct request_handler){.handle = describe_and_answer});
    assert_int_equal(
        exchange(fixture.address.port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer, sizeof answer),
        200);
    stop_http(&fixture);
    assert_int_equal(strncmp(described, "127.0.0.1, port ", 16), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(over_tcp_it_is_an_address_and_a_port),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
