#include "admin/metric_lines.h"

#include "admin/metrics_loops.h"

static void each_loop_has_its_own_series(void **state)
{
    static const char *const lines[] = {
        "\n# TYPE sluice_loop_iteration_seconds histogram\n",
        "\nsluice_loop_iteration_seconds_bucket{loop=\"0\",le=\"4.096e-06\"} 1\n",
        "\nsluice_loop_iteration_seconds_count{loop=\"0\"} 1\n",
        "\nsluice_loop_iteration_seconds_bucket{loop=\"1\",le=\"1.6384e-05\"} 0\n",
        "\nsluice_loop_iteration_seconds_bucket{loop=\"1\",le=\"17.1798692\"} 1\n",
        "\nsluice_loop_iteration_seconds_sum{loop=\"1\"} 2\n",
        "\nsluice_loop_lag_seconds_sum{loop=\"0\"} 0.5\n",
        "\nsluice_loop_lag_seconds_count{loop=\"1\"} 0\n",
        "\nsluice_loop_iterations_total 12\n",
    };
    struct serving serving = serve("loops: 2\nendpoints:\n- {path: /a}\n");
    (void)state;
    for (unsigned i = 0; i < 2; i++)
        loop_stop(&serving.hub->set.shards[i].loop); /* It would count on. */
    serving.hub->is_started = false;
    for (unsigned i = 0; i < 2; i++) {
        struct loop *loop = &serving.hub->set.shards[i].loop;
        memset(&loop->busy, 0, sizeof loop->busy);
        memset(&loop->lag, 0, sizeof loop->lag);
        atomic_store(&loop->iterations, 5 + 2 * i);
    }
    histogram_add(&serving.hub->set.shards[0].loop.busy, 1000);
    histogram_add(&serving.hub->set.shards[1].loop.busy, 2 * NS_PER_S);
    histogram_add(&serving.hub->set.shards[0].loop.lag, NS_PER_S / 2);
    expect_metric_lines(&serving, metrics_write_loops, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_loop_has_its_own_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
