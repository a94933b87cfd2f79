/* core/admin/metrics_plugins.c: the families of pipelines, and the plugins' own. */
#include "hub/serving.h"

#include "admin/metrics_plugins.h"
#include "pipeline/chain.h"

#define THREE_STAGES                                                                               \
    "loops: 2\n"                                                                                   \
    "endpoints:\n"                                                                                 \
    "- {path: /a, pipeline: [{plugin: meter}, {plugin: probe}]}\n"                                 \
    "- {path: /b, pipeline: [{plugin: meter}]}\n"

/* The labels of the first use of a plugin in a pipeline. */
#define STAGE(path, plugin, position)                                                              \
    "{endpoint=\"" path "\",plugin=\"" plugin "\",position=\"" position "\",instance=\"" plugin    \
    "#1\",mode=\"enforce\"}"

static char *write_page(struct hub *hub)
{
    struct buffer text;
    struct metrics_writer writer = {.out = &text};
    buffer_init(&text, 1 << 20);
    metrics_write_plugins(&writer, hub);
    assert_int_equal(writer.error, OK);
    assert_int_equal(buffer_append(&text, "", 1), OK);
    char *copy = strdup((const char *)text.data);
    assert_non_null(copy);
    buffer_release(&text);
    return copy;
}

static void assert_line(const char *page, const char *line)
{
    char text[512];
    snprintf(text, sizeof text, "\n%s\n", line);
    if (strstr(page, text) == NULL)
        fail_msg("there is no line: %s", line);
}

static unsigned count_in(const char *page, const char *text)
{
    unsigned count = 0;
    for (const char *at = strstr(page, text); at != NULL; at = strstr(at + 1, text))
        count++;
    return count;
}

static void every_stage_has_its_series(void **state)
{
    struct serving serving = serve(THREE_STAGES);
    (void)state;
    char *page = write_page(serving.hub);
    assert_line(page, "sluice_plugin_timeouts_total" STAGE("/a", "meter", "1") " 0");
    assert_line(page, "sluice_plugin_timeouts_total" STAGE("/a", "probe", "2") " 0");
    assert_line(page, "sluice_plugin_timeouts_total" STAGE("/b", "meter", "1") " 0");
    assert_int_equal(count_in(page, "\nsluice_plugin_over_budget_total{"), 3);
    assert_line(page, "sluice_plugin_events_total" STAGE("/a", "probe", "2") " 0");
    assert_int_equal(count_in(page, "\nsluice_plugin_latency_seconds_count{"), 3);
    free(page);
    end_serving(&serving);
}

static void stages_that_only_watch_are_told_apart_and_named_by_their_use(void **state)
{
    struct serving serving =
        serve("endpoints: [{path: /a, pipeline: [{plugin: meter}, {plugin: probe}, "
              "{plugin: probe, mode: shadow}]}]\n");
    (void)state;
    char *page = write_page(serving.hub);
    assert_line(page, "sluice_plugin_timeouts_total" STAGE("/a", "probe", "2") " 0");
    assert_line(page,
                "sluice_plugin_timeouts_total{endpoint=\"/a\",plugin=\"probe\",position=\"3\","
                "instance=\"probe#2\",mode=\"shadow\"} 0");
    assert_line(page, "sluice_plugin_shadow_refused_clients_total{endpoint=\"/a\",plugin=\"probe\","
                      "position=\"3\",instance=\"probe#2\",mode=\"shadow\"} 0");
    assert_int_equal(count_in(page, "\nsluice_plugin_shadow_refused_clients_total{"), 1);
    free(page);
    end_serving(&serving);
}

static void latency_buckets_are_cumulative(void **state)
{
    struct serving serving = serve("endpoints: [{path: /ws, pipeline: [{plugin: probe}]}]\n");
    (void)state;
    int client = join(serving.hub, "/ws");
    for (int i = 0; i < 10; i++) {
        send_text(client, "hello");
        expect_text(client, "hello");
    }
    leave(client);
    wait_for_clients(serving.hub, NULL, 0);
    char *page = write_page(serving.hub);
    unsigned long before = 0, last = 0;
    unsigned buckets = 0;
    for (const char *at = strstr(page, "\nsluice_plugin_latency_seconds_bucket{"); at != NULL;
         at = strstr(at + 1, "\nsluice_plugin_latency_seconds_bucket{"), buckets++) {
        last = strtoul(strchr(at, '}') + 1, NULL, 10);
        assert_true(last >= before);
        before = last;
    }
    assert_true(buckets > 5);
    assert_int_equal(last, 11); /* the upgrade, too; in the bucket of all */
    free(page);
    end_serving(&serving);
}

static void own_metrics_of_a_plugin_are_one_family(void **state)
{
    struct serving serving = serve(THREE_STAGES);
    (void)state;
    char *page = write_page(serving.hub);
    assert_int_equal(count_in(page, "# TYPE sluice_plugin_meter_cold_starts_total counter\n"), 1);
    assert_int_equal(count_in(page, "# HELP sluice_plugin_meter_cold_starts_total How often\n"), 1);
    assert_line(page, "sluice_plugin_meter_cold_starts_total" STAGE("/a", "meter", "1") " 3");
    assert_line(page, "sluice_plugin_meter_cold_starts_total" STAGE("/b", "meter", "1") " 3");
    assert_line(page, "sluice_plugin_meter_level" STAGE("/a", "meter", "1") " 2.5");
    free(page);
    end_serving(&serving);
}

static void own_histograms_have_buckets_sum_and_count(void **state)
{
    struct serving serving = serve("endpoints: [{path: /ws, pipeline: [{plugin: meter}]}]\n");
    (void)state;
    char *page = write_page(serving.hub);
#define SERIES(suffix) "sluice_plugin_meter_size" suffix
#define LABELS                                                                                     \
    "endpoint=\"/ws\",plugin=\"meter\",position=\"1\",instance=\"meter#1\",mode=\"enforce\""
    assert_line(page, SERIES("_bucket{" LABELS ",le=\"0.1\"} 0"));
    assert_line(page, SERIES("_bucket{" LABELS ",le=\"1\"} 1"));
    assert_line(page, SERIES("_bucket{" LABELS ",le=\"10\"} 2"));
    assert_line(page, SERIES("_bucket{" LABELS ",le=\"+Inf\"} 3"));
    assert_line(page, SERIES("_sum{" LABELS "} 105.5"));
    assert_line(page, SERIES("_count{" LABELS "} 3"));
    free(page);
    end_serving(&serving);
}

static void a_long_help_of_a_plugin_keeps_the_page_whole(void **state)
{
    struct serving serving = serve("endpoints: [{path: /ws, pipeline: [{plugin: meter}]}]\n");
    (void)state;
    struct instance *instance = serving.hub->endpoints[0]->setup->chain->stages[0].instance;
    char help[2001];
    memset(help, 'x', sizeof help - 1);
    help[sizeof help - 1] = '\0';
    assert_non_null(plugin_metric_create(&instance->metrics, SL_COUNTER, "wordy", help, NULL, 0));
    char *page = write_page(serving.hub);
    assert_int_equal(count_in(page, "# TYPE sluice_plugin_meter_wordy counter\n"), 1);
    assert_line(page, "sluice_plugin_meter_wordy" STAGE("/ws", "meter", "1") " 0");
    free(page);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_has_its_series),
        cmocka_unit_test(stages_that_only_watch_are_told_apart_and_named_by_their_use),
        cmocka_unit_test(latency_buckets_are_cumulative),
        cmocka_unit_test(own_metrics_of_a_plugin_are_one_family),
        cmocka_unit_test(own_histograms_have_buckets_sum_and_count),
        cmocka_unit_test(a_long_help_of_a_plugin_keeps_the_page_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
