/*
 * Two pages of metrics, as a server shows them, for the tests of `sluice top`.
 */
#ifndef SLUICE_TESTS_CLI_TOP_PAGES_H
#define SLUICE_TESTS_CLI_TOP_PAGES_H

#define TOP_PLUGIN(name, mode)                                                                     \
    "endpoint=\"/ws\",plugin=\"" name "\",position=\"1\",instance=\"" name "#1\",mode=\"" mode "\""

#define TOP_PAGE_BEFORE                                                                            \
    "sluice_clients{endpoint=\"/ws\"} 9\n"                                                         \
    "sluice_configuration_generation 3\n"                                                          \
    "sluice_messages_total{endpoint=\"/ws\",direction=\"in\"} 100\n"                               \
    "sluice_messages_total{endpoint=\"/ws\",direction=\"out\"} 1000\n"                             \
    "sluice_bytes_total{endpoint=\"/ws\",direction=\"in\"} 5000\n"                                 \
    "sluice_upgrades_total{endpoint=\"/ws\",outcome=\"opened\"} 10\n"                              \
    "sluice_upgrades_total{endpoint=\"/ws\",outcome=\"denied\"} 1\n"                               \
    "sluice_upgrades_refused_total{reason=\"clients\"} 0\n"                                        \
    "sluice_closes_total{endpoint=\"/ws\",code=\"1000\"} 4\n"                                      \
    "sluice_drops_total{reason=\"plugin\"} 8\n"                                                    \
    "sluice_loop_iteration_seconds_sum{loop=\"0\"} 1.5\n"                                          \
    "sluice_loop_iteration_seconds_sum{loop=\"1\"} 2\n"                                            \
    "sluice_plugin_latency_seconds_sum{" TOP_PLUGIN(                                               \
        "cheap", "enforce") "} 1\n"                                                                \
                            "sluice_plugin_latency_seconds_count{" TOP_PLUGIN(                     \
                                "cheap", "enforce") "} 100\n"                                      \
                                                    "sluice_plugin_verdicts_total{" TOP_PLUGIN(    \
                                                        "cheap",                                   \
                                                        "enforce") ",verdict=\"drop\"} 50\n"

#define TOP_PAGE_AFTER                                                                             \
    "sluice_clients{endpoint=\"/ws\"} 12\n"                                                        \
    "sluice_configuration_generation 3\n"                                                          \
    "sluice_queued_bytes 2048\n"                                                                   \
    "sluice_messages_total{endpoint=\"/ws\",direction=\"in\"} 300\n"                               \
    "sluice_messages_total{endpoint=\"/ws\",direction=\"out\"} 4000\n"                             \
    "sluice_bytes_total{endpoint=\"/ws\",direction=\"in\"} 100\n" /* begun anew */                 \
    "sluice_upgrades_total{endpoint=\"/ws\",outcome=\"opened\"} 14\n"                              \
    "sluice_upgrades_total{endpoint=\"/ws\",outcome=\"denied\"} 3\n"                               \
    "sluice_upgrades_refused_total{reason=\"clients\"} 6\n"                                        \
    "sluice_closes_total{endpoint=\"/ws\",code=\"1000\"} 6\n"                                      \
    "sluice_drops_total{reason=\"plugin\"} 10\n"                                                   \
    "sluice_dropped_messages_total{endpoint=\"/ws\",policy=\"conflate\"} 2\n"                      \
    "sluice_loop_iteration_seconds_sum{loop=\"0\"} 2\n"                                            \
    "sluice_loop_iteration_seconds_sum{loop=\"1\"} 5\n"                                            \
    "sluice_plugin_latency_seconds_sum{" TOP_PLUGIN(                                               \
        "cheap",                                                                                   \
        "enforce") "} 1.125\n"                                                                     \
                   "sluice_plugin_latency_seconds_count{" TOP_PLUGIN(                              \
                       "cheap",                                                                    \
                       "enforce") "} 356\n"                                                        \
                                  "sluice_plugin_verdicts_total{" TOP_PLUGIN(                      \
                                      "cheap",                                                     \
                                      "enforce") ",verdict=\"drop\"} 54\n"                         \
                                                 "sluice_plugin_latency_seconds_sum{" TOP_PLUGIN(  \
                                                     "dear",                                       \
                                                     "shadow") "} 0.5\n"                           \
                                                               "sluice_plugin_latency_seconds_"    \
                                                               "count{" TOP_PLUGIN(                \
                                                                   "dear",                         \
                                                                   "shadow") "} 2\n"               \
                                                                             "sluice_plugin_"      \
                                                                             "verdicts_"           \
                                                                             "total{" TOP_PLUGIN(  \
                                                                                 "dear",           \
                                                                                 "shadow") ",verd" \
                                                                                           "ict="  \
                                                                                           "\"con" \
                                                                                           "tinue" \
                                                                                           "\"} "  \
                                                                                           "2\n"

#define TOP_CLIENTS                                                                                \
    "{\"clients\":[{\"id\":\"7\",\"address\":\"192.0.2.1\",\"endpoint\":\"/ws\","                  \
    "\"queued_bytes\":2048,\"silent_ms\":1500,\"identity\":\"a\\u001bb\"},"                        \
    "{\"id\":\"8\",\"queued_bytes\":0}]}"

#endif
