#include "admin/metrics_storage.h"

#include "admin/metric_lines.h"
#include "pipeline/chain.h"

static void each_table_of_the_configuration_has_its_series(void **state)
{
    static const char *const lines[] = {
        "sluice_storage_entries{endpoint=\"/ws\",table=\"probe#1\"} 0\n",
        "sluice_storage_entries{endpoint=\"/ws\",table=\"endpoint\"} 1\n",
        "sluice_storage_refused_total{endpoint=\"/ws\",table=\"endpoint\"} 1\n",
        "sluice_storage_expired_total{endpoint=\"/ws\",table=\"endpoint\"} 0\n",
        "sluice_storage_bytes{endpoint=\"/ws\",table=\"probe#1\"} 0\n",
        "sluice_storage_limit_bytes{endpoint=\"/ws\",table=\"probe#1\"} 16777216\n",
        "sluice_storage_entries_limit{endpoint=\"/ws\",table=\"probe#1\"} 7\n",
        "sluice_storage_limit_bytes{endpoint=\"/ws\",table=\"endpoint\"} 8192\n",
        "sluice_storage_entries_limit{endpoint=\"/ws\",table=\"endpoint\"} 1\n",
    };
    struct serving serving = serve("loops: 1\nstorage: {max_entries: 1}\n"
                                   "endpoints: [{path: /ws, storage: {max_bytes: 8KiB}, "
                                   "pipeline: [{plugin: probe, storage: {max_entries: 7}}]}, "
                                   "{path: /empty}]\n");
    (void)state;
    const struct sl_instance *self =
        &hub_find_endpoint(serving.hub, "/ws")->setup->chain->stages[0].instance->seen;
    const struct sl_host *host = host_table();
    struct sl_string one = sl_string_of("1"), two = sl_string_of("2");
    assert_int_equal(host->storage_set(self, SL_STORAGE_ENDPOINT, one, one, 0), 0);
    assert_int_equal(host->storage_set(self, SL_STORAGE_ENDPOINT, two, two, 0), SL_STORAGE_FULL);
    expect_metric_lines(&serving, metrics_write_storage, lines, sizeof lines / sizeof *lines);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_table_of_the_configuration_has_its_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
