#include "workbench.h"

/* What the plugin of the test does when a client connects. */
static enum sl_verdict (*ask)(const struct sl_host *host, struct sl_request *request);

static enum sl_verdict on_connect(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request)
{
    (void)client;
    return ask(self->host, request);
}

static void connect_client(const struct fake_upgrade *upgrade, struct fake_result *result)
{
    situation_begin_host();
    struct fake_instance *instance = instance_with((struct sl_plugin){.on_connect = on_connect});
    struct sl_client *client = fake_client_create(upgrade);
    fake_connect(instance, client, result);
    fake_client_destroy(client);
    fake_instance_destroy(instance);
}

static bool has(bool found, struct sl_string value, const char *expected)
{
    return found && value.len == strlen(expected) && memcmp(value.data, expected, value.len) == 0;
}

static enum sl_verdict look_at_everything(const struct sl_host *host, struct sl_request *request)
{
    struct sl_string value;
    REQUIRE(request->secure && has(true, request->path, "/chat"));
    REQUIRE(has(true, request->subprotocol, "v1"));
    REQUIRE(has(host->request_header(request, "HOST", &value), value, "example.org"));
    REQUIRE(!host->request_header(request, "Origin", &value));
    REQUIRE(has(host->request_query(request, "token", &value), value, "secret"));
    REQUIRE(!host->request_query(request, "Token", &value));
    REQUIRE(has(host->request_cookie(request, "session", &value), value, "s1"));
    REQUIRE(has(host->request_subprotocol(request, 1, &value), value, "v2"));
    REQUIRE(!host->request_subprotocol(request, 2, &value));
    REQUIRE(has(host->request_certificate(request, SL_CERTIFICATE_DNS, 1, &value), value, "b.org"));
    REQUIRE(!host->request_certificate(request, SL_CERTIFICATE_DNS, 2, &value));
    REQUIRE(!host->request_certificate(request, (enum sl_certificate_field)99, 0, &value));
    return SL_CONTINUE;
}

static void connect_with_everything(void *argument)
{
    const struct fake_upgrade upgrade = {.path = "/chat",
                                         .secure = true,
                                         .headers = {{"Host", "example.org"}},
                                         .query = {{"token", "secret"}},
                                         .cookies = {{"session", "s1"}},
                                         .certificate = {{"dns", "a.org"}, {"dns", "b.org"}},
                                         .subprotocols = {"v1", "v2"},
                                         .subprotocol = "v1"};
    struct fake_result result;
    (void)argument;
    ask = look_at_everything;
    connect_client(&upgrade, &result);
}

static void plugins_see_what_a_client_brings_along(void **state)
{
    (void)state;
    assert_passes(connect_with_everything, NULL);
}

static enum sl_verdict select_and_add(const struct sl_host *host, struct sl_request *request)
{
    REQUIRE(host->select_subprotocol(request, "v3") != 0);
    REQUIRE(host->select_subprotocol(request, "v2") == 0);
    REQUIRE(host->deny_header(request, "Bad\r\nName", "x") != 0);
    REQUIRE(host->deny_header(request, "Name", "bad\r\nvalue") != 0);
    REQUIRE(host->deny_header(request, "Retry-After", "5") == 0);
    return host->deny(request, 429, "Too fast");
}

static void connect_and_read_the_answer(void *argument)
{
    const struct fake_upgrade upgrade = {.subprotocols = {"v1", "v2"}};
    struct fake_result result;
    (void)argument;
    ask = select_and_add;
    connect_client(&upgrade, &result);
    REQUIRE(strcmp(result.subprotocol, "v2") == 0);
    REQUIRE(result.code == 429 && strcmp(result.reason, "Too fast") == 0);
    REQUIRE(fake_result_has_header(&result, "Retry-After", "5"));
    REQUIRE(!fake_result_has_header(&result, "Retry-After", "6"));
    REQUIRE(!fake_result_has_header(&result, "Name", "bad"));
}

static void the_answer_is_in_the_result(void **state)
{
    (void)state;
    assert_passes(connect_and_read_the_answer, NULL);
}

static enum sl_verdict deny_with_a_success(const struct sl_host *host, struct sl_request *request)
{
    return host->deny(request, 200, "Fine");
}

static enum sl_verdict ask_with_another_request(const struct sl_host *host,
                                                struct sl_request *request)
{
    struct sl_request other = *request;
    struct sl_string value;
    host->request_header(&other, "Host", &value);
    return SL_CONTINUE;
}

static void connect_and_ask(void *argument)
{
    struct fake_result result;
    memcpy(&ask, argument, sizeof ask);
    connect_client(NULL, &result);
}

static void wrong_answers_are_failures(void **state)
{
    enum sl_verdict (*wrong)(const struct sl_host *, struct sl_request *) = deny_with_a_success;
    (void)state;
    assert_fails(connect_and_ask, &wrong, "host->deny was given status 200");
    wrong = ask_with_another_request;
    assert_fails(connect_and_ask, &wrong, "outside on_connect, or with another request");
}

static void a_list_of_pairs_has_its_end(void **state)
{
    struct fake_pair pairs[FAKE_PAIRS_MAX] = {{NULL, NULL}};
    (void)state;
    for (int i = 0; i < FAKE_PAIRS_MAX; i++)
        assert_true(fake_pairs_add(pairs, "name", "value"));
    assert_false(fake_pairs_add(pairs, "name", "value"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plugins_see_what_a_client_brings_along),
        cmocka_unit_test(the_answer_is_in_the_result),
        cmocka_unit_test(wrong_answers_are_failures),
        cmocka_unit_test(a_list_of_pairs_has_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
