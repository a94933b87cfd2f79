#include "config/config_text.h"

static void fills_in_every_default(void **state)
{
    (void)state;
    struct config *config = good_config(SMALLEST);
    assert_string_equal(config->file, "dir/t.yaml");
    assert_int_equal(config->listener_count, 1);
    assert_string_equal(config->listeners[0].address, "127.0.0.1:0");
    assert_null(config->listeners[0].tls);
    assert_int_equal(config->admin_listen_count, 0);
    assert_null(config->admin_token_file);
    assert_int_equal(config->loops, 0);
    assert_int_equal(config->front_workers, 32);
    assert_int_equal(config->front_handshake_threads, 0);
    assert_int_equal(config->front_request_timeout, 5000000000);
    assert_int_equal(config->front_max_header, 16384);
    assert_int_equal(config->limit_clients, 100000);
    assert_int_equal(config->limit_clients_per_address, 1000);
    assert_int_equal(config->limit_queue_bytes, 1 << 30);
    assert_int_equal(config->limit_input_bytes, 256 << 20);
    assert_int_equal(config->shutdown_delay, 0);
    assert_int_equal(config->shutdown_grace, 10000000000);
    assert_false(config->demo_page);
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_int_equal(config->log_format, LOG_FORMAT_TEXT);
    assert_int_equal(config->log_access, ACCESS_LOG_OFF);
    assert_string_equal(config->log_sample, "1/1");
    assert_int_equal(config->plugin_path_count, 3);
    assert_string_equal(strrchr(config->plugin_path[0], '/'), "/plugins");
    assert_non_null(strstr(config->plugin_path[1], "/lib/sluice/plugins"));
    assert_string_equal(config->plugin_path[2], "/usr/lib/sluice/plugins");
    config_destroy(config);
}

static void fills_in_every_default_of_an_endpoint(void **state)
{
    (void)state;
    struct config *config = good_config(SMALLEST);
    const struct endpoint_config *endpoint = &config->endpoints[0];
    assert_int_equal(config->endpoint_count, 1);
    assert_string_equal(endpoint->path, "/ws");
    assert_int_equal(endpoint->position.line, 2);
    assert_int_equal(endpoint->position.column, 20);
    assert_ptr_equal(endpoint->position.file, config->file);
    assert_true(endpoint->echo);
    assert_false(endpoint->identity_required);
    assert_int_equal(endpoint->on_reload, ON_RELOAD_KEEP);
    assert_int_equal(endpoint->subprotocol_count, 0);
    assert_int_equal(endpoint->message_max_size, 65536);
    assert_int_equal(endpoint->message_max_fragments, 100000);
    assert_int_equal(endpoint->message_timeout, INT64_C(30000000000));
    assert_int_equal(endpoint->message_types, MESSAGE_TYPE_TEXT | MESSAGE_TYPE_BINARY);
    assert_int_equal(endpoint->heartbeat_interval, 25000000000);
    assert_int_equal(endpoint->heartbeat_timeout, 10000000000);
    assert_int_equal(endpoint->queue_bytes, 1 << 20);
    assert_int_equal(endpoint->queue_messages, 0);
    assert_int_equal(endpoint->queue_overflow, QUEUE_CLOSE);
    assert_null(endpoint->queue_key);
    assert_false(endpoint->gap_marker);
    assert_null(endpoint->gap_text);
    assert_int_equal(endpoint->flush_delay, 0);
    assert_int_equal(endpoint->flush_bytes, 16384);
    assert_int_equal(endpoint->clients_max, 100000);
    assert_int_equal(endpoint->clients_per_address, 1000);
    assert_int_equal(endpoint->pipeline_length, 0);
    config_destroy(config);
}

/* NOLINTNEXTLINE(readability-function-size): a table */
static void reads_every_key_of_the_server(void **state)
{
    (void)state;
    struct config *config =
        good_config("listen:\n"
                    "  - address: '[::1]:8443'\n"
                    "    tls: {certificate: /c.pem, key: k.pem, client_ca: ca.pem,\n"
                    "          min_version: 1.3}\n"
                    "  - address: 0.0.0.0:80\n"
                    "admin: {listen: 0.0.0.0:9090, token_file: admin.token}\n"
                    "loops: 3\n"
                    "front: {workers: 4, request_timeout: 250ms, max_header: 8KiB}\n"
                    "limits: {clients: 5, clients_per_address: 6, queue_bytes: 2MiB,\n"
                    "         input_bytes: 1MiB}\n"
                    "shutdown: {delay: 5s, grace: 0}\n"
                    "demo_page: true\n"
                    "plugins: {path: [p, /q]}\n"
                    "log: {level: debug, format: json, access: all, sample: 1/100}\n"
                    "endpoints: [{path: /ws}]\n");
    const struct tls_config *tls = config->listeners[0].tls;
    assert_int_equal(config->listener_count, 2);
    assert_string_equal(tls->certificate, "/c.pem");
    assert_string_equal(tls->key, "dir/k.pem");
    assert_string_equal(tls->client_ca, "dir/ca.pem");
    assert_int_equal(tls->min_version, 0x0304);
    assert_int_equal(tls->key_position.line, 3);
    assert_int_equal(tls->key_position.column, 37);
    assert_null(config->listeners[1].tls);
    assert_int_equal(config->listeners[1].position.line, 5);
    assert_int_equal(config->admin_listen_count, 1);
    assert_string_equal(config->admin_listen[0], "0.0.0.0:9090");
    assert_string_equal(config->admin_token_file, "dir/admin.token");
    assert_int_equal(config->admin_position.line, 6);
    assert_int_equal(config->loops, 3);
    assert_int_equal(config->front_workers, 4);
    assert_int_equal(config->front_request_timeout, 250000000);
    assert_int_equal(config->front_max_header, 8192);
    assert_int_equal(config->limit_clients, 5);
    assert_int_equal(config->limit_clients_per_address, 6);
    assert_int_equal(config->limit_queue_bytes, 2 << 20);
    assert_int_equal(config->limit_input_bytes, 1 << 20);
    assert_int_equal(config->shutdown_delay, 5000000000);
    assert_int_equal(config->shutdown_grace, 0);
    assert_true(config->demo_page);
    assert_int_equal(config->plugin_path_count, 2);
    assert_string_equal(config->plugin_path[0], "dir/p");
    assert_string_equal(config->plugin_path[1], "/q");
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->log_format, LOG_FORMAT_JSON);
    assert_int_equal(config->log_access, ACCESS_LOG_ALL);
    assert_string_equal(config->log_sample, "1/100");
    config_destroy(config);
}

/* NOLINTNEXTLINE(readability-function-size): a table */
static void reads_every_key_of_an_endpoint(void **state)
{
    (void)state;
    struct config *config = good_config("listen: [{address: '*:0'}]\n"
                                        "endpoints:\n"
                                        "  - path: /chat/v1\n"
                                        "    echo: false\n"
                                        "    identity: required\n"
                                        "    on_reload: recheck\n"
                                        "    subprotocols: [chat.v1, chat.v2]\n"
                                        "    message: {max_size: 1, types: [binary]}\n"
                                        "    heartbeat: {interval: 0, timeout: 1m}\n"
                                        "    queue: {bytes: 1KiB, messages: 9, overflow: "
                                        "conflate, key: /a/b~1c, gap_marker: true, gap_text: "
                                        "'{dropped} missed'}\n"
                                        "    flush: {delay: 5ms, bytes: 1KiB}\n"
                                        "    clients: {max: 7, per_address: 0}\n"
                                        "    pipeline:\n"
                                        "      - plugin: auth\n"
                                        "        on_error: continue\n"
                                        "        options: {x: 1}\n"
                                        "      - plugin: rate-limit\n"
                                        "        options:\n"
                                        "  - path: /b\n");
    const struct endpoint_config *endpoint = &config->endpoints[0];
    assert_int_equal(config->endpoint_count, 2);
    assert_string_equal(endpoint->path, "/chat/v1");
    assert_false(endpoint->echo);
    assert_true(endpoint->identity_required);
    assert_int_equal(endpoint->on_reload, ON_RELOAD_RECHECK);
    assert_int_equal(endpoint->subprotocol_count, 2);
    assert_string_equal(endpoint->subprotocols[1], "chat.v2");
    assert_int_equal(endpoint->message_max_size, 1);
    assert_int_equal(endpoint->message_types, MESSAGE_TYPE_BINARY);
    assert_int_equal(endpoint->heartbeat_interval, 0);
    assert_int_equal(endpoint->heartbeat_timeout, 60000000000);
    assert_int_equal(endpoint->queue_bytes, 1024);
    assert_int_equal(endpoint->queue_messages, 9);
    assert_int_equal(endpoint->queue_overflow, QUEUE_CONFLATE);
    assert_string_equal(endpoint->queue_key, "/a/b~1c");
    assert_true(endpoint->gap_marker);
    assert_string_equal(endpoint->gap_text, "{dropped} missed");
    assert_int_equal(endpoint->flush_delay, 5000000);
    assert_int_equal(endpoint->flush_bytes, 1024);
    assert_int_equal(endpoint->clients_max, 7);
    assert_int_equal(endpoint->clients_per_address, 0);
    assert_int_equal(endpoint->pipeline_length, 2);
    assert_string_equal(endpoint->pipeline[0].plugin, "auth");
    assert_int_equal(endpoint->pipeline[0].on_error, ON_ERROR_CONTINUE);
    assert_int_equal(endpoint->pipeline[0].position.line, 14);
    assert_non_null(endpoint->pipeline[0].options);
    assert_int_equal(endpoint->pipeline[1].on_error, ON_ERROR_DENY);
    assert_null(endpoint->pipeline[1].options);
    config_destroy(config);
}

static void what_is_published_waits_for_a_second_at_most(void **state)
{
    (void)state;
    refused_endpoint(
        "flush: {delay: 2s}",
        "4:18 endpoints.0.flush.delay: 2s is out of range; it must be from 1ms to 1s\n");
    refused_endpoint(
        "flush: {bytes: 1MiB}",
        "4:18 endpoints.0.flush.bytes: 1MiB is out of range; it must be from 1 to 256KiB\n");
}

static void on_reload_is_keep_or_recheck(void **state)
{
    (void)state;
    refused_endpoint("on_reload: perhaps",
                     "4:14 endpoints.0.on_reload: \"perhaps\" is not known; write one of: keep, "
                     "recheck\n");
}

static void listeners_and_endpoints_are_required(void **state)
{
    (void)state;
    refused_config("", "1:1 listen: is missing; it is required\n"
                       "1:1 endpoints: is missing; it is required\n");
    refused_config("listen: []\nendpoints:\n",
                   "1:9 listen: is empty; at least one entry is needed\n"
                   "2:11 endpoints: is empty; at least one entry is needed\n");
    refused_config("listen: [{}]\nendpoints: [{echo: true}]\n",
                   "1:10 listen.0.address: is missing; it is required\n"
                   "2:13 endpoints.0.path: is missing; it is required\n");
    refused_config("[1]", "1:1 the configuration: is a list; a mapping is expected\n");
}

static void names_the_nearest_choice(void **state)
{
    (void)state;
    refused_with("log: {level: warning}",
                 "1:14 log.level: \"warning\" is not known; did you mean \"warn\"? (one of: error, "
                 "warn, info, debug)\n");
    refused_endpoint("identity: maybe",
                     "4:13 endpoints.0.identity: \"maybe\" is not known; write one of: optional, "
                     "required\n");
    refused_endpoint("message: {types: [text, binry]}",
                     "4:27 endpoints.0.message.types.1: \"binry\" is not known; did you mean "
                     "\"binary\"? (one of: text, binary)\n");
}

static void values_out_of_range_name_the_range(void **state)
{
    (void)state;
    refused_with("loops: 0", "1:8 loops: 0 is out of range; it must be from 1 to 256\n");
    refused_with("loops: -1", "1:8 loops: -1 is out of range; it must be from 1 to 256\n");
    refused_with("loops: 99999999999999999999", "1:8 loops: 99999999999999999999 is too large\n");
    refused_with("limits: {queue_bytes: 1KiB}",
                 "1:23 limits.queue_bytes: 1KiB is out of range; it must be from 64KiB to "
                 "1024GiB\n");
    refused_with("front: {request_timeout: 2h}",
                 "1:26 front.request_timeout: 2h is out of range; it must be from 100ms to 1h\n");
    refused_endpoint("heartbeat: {interval: 1ms}",
                     "4:25 endpoints.0.heartbeat.interval: 1ms is out of range; it must be from "
                     "10ms to 24h\n");
    refused_endpoint("heartbeat: {timeout: 0}",
                     "4:24 endpoints.0.heartbeat.timeout: 0 is out of range; it must be from 10ms "
                     "to 24h\n");
    refused_endpoint("compression: {level: 10, memory: 0, min_size: 0}",
                     "4:49 endpoints.0.compression.min_size: 0 is out of range; it must be from 1 "
                     "to 1MiB\n"
                     "4:24 endpoints.0.compression.level: 10 is out of range; it must be from 1 to "
                     "9\n"
                     "4:36 endpoints.0.compression.memory: 0 is out of range; it must be from 1 to "
                     "9\n");
    refused_endpoint("clients: {max: 4294967297}",
                     "4:18 endpoints.0.clients.max: 4294967297 is out of range; it must be from 1 "
                     "to 10000000\n");
}

static void keys_of_later_versions_are_named_as_such(void **state)
{
    (void)state;
    refused_endpoint("clients: {per_identity: 1}",
                     "4:13 endpoints.0.clients.per_identity: this version does not support it yet; "
                     "remove it\n");
}

static void reads_trusted_proxies(void **state)
{
    (void)state;
    struct config *config =
        good_config(SMALLEST "trusted_proxies: [127.0.0.1/32, '2001:db8::/32', 10.0.0.7]\n");
    assert_int_equal(config->trusted_proxy_count, 3);
    assert_string_equal(config->trusted_proxies[0], "127.0.0.1/32");
    assert_string_equal(config->trusted_proxies[1], "2001:db8::/32");
    assert_string_equal(config->trusted_proxies[2], "10.0.0.7");
    config_destroy(config);
    config = good_config(SMALLEST "trusted_proxies: []\n");
    assert_int_equal(config->trusted_proxy_count, 0);
    config_destroy(config);
}

static void there_may_be_a_thousand_trusted_proxies(void **state)
{
    static char text[32 * 1024];
    (void)state;
    size_t len = (size_t)snprintf(text, sizeof text, "%s", SMALLEST "trusted_proxies: [");
    for (int i = 0; i < 1000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "10.0.%d.%d, ", i / 256, i % 256);
    snprintf(text + len, sizeof text - len, "]\n");
    struct config *config = good_config(text);
    assert_int_equal(config->trusted_proxy_count, 1000);
    config_destroy(config);
    snprintf(text + len, sizeof text - len, "10.1.0.0]\n");
    refused_config(text, "3:18 trusted_proxies: has 1001 entries; there may be 1000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_every_default),
        cmocka_unit_test(fills_in_every_default_of_an_endpoint),
        cmocka_unit_test(reads_every_key_of_the_server),
        cmocka_unit_test(reads_every_key_of_an_endpoint),
        cmocka_unit_test(what_is_published_waits_for_a_second_at_most),
        cmocka_unit_test(on_reload_is_keep_or_recheck),
        cmocka_unit_test(listeners_and_endpoints_are_required),
        cmocka_unit_test(names_the_nearest_choice),
        cmocka_unit_test(values_out_of_range_name_the_range),
        cmocka_unit_test(keys_of_later_versions_are_named_as_such),
        cmocka_unit_test(reads_trusted_proxies),
        cmocka_unit_test(there_may_be_a_thousand_trusted_proxies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
