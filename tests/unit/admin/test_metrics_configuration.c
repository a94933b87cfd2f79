#include "admin/metric_lines.h"

#include "admin/metrics_configuration.h"
#include "front/front.h"

#define ONE_ENDPOINT "endpoints: [{path: /a}]\n"

static struct front *front;

static void write_configuration(struct metrics_writer *writer, struct hub *hub)
{
    metrics_write_configuration(writer, hub, front);
}

static struct serving start(void)
{
    struct diagnostics diagnostics;
    struct serving serving = serve(ONE_ENDPOINT);
    diagnostics_init(&diagnostics);
    assert_int_equal(front_create(serving.config, serving.hub, &diagnostics, &front), OK);
    diagnostics_deinit(&diagnostics);
    return serving;
}

static void says_since_when_and_how_the_last_reload_went(void **state)
{
    static const char *const lines[] = {
        "\nsluice_configuration_generation 1\n",
        "\nsluice_configuration_timestamp_seconds 1600000000.250000\n",
        "\nsluice_reloads_total{result=\"done\"} 3\n",
        "\nsluice_reloads_total{result=\"failed\"} 4\n",
        "\nsluice_last_reload_failed 1\n",
        "\nsluice_last_reload_timestamp_seconds 1700000000.500000\n",
        "\nsluice_last_reload_duration_seconds 1.250000\n",
        "\nsluice_awaited_instances 0\n",
        /* A listener without TLS has no certificate. */
        "\n# TYPE sluice_certificate_not_after_timestamp_seconds gauge\n",
    };
    struct serving serving = start();
    struct hub_reloads *reloads = &serving.hub->reloads;
    (void)state;
    atomic_store(&reloads->done, 3);
    atomic_store(&reloads->failed, 4);
    atomic_store(&reloads->last_failed, true);
    atomic_store(&reloads->last_at, INT64_C(1700000000500) * NS_PER_MS);
    atomic_store(&reloads->last_took, 1250 * NS_PER_MS);
    atomic_store(&reloads->in_force_at, INT64_C(1600000000250) * NS_PER_MS);
    expect_metric_lines(&serving, write_configuration, lines, sizeof lines / sizeof *lines);
    front_destroy(front);
    end_serving(&serving);
}

static void the_first_configuration_is_in_force_from_the_start_on(void **state)
{
    int64_t before = clock_wall();
    struct serving serving = start();
    int64_t since = atomic_load(&serving.hub->reloads.in_force_at);
    (void)state;
    assert_true(since >= before && since <= clock_wall());
    assert_int_equal(atomic_load(&serving.hub->reloads.last_at), 0);
    front_destroy(front);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_since_when_and_how_the_last_reload_went),
        cmocka_unit_test(the_first_configuration_is_in_force_from_the_start_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
