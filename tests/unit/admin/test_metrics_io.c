#include "admin/metric_lines.h"

#include "admin/metrics_io.h"

#define TWO_LOOPS "io: epoll\nloops: 2\nendpoints:\n- {path: /a}\n"

static void each_figure_is_the_sum_over_all_loops(void **state)
{
    static const char *const lines[] = {
        "\nsluice_io_calls_total{call=\"read\"} 3\n",
        "\nsluice_io_calls_total{call=\"write\"} 6\n",
        "\nsluice_io_calls_total{call=\"submit\"} 9\n",
        "\nsluice_submitted_writes_total 300\n",
        "\nsluice_io_loops{io=\"io_uring\"} 1\n",
        "\nsluice_io_loops{io=\"epoll\"} 1\n",
        "\nsluice_submission_bytes 60000\n",
    };
    struct serving serving = serve(TWO_LOOPS);
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct delivery_loop *loop = &serving.hub->set.shards[i].delivery;
        counter_add(&loop->stats.reads, i + 1);
        counter_add(&loop->stats.writes, 2 * (i + 1));
        counter_add(&loop->stats.submissions, 3 * (i + 1));
        counter_add(&loop->stats.submitted, 100 * (i + 1));
        atomic_store(&loop->submission_bytes, i * 60000);
    }
    expect_metric_lines(&serving, metrics_write_io, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_figure_is_the_sum_over_all_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
