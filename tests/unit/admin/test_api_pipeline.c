/* core/admin/api_pipeline.c: what pipelines do, and what they consist of. */
#include "admin/admin_fixture.h"

#define LENT "- {path: /lent, pipeline: [{plugin: lender}, {plugin: borrower}]}\n"

static int start_fixture(void **state)
{
    (void)state;
    start_admin(&fixture,
                ADMIN_ON_LOOPBACK
                "endpoints:\n"
                "- {path: /ws, pipeline: [{plugin: probe, timeout: 2s, budget: 1ms},\n"
                "                         {plugin: probe, mode: shadow, on_error: continue}]}\n"
                "- {path: /other}\n" LENT,
                NULL);
    return 0;
}

static void describes_each_stage_with_its_policy_and_counts(void **state)
{
    (void)state;
    int client = join(fixture.serving.hub, "/ws");
    send_text(client, "drop");
    send_text(client, "hello");
    expect_text(client, "hello");
    cJSON *body = get_json(&fixture, "/api/v1/pipeline");
    const cJSON *endpoints = cJSON_GetObjectItemCaseSensitive(body, "endpoints");
    assert_int_equal(number_in(body, "generation"), 1);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(body, "awaited")), 0);
    assert_int_equal(cJSON_GetArraySize(endpoints), 3);
    const cJSON *endpoint = cJSON_GetArrayItem(endpoints, 0);
    const cJSON *pipeline = cJSON_GetObjectItemCaseSensitive(endpoint, "pipeline");
    assert_string_equal(string_in(endpoint, "path"), "/ws");
    assert_int_equal(cJSON_GetArraySize(pipeline), 2);
    const cJSON *first = cJSON_GetArrayItem(pipeline, 0);
    const cJSON *second = cJSON_GetArrayItem(pipeline, 1);
    assert_string_equal(string_in(first, "plugin"), "probe");
    assert_string_equal(string_in(first, "mode"), "enforce");
    assert_string_equal(string_in(first, "on_error"), "deny");
    assert_int_equal(number_in(first, "timeout_ns"), 2 * NS_PER_S);
    assert_int_equal(number_in(first, "budget_ns"), NS_PER_MS);
    assert_string_equal(string_in(second, "mode"), "shadow");
    assert_string_equal(string_in(second, "on_error"), "continue");
    const cJSON *verdicts = cJSON_GetObjectItemCaseSensitive(first, "verdicts");
    assert_int_equal(number_in(verdicts, "drop"), 1);
    assert_true(number_in(cJSON_GetObjectItemCaseSensitive(first, "latency_ns"), "count") >= 2);
    cJSON_Delete(body);
    leave(client);
    wait_for_clients(fixture.serving.hub, NULL, 0);
}

/* An instance as the answer has it, as text, from one of its members on. */
static void expect_instance(const cJSON *endpoint, int position, const char *from,
                            const char *expected)
{
    const cJSON *pipeline = cJSON_GetObjectItemCaseSensitive(endpoint, "pipeline");
    char *text = cJSON_PrintUnformatted(cJSON_GetArrayItem(pipeline, position));
    const char *at = strstr(text, from);
    assert_non_null(at);
    assert_string_equal(at, expected);
    cJSON_free(text);
}

static void says_what_instances_provide_find_and_listen_to(void **state)
{
    (void)state;
    cJSON *body = get_json(&fixture, "/api/v1/pipeline");
    const cJSON *endpoints = cJSON_GetObjectItemCaseSensitive(body, "endpoints");
    const cJSON *lent = cJSON_GetArrayItem(endpoints, 2);
    expect_instance(cJSON_GetArrayItem(endpoints, 0), 0, "\"provides\"",
                    "\"provides\":[],\"finds\":[],\"listens\":[]}");
    expect_instance(lent, 0, "\"provides\"",
                    "\"provides\":[{\"name\":\"loans\",\"version\":\"1.0\"}],\"finds\":[],"
                    "\"listens\":[]}");
    expect_instance(lent, 1, "\"provides\"",
                    "\"provides\":[],\"finds\":[{\"name\":\"loans\",\"wanted\":\"1.0\","
                    "\"version\":\"1.0\",\"provider\":\"lender#1\"}],\"listens\":[\"lent\"]}");
    cJSON_Delete(body);
}

static void names_the_instances_that_a_reload_waits_for(void **state)
{
    struct diagnostics diagnostics;
    struct hub_reload *reload;
    (void)state;
    struct config *config = load_config(
        "endpoints: [{path: /ws, pipeline: [{plugin: renewed, options: {create: later}}]}]\n");
    diagnostics_init(&diagnostics);
    assert_int_equal(hub_reload_prepare(fixture.serving.hub, config, &diagnostics, &reload), OK);
    assert_int_equal(hub_reload_commit(fixture.serving.hub, reload, &diagnostics),
                     HUB_RELOAD_AWAITED);
    cJSON *body = get_json(&fixture, "/api/v1/pipeline");
    assert_int_equal(number_in(body, "generation"), 1);
    char *awaited = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(body, "awaited"));
    assert_string_equal(awaited, "[{\"endpoint\":\"/ws\",\"instance\":\"renewed#1\"}]");
    cJSON_free(awaited);
    cJSON_Delete(body);
    hub_reload_abort(reload);
    body = get_json(&fixture, "/api/v1/pipeline");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(body, "awaited")), 0);
    cJSON_Delete(body);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes_each_stage_with_its_policy_and_counts),
        cmocka_unit_test(says_what_instances_provide_find_and_listen_to),
        cmocka_unit_test(names_the_instances_that_a_reload_waits_for),
    };
    return cmocka_run_group_tests(tests, start_fixture, stop_fixture);
}
