/* core/admin/admin_access.c: who may ask for what, as a listener answers. Through a Unix socket:
 * tests/integration/test_admin_socket.py. */
#include "admin/admin_fixture.h"

#define READ "Authorization: Bearer reads-0123456789\r\n"
#define OPERATE "Authorization: Bearer operates-0123456789\r\n"
#define ALL "Authorization: Bearer all-0123456789\r\n"
#define EMPTY "Content-Length: 0\r\n"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture, ADMIN_ON_LOOPBACK "endpoints: [{path: /ws}]\n", NULL);
    return 0;
}

static void add_token(struct admin_token_set *set, const char *text, const char *name,
                      enum admin_role role)
{
    struct admin_token *token = &set->tokens[set->count++];
    SHA256((const unsigned char *)text, strlen(text), token->hash);
    token->owner.role = role;
    snprintf(token->owner.name, sizeof token->owner.name, "%s", name);
}

static int set_tokens(void **state)
{
    struct admin_token_set set = {.count = 0};
    (void)state;
    add_token(&set, "reads-0123456789", "grafana", ADMIN_ROLE_READ);
    add_token(&set, "operates-0123456789", "on-call", ADMIN_ROLE_OPERATE);
    add_token(&set, "all-0123456789", "token_file", ADMIN_ROLE_ALL);
    admin_tokens_change(&fixture.admin->tokens, &set);
    return 0;
}

static int set_no_tokens(void **state)
{
    const struct admin_token_set none = {.count = 0};
    (void)state;
    admin_tokens_change(&fixture.admin->tokens, &none);
    return 0;
}

static int ask(const char *line, const char *headers)
{
    return ask_admin(&fixture, line, headers, NULL);
}

static unsigned long long denied(enum admin_denial why)
{
    return atomic_load(&fixture.admin->denials.counts[why]);
}

static void all_but_health_and_readiness_need_a_token(void **state)
{
    unsigned long long before = denied(ADMIN_DENIED_FOR_TOKEN);
    (void)state;
    assert_int_equal(ask("GET /healthz", ""), 200);
    assert_int_equal(ask("GET /readyz", ""), 200);
    assert_int_equal(ask("GET /metrics", ""), 401);
    assert_non_null(strstr(fixture.answer, "\r\nWWW-Authenticate: Bearer\r\n"));
    assert_int_equal(ask("GET /none", ""), 401); /* Nothing is said of what there is. */
    assert_int_equal(ask("GET /metrics", "Authorization: Bearer reads-012345678X\r\n"), 401);
    assert_int_equal(denied(ADMIN_DENIED_FOR_TOKEN), before + 3);
    assert_int_equal(ask("GET /metrics", READ), 200);
    assert_int_equal(ask("GET /none", READ), 404);
}

static void each_role_may_do_what_smaller_ones_may(void **state)
{
    static const struct {
        const char *line;
        const char *headers;
        enum admin_role role;
        int status; /* of who may */
    } requests[] = {
        {"GET /metrics", "", ADMIN_ROLE_READ, 200},
        {"GET /api/v1/count", "", ADMIN_ROLE_READ, 200},
        {"GET /api/v1/clients/1", "", ADMIN_ROLE_READ, 404},
        {"GET /api/v1/drain", "", ADMIN_ROLE_READ, 200},
        {"DELETE /api/v1/clients/1", "", ADMIN_ROLE_OPERATE, 404},
        {"POST /api/v1/kick", EMPTY, ADMIN_ROLE_OPERATE, 415},
        {"POST /api/v1/broadcast", EMPTY, ADMIN_ROLE_OPERATE, 415},
        {"POST /api/v1/drain/stop", EMPTY, ADMIN_ROLE_OPERATE, 200},
        {"POST /api/v1/reload", EMPTY, ADMIN_ROLE_ALL, 503},
    };
    static const char *const tokens[] = {READ, OPERATE, ALL};
    char headers[256];
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++)
        for (size_t j = 0; j < 3; j++) {
            bool may = (enum admin_role)(j + 1) >= requests[i].role;
            snprintf(headers, sizeof headers, "%s%s", tokens[j], requests[i].headers);
            assert_int_equal(ask(requests[i].line, headers), may ? requests[i].status : 403);
        }
}

static void who_may_not_is_told_which_role_it_takes(void **state)
{
    unsigned long long before = denied(ADMIN_DENIED_FOR_ROLE);
    (void)state;
    assert_int_equal(ask("POST /api/v1/reload", OPERATE EMPTY), 403);
    cJSON *body = answered_json(&fixture);
    assert_string_equal(string_in(body, "error"), "forbidden");
    assert_string_equal(string_in(body, "detail"),
                        "this takes a token with the role all; on-call has the role operate");
    cJSON_Delete(body);
    assert_int_equal(denied(ADMIN_DENIED_FOR_ROLE), before + 1);
}

/* DNS rebinding: a page's own name points to this machine. */
static void a_name_that_is_not_this_machines_is_refused_without_a_token(void **state)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: example.org\r\n\r\n";
    unsigned long long before = denied(ADMIN_DENIED_FOR_HOST);
    (void)state;
    assert_int_equal(exchange(admin_port(&fixture), request, fixture.answer, sizeof fixture.answer),
                     403);
    assert_int_equal(denied(ADMIN_DENIED_FOR_HOST), before + 1);
    set_tokens(NULL);
    assert_int_equal(exchange(admin_port(&fixture), request, fixture.answer, sizeof fixture.answer),
                     200);
}

static void a_page_of_another_site_may_change_nothing(void **state)
{
    unsigned long long before = denied(ADMIN_DENIED_FOR_ORIGIN);
    (void)state;
    assert_int_equal(ask("DELETE /api/v1/clients/1", "Origin: http://example.org\r\n"), 403);
    assert_int_equal(ask("DELETE /api/v1/clients/1", "Origin: http://localhost\r\n"), 404);
    assert_int_equal(ask("GET /api/v1/count", "Origin: http://example.org\r\n"), 200);
    assert_int_equal(denied(ADMIN_DENIED_FOR_ORIGIN), before + 1);
}

int main(void)
{
#define WITH_TOKENS(test) cmocka_unit_test_setup_teardown(test, set_tokens, set_no_tokens)
#define WITHOUT(test) cmocka_unit_test_setup_teardown(test, set_no_tokens, set_no_tokens)
    const struct CMUnitTest tests[] = {
        WITH_TOKENS(all_but_health_and_readiness_need_a_token),
        WITH_TOKENS(each_role_may_do_what_smaller_ones_may),
        WITH_TOKENS(who_may_not_is_told_which_role_it_takes),
        WITHOUT(a_name_that_is_not_this_machines_is_refused_without_a_token),
        WITHOUT(a_page_of_another_site_may_change_nothing),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
