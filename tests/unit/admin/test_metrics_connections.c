#include "admin/metric_lines.h"

#include "admin/metrics_connections.h"

static void upgrades_and_closes_are_of_their_endpoint(void **state)
{
    static const char *const lines[] = {
        "\nsluice_upgrades_total{endpoint=\"/a\",outcome=\"opened\"} 2\n",
        "\nsluice_upgrades_total{endpoint=\"/a\",outcome=\"denied\"} 0\n",
        "\nsluice_upgrades_total{endpoint=\"/b\",outcome=\"unfinished\"} 1\n",
        "\nsluice_closes_total{endpoint=\"/a\",code=\"1000\"} 1\n",
        "\nsluice_closes_total{endpoint=\"/a\",code=\"1015\"} 0\n",
        "\nsluice_closes_total{endpoint=\"/a\",code=\"4401\"} 0\n",
        "\nsluice_closes_total{endpoint=\"/a\",code=\"4123\"} 1\n",
        "\nsluice_closes_total{endpoint=\"/b\",code=\"1000\"} 0\n",
        "\nsluice_closes_total{endpoint=\"/b\",code=\"4xxx\"} 1\n",
        "\nsluice_connection_duration_seconds_bucket{le=\"0.128\"} 0\n",
        "\nsluice_connection_duration_seconds_bucket{le=\"2.048\"} 1\n",
        "\nsluice_connection_duration_seconds_bucket{le=\"134217.728\"} 2\n",
        "\nsluice_connection_duration_seconds_sum 86401\n",
        "\nsluice_connection_duration_seconds_count 2\n",
    };
    struct serving serving = serve("loops: 2\nendpoints:\n- {path: /a}\n- {path: /b}\n");
    struct endpoint *a = hub_find_endpoint(serving.hub, "/a");
    struct endpoint *b = hub_find_endpoint(serving.hub, "/b");
    (void)state;
    endpoint_count_upgrade(a, UPGRADE_OPENED);
    endpoint_count_upgrade(a, UPGRADE_OPENED);
    endpoint_count_upgrade(b, UPGRADE_UNFINISHED);
    close_counts_add(&a->closes, 1000, true);
    close_counts_add(&a->closes, 4123, false);
    close_counts_add(&b->closes, 4123, true);
    histogram_add(&serving.hub->set.shards[0].stats.connected, 1000);
    histogram_add(&serving.hub->set.shards[1].stats.connected, 86400000); /* a day */
    expect_metric_lines(&serving, metrics_write_connections, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upgrades_and_closes_are_of_their_endpoint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
