#include "admin/metric_lines.h"

#include "admin/metrics_messages.h"
#include "delivery/audience.h"

static void endpoints_and_directions_are_told_apart_and_loops_added_up(void **state)
{
    static const char *const lines[] = {
        "\n# TYPE sluice_messages_total counter\n",
        "\nsluice_messages_total{endpoint=\"/a\",direction=\"in\"} 3\n",
        "\nsluice_messages_total{endpoint=\"/a\",direction=\"out\"} 30\n",
        "\nsluice_messages_total{endpoint=\"/b\",direction=\"in\"} 0\n",
        "\nsluice_bytes_total{endpoint=\"/a\",direction=\"in\"} 300\n",
        "\nsluice_bytes_total{endpoint=\"/a\",direction=\"out\"} 3000\n",
        "\nsluice_bytes_total{endpoint=\"/b\",direction=\"out\"} 0\n",
        "\nsluice_dropped_messages_total{endpoint=\"/b\",policy=\"conflate\"} 5\n",
    };
    struct serving serving = serve("loops: 2\nendpoints: [{path: /a}, {path: /b}]\n");
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct audience *audience = &serving.hub->endpoints[0]->fanout.audiences[i];
        counter_add(&audience->messages_in, 1 + i);
        counter_add(&audience->messages_out, 10 + 10 * i);
        counter_add(&audience->bytes_in, 100 + 100 * i);
        counter_add(&audience->bytes_out, 1000 + 1000 * i);
    }
    counter_add(&serving.hub->endpoints[1]->fanout.audiences[1].dropped[OVERFLOW_CONFLATE], 5);
    expect_metric_lines(&serving, metrics_write_messages, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

static void queues_are_counted_from_each_size_on(void **state)
{
    static const char *const lines[] = {
        "\n# TYPE sluice_queueing_clients gauge\n",
        "\nsluice_queueing_clients{endpoint=\"/a\",at_least=\"1\"} 6\n",
        "\nsluice_queueing_clients{endpoint=\"/a\",at_least=\"1024\"} 3\n",
        "\nsluice_queueing_clients{endpoint=\"/a\",at_least=\"4096\"} 1\n",
        "\nsluice_queueing_clients{endpoint=\"/a\",at_least=\"67108864\"} 1\n",
        "\nsluice_queueing_clients{endpoint=\"/b\",at_least=\"1\"} 0\n",
    };
    struct serving serving = serve("loops: 2\nendpoints: [{path: /a}, {path: /b}]\n");
    struct audience *audiences = serving.hub->endpoints[0]->fanout.audiences;
    (void)state;
    counter_add(&audiences[0].queues.count[0], 3);
    counter_add(&audiences[0].queues.count[1], 1);
    counter_add(&audiences[1].queues.count[1], 1);
    counter_add(&audiences[1].queues.count[QUEUE_STEPS - 1], 1);
    expect_metric_lines(&serving, metrics_write_messages, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

static void each_loop_has_the_latency_of_what_it_delivers(void **state)
{
    static const char *const lines[] = {
        "\n# TYPE sluice_delivery_latency_seconds histogram\n",
        "\nsluice_delivery_latency_seconds_bucket{loop=\"0\",le=\"4.096e-06\"} 4\n",
        "\nsluice_delivery_latency_seconds_count{loop=\"0\"} 5\n",
        "\nsluice_delivery_latency_seconds_count{loop=\"1\"} 0\n",
    };
    struct serving serving = serve("loops: 2\nendpoints: [{path: /a}]\n");
    struct histogram *latency = &serving.hub->set.shards[0].delivery.stats.latency;
    (void)state;
    histogram_add_many(latency, 1000, 4);
    histogram_add(latency, NS_PER_S);
    expect_metric_lines(&serving, metrics_write_messages, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(endpoints_and_directions_are_told_apart_and_loops_added_up),
        cmocka_unit_test(queues_are_counted_from_each_size_on),
        cmocka_unit_test(each_loop_has_the_latency_of_what_it_delivers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
