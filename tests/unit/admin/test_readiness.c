/* core/admin/readiness.c: when new clients are welcome, and why not. */
#include "hub/serving.h"

#include "admin/readiness.h"
#include "captured_log.h"
#include "hub/reload.h"
#include "hub/watchdog.h"

static _Atomic int before;

/* Describes a hub's readiness; the caller deletes *body. */
static bool describe(struct hub *hub, const struct watchdog_status *watched, cJSON **body)
{
    *body = cJSON_CreateObject();
    return readiness_describe(&(struct readiness_question){hub, watched, &before}, *body);
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

static void instances_that_the_start_waits_for_are_named(void **state)
{
    struct serving serving = serve(
        "endpoints: [{path: /ws, pipeline: [{plugin: renewed, options: {create: later}}]}]\n");
    struct watchdog_status watched = {.is_unready = false};
    cJSON *body;
    struct buffer list;
    (void)state;
    assert_false(describe(serving.hub, &watched, &body));
    assert_string_equal(text_in(body, "status"), "starting");
    const cJSON *reasons = cJSON_GetObjectItemCaseSensitive(body, "reasons");
    assert_int_equal(cJSON_GetArraySize(reasons), 1);
    assert_string_equal(text_in(cJSON_GetArrayItem(reasons, 0), "endpoint"), "/ws");
    assert_string_equal(text_in(cJSON_GetArrayItem(reasons, 0), "instance"), "renewed#1");
    buffer_init(&list, SIZE_MAX);
    assert_false(
        readiness_list(&(struct readiness_question){serving.hub, &watched, &before}, &list));
    assert_int_equal(buffer_append(&list, "", 1), OK);
    assert_non_null(strstr((const char *)list.data, "failed configuration: not in force yet\n"));
    assert_non_null(strstr((const char *)list.data, "readyz: starting\n"));
    buffer_release(&list);
    cJSON_Delete(body);
    end_serving(&serving);
}

/* Reads the list of checks. */
static bool list_checks(struct hub *hub, char *text, size_t size)
{
    struct watchdog_status watched = {.is_unready = false};
    struct buffer list;
    buffer_init(&list, SIZE_MAX);
    bool is_ready = readiness_list(&(struct readiness_question){hub, &watched, &before}, &list);
    assert_true(list.len < size);
    memcpy(text, list.data, list.len);
    text[list.len] = '\0';
    buffer_release(&list);
    return is_ready;
}

static void a_reload_that_waits_is_shown_and_changes_nothing(void **state)
{
    struct serving serving = serve("endpoints: [{path: /ws, pipeline: [{plugin: renewed}]}]\n");
    struct config *config =
        load_config("endpoints: [{path: /ws, pipeline: [{plugin: renewed}, "
                    "{plugin: renewed, mode: shadow, options: {create: later}}]}]\n");
    static const char line[] =
        "ok     reload: waits for renewed#2 of /ws, whose create has not finished yet\n";
    struct diagnostics diagnostics;
    struct hub_reload *reload;
    char text[1024];
    (void)state;
    diagnostics_init(&diagnostics);
    assert_true(list_checks(serving.hub, text, sizeof text));
    assert_null(strstr(text, "reload"));
    assert_int_equal(hub_reload_prepare(serving.hub, config, &diagnostics, &reload), OK);
    assert_int_equal(hub_reload_commit(serving.hub, reload, &diagnostics), HUB_RELOAD_AWAITED);
    assert_true(list_checks(serving.hub, text, sizeof text));
    assert_non_null(strstr(text, line));
    assert_non_null(strstr(text, "ok     readyz: ready\n"));
    hub_reload_abort(reload);
    assert_true(list_checks(serving.hub, text, sizeof text));
    assert_null(strstr(text, "reload"));
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
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

static void a_server_with_as_many_clients_as_may_be_is_not_ready(void **state)
{
    struct serving serving = serve("limits: {clients: 2}\nendpoints: [{path: /ws}]\n");
    struct watchdog_status watched = {.is_unready = false};
    cJSON *body;
    (void)state;
    assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
    assert_true(describe(serving.hub, &watched, &body));
    cJSON_Delete(body);
    assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
    assert_false(describe(serving.hub, &watched, &body));
    assert_string_equal(text_in(body, "status"), "full");
    assert_string_equal(text_in(body, "detail"), "2 of 2 clients");
    cJSON_Delete(body);
    give_back(&serving, "/ws", 1);
    give_back(&serving, "/ws", 1);
    end_serving(&serving);
}

static void what_is_answered_is_logged_when_it_changes(void **state)
{
    struct serving serving = serve("limits: {clients: 1}\nendpoints: [{path: /ws}]\n");
    struct watchdog_status watched = {.is_unready = false};
    cJSON *body;
    (void)state;
    before = 0;
    begin_capture();
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT);
    assert_true(describe(serving.hub, &watched, &body));
    cJSON_Delete(body);
    assert_admission(&serving, "/ws", 1, ADMISSION_GRANTED);
    for (int i = 0; i < 2; i++) {
        assert_false(describe(serving.hub, &watched, &body));
        cJSON_Delete(body);
    }
    give_back(&serving, "/ws", 1);
    assert_true(describe(serving.hub, &watched, &body));
    cJSON_Delete(body);
    const char *log = end_capture();
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    const char *first = strstr(log, "event=readiness_changed readiness=full "
                                    "reason=\"1 of 1 clients\"\n");
    assert_non_null(first);
    assert_null(strstr(first + 1, "event=readiness_changed readiness=full"));
    assert_non_null(strstr(first, "event=readiness_changed readiness=ready\n"));
    end_serving(&serving);
}

/* The list of checks has these lines. */
static void expect_list(struct hub *hub, const struct watchdog_status *watched, bool is_ready,
                        const char *lines)
{
    struct buffer text;
    buffer_init(&text, 1 << 16);
    const struct readiness_question asked = {hub, watched, &before};
    assert_int_equal(readiness_list(&asked, &text), is_ready);
    assert_int_equal(buffer_append(&text, "", 1), OK);
    assert_string_equal((const char *)text.data, lines);
    buffer_release(&text);
}

static void each_check_is_a_line(void **state)
{
    struct serving serving =
        serve("limits: {clients: 2}\n"
              "endpoints:\n"
              "- {path: /a, pipeline: [{plugin: unready, options: {reason: no database}}]}\n"
              "- {path: /b, pipeline: [{plugin: unready, options: {reason: no key}}]}\n");
    struct watchdog_status watched = {.is_unready = true, .what = "loop-1: hook on_message"};
    (void)state;
    assert_int_equal(hub_drain_begin(serving.hub, NULL, 0, "somebody"), OK);
    expect_list(serving.hub, &watched, false,
                "failed draining: yes\n"
                "failed threads: loop-1: hook on_message\n"
                "ok     clients: 0 of 2\n"
                "failed plugins: /a unready#1: no database\n"
                "failed plugins: /b unready#1: no key\n"
                "failed readyz: draining\n");
    end_serving(&serving);
    serving = serve("limits: {clients: 2}\nendpoints: [{path: /a}]\n");
    watched.is_unready = false;
    expect_list(serving.hub, &watched, true,
                "ok     draining: no\n"
                "ok     threads\n"
                "ok     clients: 0 of 2\n"
                "ok     plugins\n"
                "ok     readyz: ready\n");
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_ready_when_nothing_is_wrong),
        cmocka_unit_test(plugins_that_cannot_work_give_their_reasons),
        cmocka_unit_test(instances_that_the_start_waits_for_are_named),
        cmocka_unit_test(a_reload_that_waits_is_shown_and_changes_nothing),
        cmocka_unit_test(a_plugin_that_only_watches_does_not_count),
        cmocka_unit_test(a_thread_that_is_stuck_comes_before_plugins),
        cmocka_unit_test(a_server_that_drains_is_not_ready),
        cmocka_unit_test(a_server_with_as_many_clients_as_may_be_is_not_ready),
        cmocka_unit_test(what_is_answered_is_logged_when_it_changes),
        cmocka_unit_test(each_check_is_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
