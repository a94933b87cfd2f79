/* core/front/front_handler.c: requests of the front, with a hub behind it. */
#include "hub/serving.h"

#include "failing_memory.h"
#include "front/front_handler.h"
#include "front/http_fixture.h"

#define UPGRADE                                                                                    \
    "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                                     \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

static struct serving serving;
static struct front_handler handler;
static struct http_fixture fixture;
static char answer[65536];
static _Atomic bool is_short_of_memory;

/* On one of the listener's threads. */
static int answer_request(const void *context, struct mg_connection *conn,
                          const struct address *from)
{
    if (is_short_of_memory)
        fail_allocation(1);
    int status = front_handler_answer(context, conn, from);
    end_failing_allocations();
    return status;
}

static int start_fixture(void **state)
{
    (void)state;
    serving = serve("limits: {clients_per_address: 1}\n"
                    "endpoints: [{path: /ws}, {path: '/a+b'}]\n");
    handler.hub = serving.hub;
    start_http(&fixture,
               (struct request_handler){answer_request, front_handler_answer_unreadable, &handler});
    return 0;
}

static int stop_fixture(void **state)
{
    (void)state;
    stop_http(&fixture);
    end_serving(&serving);
    return 0;
}

static int ask(const char *request)
{
    return exchange(fixture.address.port, request, answer, sizeof answer);
}

static int upgrade(const char *path)
{
    char request[512];
    int client = connect_to_port(fixture.address.port);
    int len = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\n" UPGRADE, path);
    assert_int_equal(send(client, request, (size_t)len, 0), len);
    read_head(client, answer, sizeof answer);
    return client;
}

static void an_upgrade_becomes_a_client_of_the_hub(void **state)
{
    (void)state;
    int client = upgrade("/ws?a=1");
    assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
    wait_for_clients(serving.hub, NULL, 1);
    send_text(client, "hello");
    expect_text(client, "hello");
    leave(client);
    wait_for_clients(serving.hub, NULL, 0);
}

static void an_endpoints_path_is_decoded_once(void **state)
{
    (void)state;
    int client = upgrade("/a%2Bb");
    assert_memory_equal(answer, "HTTP/1.1 101 ", 13);
    leave(client);
    wait_for_clients(serving.hub, NULL, 0);
    assert_int_equal(ask("GET /a%252Bb HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
}

static void a_limit_refuses_with_its_status(void **state)
{
    (void)state;
    int first = upgrade("/ws");
    wait_for_clients(serving.hub, NULL, 1);
    assert_int_equal(ask("GET /ws HTTP/1.1\r\n" UPGRADE), 429);
    assert_non_null(strstr(answer, "\r\nRetry-After: 5\r\n"));
    leave(first);
    wait_for_clients(serving.hub, NULL, 0);
}

static void a_request_that_is_no_upgrade_is_told_so(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /ws HTTP/1.1\r\nHost: x\r\n\r\n"), 426);
    assert_non_null(strstr(answer, "\r\nUpgrade: websocket\r\n"));
    assert_int_equal(ask("POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"), 405);
}

static void a_query_with_too_many_parameters_is_refused(void **state)
{
    char request[4096] = "GET /ws?";
    (void)state;
    for (int i = 0; i < 257; i++)
        strcat(request, "a=1&");
    strcat(request, " HTTP/1.1\r\n" UPGRADE);
    assert_int_equal(ask(request), 400);
}

static void another_path_is_not_found(void **state)
{
    (void)state;
    assert_int_equal(ask("GET /none HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    assert_int_equal(ask("GET /ws%00 HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
}

static void the_demo_page_is_at_the_root_if_it_is_configured(void **state)
{
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 404);
    atomic_store(&handler.demo_page, true);
    assert_int_equal(ask("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), 200);
    assert_non_null(strstr(answer, "\r\nContent-Security-Policy: default-src 'none';"));
    assert_non_null(strstr(body_of(answer), "<html"));
    assert_int_equal(ask("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n"), 405);
    atomic_store(&handler.demo_page, false);
}

static uint64_t refused(enum admission reason)
{
    return atomic_load(&serving.hub->admissions[reason]);
}

static void upgrades_are_counted_that_come_before_the_first_configuration(void **state)
{
    (void)state;
    atomic_store(&serving.hub->is_starting, true);
    assert_int_equal(ask("GET /soon HTTP/1.1\r\n" UPGRADE), 503);
    assert_non_null(strstr(answer, "\r\nRetry-After: 5\r\n"));
    assert_non_null(strstr(body_of(answer), "starting"));
    assert_int_equal(refused(ADMISSION_STARTING), 1);
    assert_int_equal(ask("GET /soon HTTP/1.1\r\nHost: x\r\n\r\n"), 503);
    assert_int_equal(refused(ADMISSION_STARTING), 1);
    atomic_store(&serving.hub->is_starting, false);
    assert_int_equal(ask("GET /soon HTTP/1.1\r\n" UPGRADE), 404);
    assert_int_equal(refused(ADMISSION_STARTING), 1);
}

static void an_upgrade_for_which_there_is_no_memory_is_counted(void **state)
{
    (void)state;
    is_short_of_memory = true;
    assert_int_equal(ask("GET /ws HTTP/1.1\r\n" UPGRADE), 503);
    is_short_of_memory = false;
    assert_non_null(strstr(body_of(answer), "short of memory"));
    assert_int_equal(refused(ADMISSION_NO_MEMORY), 1);
}

static void an_unreadable_request_gets_its_sentence(void **state)
{
    (void)state;
    assert_int_equal(ask("nonsense\r\n\r\n"), 400);
    assert_non_null(strstr(answer, "text/plain"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_becomes_a_client_of_the_hub),
        cmocka_unit_test(an_endpoints_path_is_decoded_once),
        cmocka_unit_test(a_limit_refuses_with_its_status),
        cmocka_unit_test(a_request_that_is_no_upgrade_is_told_so),
        cmocka_unit_test(a_query_with_too_many_parameters_is_refused),
        cmocka_unit_test(another_path_is_not_found),
        cmocka_unit_test(the_demo_page_is_at_the_root_if_it_is_configured),
        cmocka_unit_test(upgrades_are_counted_that_come_before_the_first_configuration),
        cmocka_unit_test(an_upgrade_for_which_there_is_no_memory_is_counted),
        cmocka_unit_test(an_unreadable_request_gets_its_sentence),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
