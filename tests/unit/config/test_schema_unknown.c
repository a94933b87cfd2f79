#include "config/config_text.h"

static void names_the_nearest_key_or_else_all_keys(void **state)
{
    (void)state;
    refused_with("lisen: 1", "1:1 unknown key \"lisen\"; did you mean \"listen\"?\n");
    refused_with("front: {worker: 1}",
                 "1:9 front: unknown key \"worker\"; did you mean \"workers\"?\n");
    refused_endpoint("hartbeat: {}",
                     "4:3 endpoints.0: unknown key \"hartbeat\"; did you mean \"heartbeat\"?\n");
    refused_endpoint("pipeline: [{plugin: a, option: {}}]",
                     "4:26 endpoints.0.pipeline.0: unknown key \"option\"; did you mean "
                     "\"options\"?\n");
    refused_with("zzz: 1",
                 "1:1 unknown key \"zzz\"; known here: listen, admin, bans, io, loops, front, "
                 "limits, offload, http, storage, shutdown, watchdog, demo_page, trusted_proxies, "
                 "plugins, log, endpoints\n");
}

static void each_unknown_key_is_reported_at_its_place(void **state)
{
    (void)state;
    refused_with("log: {lvl: info, formt: json}",
                 "1:7 log: unknown key \"lvl\"; did you mean \"level\"?\n"
                 "1:18 log: unknown key \"formt\"; did you mean \"format\"?\n");
}

static void keys_of_later_versions_are_not_suggested(void **state)
{
    (void)state;
    refused_endpoint("clients: {per_identiti: 1}",
                     "4:13 endpoints.0.clients: unknown key \"per_identiti\"; known here: max, "
                     "per_address, max_age\n");
}

static void a_long_key_is_cut(void **state)
{
    (void)state;
    char line[128], expected[512];
    memset(line, 'z', 100);
    strcpy(line + 100, ": 1");
    snprintf(expected, sizeof expected,
             "1:1 unknown key \"%.64s\"; known here: listen, admin, bans, io, loops, front, "
             "limits, offload, http, storage, "
             "shutdown, watchdog, demo_page, trusted_proxies, plugins, log, endpoints\n",
             line);
    refused_with(line, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_nearest_key_or_else_all_keys),
        cmocka_unit_test(each_unknown_key_is_reported_at_its_place),
        cmocka_unit_test(keys_of_later_versions_are_not_suggested),
        cmocka_unit_test(a_long_key_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
