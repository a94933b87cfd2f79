/* core/admin/metrics_admin.c */
#include "admin/metric_lines.h"

#include "admin/admin_access.h"
#include "admin/metrics_admin.h"

static void write_some(struct metrics_writer *writer, struct hub *hub)
{
    struct admin_denials denials = {.counts = {0}};
    (void)hub;
    atomic_store(&denials.counts[ADMIN_DENIED_FOR_ROLE], 3);
    metrics_write_admin(writer, 5, &denials);
}

static void requests_are_counted_by_why_they_were_denied(void **state)
{
    static const char *const lines[] = {
        "\nsluice_admin_refused_total 5\n",
        "\nsluice_admin_denied_total{reason=\"token\"} 0\n",
        "\nsluice_admin_denied_total{reason=\"role\"} 3\n",
        "\nsluice_admin_denied_total{reason=\"origin\"} 0\n",
        "\nsluice_admin_denied_total{reason=\"host\"} 0\n",
    };
    struct serving serving = {.hub = NULL};
    (void)state;
    expect_metric_lines(&serving, write_some, lines, sizeof lines / sizeof *lines);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_by_why_they_were_denied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
