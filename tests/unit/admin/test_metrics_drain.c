#include "admin/metric_lines.h"

#include "admin/metrics_drain.h"

static void an_endpoint_that_drains_is_told_from_the_server(void **state)
{
    static const char *const lines[] = {
        "\nsluice_draining 0\n",
        "\nsluice_endpoint_draining{endpoint=\"/a\"} 1\n",
        "\nsluice_endpoint_draining{endpoint=\"/b\"} 0\n",
        "\nsluice_drained_clients_total{endpoint=\"/a\"} 0\n",
        "\nsluice_drained_clients_total{endpoint=\"/b\"} 7\n",
    };
    struct serving serving = serve("endpoints: [{path: /a}, {path: /b}]\n");
    (void)state;
    assert_int_equal(
        hub_drain_begin(serving.hub, hub_find_endpoint(serving.hub, "/a"), 0, "somebody"), OK);
    atomic_store(&hub_find_endpoint(serving.hub, "/b")->drained, 7);
    expect_metric_lines(&serving, metrics_write_drain, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

static void a_server_that_drains_says_so_before_it_refuses_anybody(void **state)
{
    static const char *const lines[] = {
        "\nsluice_draining 1\n",
        "\nsluice_endpoint_draining{endpoint=\"/a\"} 0\n",
    };
    struct serving serving = serve("shutdown: {delay: 1h}\nendpoints: [{path: /a}]\n");
    (void)state;
    assert_int_equal(hub_drain_begin(serving.hub, NULL, 0, "somebody"), OK);
    expect_metric_lines(&serving, metrics_write_drain, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_endpoint_that_drains_is_told_from_the_server),
        cmocka_unit_test(a_server_that_drains_says_so_before_it_refuses_anybody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
