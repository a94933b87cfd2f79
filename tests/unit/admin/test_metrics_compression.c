#include "admin/metric_lines.h"

#include "admin/metrics_compression.h"

#define TWO_LOOPS "loops: 2\nendpoints:\n- {path: /a}\n"

static void each_figure_is_the_sum_over_all_loops(void **state)
{
    static const char *const lines[] = {
        "\nsluice_compressed_messages_total{direction=\"in\"} 3\n",
        "\nsluice_compressed_messages_total{direction=\"out\"} 300\n",
        "\nsluice_compressed_bytes_total{direction=\"in\",form=\"compressed\"} 6\n",
        "\nsluice_compressed_bytes_total{direction=\"in\",form=\"plain\"} 9\n",
        "\nsluice_compressed_bytes_total{direction=\"out\",form=\"compressed\"} 900\n",
        "\nsluice_compressed_bytes_total{direction=\"out\",form=\"plain\"} 1200\n",
        "\nsluice_not_compressed_total 600\n",
    };
    struct serving serving = serve(TWO_LOOPS);
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct shard *shard = &serving.hub->set.shards[i];
        struct compressor_stats *out = &shard->delivery.compressor.stats;
        counter_add(&shard->stats.inflated_messages, i + 1);
        counter_add(&shard->stats.inflated_bytes_in, 2 * (i + 1));
        counter_add(&shard->stats.inflated_bytes_out, 3 * (i + 1));
        counter_add(&out->messages, 100 * (i + 1));
        counter_add(&out->not_shorter, 200 * (i + 1));
        counter_add(&out->bytes_out, 300 * (i + 1));
        counter_add(&out->bytes_in, 400 * (i + 1));
    }
    expect_metric_lines(&serving, metrics_write_compression, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_figure_is_the_sum_over_all_loops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
