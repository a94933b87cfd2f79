/* core/admin/metrics_bans.c */
#include "admin/metric_lines.h"

#include "admin/metrics_bans.h"

static void bans_are_counted_by_what_they_are_of(void **state)
{
    static const char *const lines[] = {
        "\nsluice_bans{of=\"identity\"} 0\n",
        "\nsluice_bans{of=\"address\"} 1\n",
        "\nsluice_bans_limit 12\n",
        "\nsluice_bans_failed_writes_total 0\n",
    };
    struct serving serving = serve("bans: {max: 12}\nendpoints: [{path: /a}]\n");
    struct ban ban = {.until = BAN_FOR_GOOD};
    char text[BAN_FILE_TEXT_MAX];
    (void)state;
    assert_null(ban_read_address(&ban, "192.0.2.0/24", text));
    assert_int_equal(bans_set(&serving.hub->bans, &ban, text), OK);
    expect_metric_lines(&serving, metrics_write_bans, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bans_are_counted_by_what_they_are_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
