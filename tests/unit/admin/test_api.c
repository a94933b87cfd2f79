/* core/admin/api.c: counts and reload. */
#include "admin/admin_fixture.h"

static struct admin_fixture fixture;
static char reloaded_file[64]; /* what the last reload was asked for; "": any */
static int reload_result;
static unsigned slots_during_reload; /* of all requests */

static int reload(void *context, struct reload_order *order)
{
    struct position position = {.file = "a.yaml", .line = 3, .column = 5};
    assert_int_equal(atomic_load(&fixture.admin->reloads), 1);
    slots_during_reload = atomic_load(&fixture.admin->listeners[0].slots.taken[0]);
    assert_ptr_equal(context, &fixture);
    assert_memory_equal(order->who, "127.0.0.1, port ", 16);
    snprintf(reloaded_file, sizeof reloaded_file, "%s", order->file != NULL ? order->file : "");
    diagnostics_warn(order->diagnostics, position, "be careful");
    if (reload_result == ERR_CONFIG)
        diagnostics_add(order->diagnostics, position, "not like this");
    order->bans = (struct bans_change){.set = 2, .lifted = 1};
    order->replaced = 3;
    return reload_result;
}

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "endpoints: [{path: /ws}, {path: /other}]\n", reload);
    return 0;
}

static void counts_clients_of_each_endpoint(void **state)
{
    (void)state;
    int client = join(fixture.serving.hub, "/ws");
    cJSON *body = get_json(&fixture, "/api/v1/count");
    const cJSON *by_endpoint = cJSON_GetObjectItemCaseSensitive(body, "by_endpoint");
    assert_int_equal(number_in(body, "clients"), 1);
    assert_int_equal(number_in(by_endpoint, "/ws"), 1);
    assert_int_equal(number_in(by_endpoint, "/other"), 0);
    cJSON_Delete(body);
    leave(client);
    wait_for_clients(fixture.serving.hub, NULL, 0);
}

static int post_reload(const char *body)
{
    snprintf(reloaded_file, sizeof reloaded_file, "not asked");
    return ask_admin(&fixture, "POST /api/v1/reload", body == NULL ? "Content-Length: 0\r\n" : "",
                     body);
}

static void a_reload_answers_with_the_generation_and_warnings(void **state)
{
    (void)state;
    reload_result = OK;
    assert_int_equal(post_reload(NULL), 200);
    assert_string_equal(reloaded_file, "");
    cJSON *body = answered_json(&fixture);
    assert_int_equal(number_in(body, "generation"), 1);
    assert_true(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "complete")));
    assert_int_equal(number_in(body, "replaced"), 3);
    assert_int_equal(number_in(body, "bans_set"), 2);
    assert_int_equal(number_in(body, "bans_lifted"), 1);
    const cJSON *warning =
        cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "warnings"), 0);
    assert_string_equal(string_in(warning, "message"), "be careful");
    assert_string_equal(string_in(warning, "file"), "a.yaml");
    assert_int_equal(number_in(warning, "line"), 3);
    cJSON_Delete(body);
}

static void a_reload_may_name_the_file_that_is_meant(void **state)
{
    (void)state;
    reload_result = OK;
    assert_int_equal(post_reload("{\"file\":\"/b.yaml\"}"), 200);
    assert_string_equal(reloaded_file, "/b.yaml");
    assert_int_equal(post_reload("{\"file\":7}"), 400);
    assert_int_equal(post_reload("{\"path\":\"/b.yaml\"}"), 400);
    assert_int_equal(post_reload("nonsense"), 400);
    assert_string_equal(reloaded_file, "not asked");
}

static int post_reload_chunked(const char *chunks)
{
    char request[512];
    snprintf(request, sizeof request,
             "POST /api/v1/reload HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
             "Content-Type: application/json\r\n\r\n%s",
             chunks);
    snprintf(reloaded_file, sizeof reloaded_file, "not asked");
    return exchange(admin_port(&fixture), request, fixture.answer, sizeof fixture.answer);
}

static void the_body_may_come_in_chunks(void **state)
{
    (void)state;
    reload_result = OK;
    assert_int_equal(post_reload_chunked("12\r\n{\"file\":\"/b.yaml\"}\r\n0\r\n\r\n"), 200);
    assert_string_equal(reloaded_file, "/b.yaml");
    assert_int_equal(post_reload_chunked("8\r\n{\"file\":\r\nb;a=b\r\n \"/c.yaml\"}\r\n0\r\n"
                                         "Trailer: x\r\n\r\n"),
                     200);
    assert_string_equal(reloaded_file, "/c.yaml");
    assert_int_equal(post_reload_chunked("1\r\n{\r\n0\r\n\r\n"), 400);
    assert_int_equal(post_reload_chunked("0\r\n\r\n"), 400); /* announced as JSON */
    assert_int_equal(post_reload_chunked("x\r\n"), 400);
    assert_string_equal(reloaded_file, "not asked");
}

static void a_reload_holds_no_slot_while_it_waits(void **state)
{
    (void)state;
    reload_result = OK;
    for (int i = 0; i < 10; i++) {
        slots_during_reload = 99;
        await_free_slots(&fixture); /* of the request before */
        assert_int_equal(post_reload(i % 2 == 0 ? "{}" : NULL), 200);
        assert_int_equal(slots_during_reload, 0);
    }
    assert_int_equal(atomic_load(&fixture.admin->reloads), 0);
}

static void a_third_reload_has_nothing_to_wait_for(void **state)
{
    (void)state;
    reload_result = OK;
    atomic_store(&fixture.admin->reloads, ADMIN_RELOADS_MAX);
    assert_int_equal(post_reload(NULL), 409);
    assert_string_equal(reloaded_file, "not asked");
    atomic_store(&fixture.admin->reloads, 0);
    assert_int_equal(post_reload(NULL), 200);
}

static void a_reload_that_fails_says_why(void **state)
{
    (void)state;
    reload_result = ERR_CONFIG;
    assert_int_equal(post_reload(NULL), 422);
    cJSON *body = answered_json(&fixture);
    assert_string_equal(string_in(body, "error"), "not reloaded");
    assert_string_equal(string_in(body, "detail"), "not like this");
    const cJSON *error = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(body, "errors"), 0);
    assert_int_equal(number_in(error, "column"), 5);
    cJSON_Delete(body);
    reload_result = ERR_NO_MEMORY;
    assert_int_equal(post_reload(NULL), 503);
    body = answered_json(&fixture);
    assert_string_equal(string_in(body, "detail"), error_text(ERR_NO_MEMORY));
    cJSON_Delete(body);
    reload_result = ERR_CLOSED;
    assert_int_equal(post_reload(NULL), 503);
    body = answered_json(&fixture);
    assert_string_equal(string_in(body, "detail"), "the server is stopping");
    cJSON_Delete(body);
}

static void a_server_that_cannot_reload_says_so(void **state)
{
    (void)state;
    fixture.admin->reload = NULL;
    assert_int_equal(post_reload(NULL), 503);
    fixture.admin->reload = reload;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_clients_of_each_endpoint),
        cmocka_unit_test(a_reload_answers_with_the_generation_and_warnings),
        cmocka_unit_test(a_reload_may_name_the_file_that_is_meant),
        cmocka_unit_test(the_body_may_come_in_chunks),
        cmocka_unit_test(a_reload_holds_no_slot_while_it_waits),
        cmocka_unit_test(a_third_reload_has_nothing_to_wait_for),
        cmocka_unit_test(a_reload_that_fails_says_why),
        cmocka_unit_test(a_server_that_cannot_reload_says_so),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
