/* core/admin/readiness.c: when new clients are welcome, and why not. */
#include "hub/serving.h"

#include "admin/readiness.h"
#include "hub/watchdog.h"

/* Describes a hub's readiness; the caller deletes *body. */
static bool describe(struct hub *hub, const struct watchdog_status *watched, cJSON **body)
{
    *body = cJSON_CreateObject();
    return readiness_describe(hub, watched, *body);
}

static const char *text_in(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    assert_non_null(text);
    return text;
}

static void is_ready_when_nothing_is_wrong(void **state)
{
    struct serving serving = serve("endpoints: [{path: /ws, pipeline: [{plugin: unready}]}]\n");
    struct watchdog_status watched = {.is_unready = false};
    cJSON *body;
    (void)state;
    assert_true(describe(serving.hub, &watched, &body));
    assert_string_equal(text_in(body, "status"), "ready");
    assert_null(cJSON_GetObjectItemCaseSensitive(body, "reasons"));
    assert_null(cJSON_GetObjectItemCaseSensitive(body, "detail"));
    cJSON_Delete(body);
    end_serving(&serving);
}

static void plugins_that_cannot_work_give_their_reasons(void **state)
{
    struct serving serving =
        serve("endpoints:\n"
              "- {path: /a, pipeline: [{plugin: unready, options: {reason: no database}}]}\n"
              "- {path: /b, pipeline: [{plugin: unready}, {plugin: unready, options: {reason: no "
              "key}}]}\n");
    struct watchdog_status watched = {.is_unready = false};
    cJSON *body;
    (void)state;
    assert_false(describe(serving.hub, &watched, &body));
    assert_string_equal(text_in(body, "status"), "not ready");
    const cJSON *reasons = cJSON_GetObjectItemCaseSensitive(body, "reasons");
    assert_int_equal(cJSON_GetArraySize(reasons), 2);
    assert_string_equal(text_in(cJSON_GetArrayItem(reasons, 0), "endpoint"), "/a");
    assert_string_equal(text_in(cJSON_GetArrayItem(reasons, 0), "reason"), "no database");
    assert_string_equal(text_in(cJSON_GetArrayItem(reasons, 1), "endpoint"), "/b");
    assert_string_equal(text_in(cJSON_GetArrayItem(reasons, 1), "reason"), "no key");
    cJSON_Delete(body);
    end_serving(&serving);
}

static void a_plugin_that_only_watches_does_not_count(void **state)
{
    struct serving serving =
        serve("endpoints: [{path: /ws, pipeline: [{plugin: unready, mode: shadow, options: "
              "{reason: no database}}]}]\n");
    struct watchdog_status watched = {.is_unready = false};
    cJSON *body;
    (void)state;
    assert_true(describe(serving.hub, &watched, &body));
    cJSON_Delete(body);
    end_serving(&serving);
}

static void a_thread_that_is_stuck_comes_before_plugins(void **state)
{
    struct serving serving = serve("endpoints: [{path: /ws, pipeline: [{plugin: unready, options: "
                                   "{reason: no database}}]}]\n");
    struct watchdog_status watched = {.is_unready = true, .what = "loop-1: hook on_message"};
    cJSON *body;
    (void)state;
    assert_false(describe(serving.hub, &watched, &body));
    assert_string_equal(text_in(body, "status"), "stuck");
    assert_string_equal(text_in(body, "detail"), "loop-1: hook on_message");
    assert_null(cJSON_GetObjectItemCaseSensitive(body, "reasons"));
    cJSON_Delete(body);
    end_serving(&serving);
}

static void a_server_that_drains_is_not_ready(void **state)
{
    struct serving serving = serve("endpoints: [{path: /ws}]\n");
    struct watchdog_status watched = {.is_unready = false};
    cJSON *body;
    (void)state;
    hub_drain(serving.hub, 0);
    assert_false(describe(serving.hub, &watched, &body));
    assert_string_equal(text_in(body, "status"), "draining");
    cJSON_Delete(body);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_ready_when_nothing_is_wrong),
        cmocka_unit_test(plugins_that_cannot_work_give_their_reasons),
        cmocka_unit_test(a_plugin_that_only_watches_does_not_count),
        cmocka_unit_test(a_thread_that_is_stuck_comes_before_plugins),
        cmocka_unit_test(a_server_that_drains_is_not_ready),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
