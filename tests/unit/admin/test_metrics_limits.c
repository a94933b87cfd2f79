/* core/admin/metrics_limits.c */
#include "admin/metric_lines.h"

#include "admin/metrics_limits.h"
#include "front/front.h"

static struct front *front;

static void write_limits(struct metrics_writer *writer, struct hub *hub)
{
    metrics_write_limits(writer, hub, front);
}

static void says_what_the_configuration_allows(void **state)
{
    static const char *const lines[] = {
        "\nsluice_clients_limit 11\n",
        "\nsluice_endpoint_clients_limit{endpoint=\"/a\"} 5\n",
        "\nsluice_endpoint_clients_limit{endpoint=\"/b\"} 6\n",
        "\nsluice_queued_limit_bytes 10485760\n",
        "\nsluice_input_limit_bytes 20971520\n",
        "\nsluice_handshake_limit_bytes 31457280\n",
        "\nsluice_offload_waiting_limit 33\n",
        "\nsluice_offload_running_limit 3\n",
    };
    struct diagnostics diagnostics;
    struct serving serving = serve(
        "limits: {clients: 11, queue_bytes: 10MiB, input_bytes: 20MiB, handshake_bytes: 30MiB}\n"
        "offload: {threads: 3, queue: 33}\n"
        "endpoints:\n- {path: /a, clients: {max: 5}}\n- {path: /b, clients: {max: 6}}\n");
    (void)state;
    diagnostics_init(&diagnostics);
    assert_int_equal(front_create(serving.config, serving.hub, &diagnostics, &front), OK);
    diagnostics_deinit(&diagnostics);
    expect_metric_lines(&serving, write_limits, lines, sizeof lines / sizeof *lines);
    front_destroy(front);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_the_configuration_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
