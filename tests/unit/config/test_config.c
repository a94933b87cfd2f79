#include "config/config_parse.h"
#include "config/errors.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SMALLEST "listen: [{address: '127.0.0.1:0'}]\nendpoints: [{path: /ws}]\n"

static struct diagnostics errors;

static struct config *good(const char *text)
{
    struct config *config = NULL;
    diagnostics_init(&errors);
    int error = config_parse("dir/t.yaml", text, strlen(text), NULL, 0, &errors, &config);
    assert_errors(&errors, "");
    assert_int_equal(error, 0);
    return config;
}

static void refused(const char *text, const char *expected)
{
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(config_parse("t.yaml", text, strlen(text), NULL, 0, &errors, &config),
                     ERR_CONFIG);
    assert_null(config);
    assert_errors(&errors, expected);
}

/* Refused because of a line that stands before (or after) what is needed anyway. */
static void refused_with(const char *line, const char *expected)
{
    char text[1024];
    snprintf(text, sizeof text, "%s\n" SMALLEST, line);
    refused(text, expected);
}

static void refused_endpoint(const char *keys, const char *expected)
{
    char text[1024];
    snprintf(text, sizeof text, "listen: [{address: '*:0'}]\nendpoints:\n- path: /ws\n  %s\n",
             keys);
    refused(text, expected);
}

static void fills_in_every_default(void **state)
{
    (void)state;
    struct config *config = good(SMALLEST);
    assert_string_equal(config->file, "dir/t.yaml");
    assert_int_equal(config->listener_count, 1);
    assert_string_equal(config->listeners[0].address, "127.0.0.1:0");
    assert_null(config->listeners[0].tls);
    assert_int_equal(config->admin_listen_count, 0);
    assert_null(config->admin_token_file);
    assert_int_equal(config->loops, 0);
    assert_int_equal(config->front_workers, 32);
    assert_int_equal(config->front_request_timeout, 5000000000);
    assert_int_equal(config->front_max_header, 16384);
    assert_int_equal(config->limit_clients, 100000);
    assert_int_equal(config->limit_clients_per_address, 1000);
    assert_int_equal(config->limit_queue_bytes, 1 << 30);
    assert_int_equal(config->limit_input_bytes, 256 << 20);
    assert_int_equal(config->shutdown_grace, 10000000000);
    assert_false(config->demo_page);
    assert_int_equal(config->log_level, LOG_LEVEL_INFO);
    assert_int_equal(config->log_format, LOG_FORMAT_TEXT);
    assert_int_equal(config->plugin_path_count, 3);
    assert_string_equal(strrchr(config->plugin_path[0], '/'), "/plugins");
    assert_non_null(strstr(config->plugin_path[1], "/lib/sluice/plugins"));
    assert_string_equal(config->plugin_path[2], "/usr/lib/sluice/plugins");
    config_destroy(config);
}

static void fills_in_every_default_of_an_endpoint(void **state)
{
    (void)state;
    struct config *config = good(SMALLEST);
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
    assert_int_equal(endpoint->clients_max, 100000);
    assert_int_equal(endpoint->clients_per_address, 1000);
    assert_int_equal(endpoint->pipeline_length, 0);
    config_destroy(config);
}

/* NOLINTNEXTLINE(readability-function-size): a table */
static void reads_every_key_of_the_server(void **state)
{
    (void)state;
    struct config *config = good("listen:\n"
                                 "  - address: '[::1]:8443'\n"
                                 "    tls: {certificate: /c.pem, key: k.pem, client_ca: ca.pem,\n"
                                 "          min_version: 1.3}\n"
                                 "  - address: 0.0.0.0:80\n"
                                 "admin: {listen: 0.0.0.0:9090, token_file: admin.token}\n"
                                 "loops: 3\n"
                                 "front: {workers: 4, request_timeout: 250ms, max_header: 8KiB}\n"
                                 "limits: {clients: 5, clients_per_address: 6, queue_bytes: 2MiB,\n"
                                 "         input_bytes: 1MiB}\n"
                                 "shutdown: {grace: 0}\n"
                                 "demo_page: true\n"
                                 "plugins: {path: [p, /q]}\n"
                                 "log: {level: debug, format: json}\n"
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
    assert_int_equal(config->shutdown_grace, 0);
    assert_true(config->demo_page);
    assert_int_equal(config->plugin_path_count, 2);
    assert_string_equal(config->plugin_path[0], "dir/p");
    assert_string_equal(config->plugin_path[1], "/q");
    assert_int_equal(config->log_level, LOG_LEVEL_DEBUG);
    assert_int_equal(config->log_format, LOG_FORMAT_JSON);
    config_destroy(config);
}

/* NOLINTNEXTLINE(readability-function-size): a table */
static void reads_every_key_of_an_endpoint(void **state)
{
    (void)state;
    struct config *config = good("listen: [{address: '*:0'}]\n"
                                 "endpoints:\n"
                                 "  - path: /chat/v1\n"
                                 "    echo: false\n"
                                 "    identity: required\n"
                                 "    on_reload: recheck\n"
                                 "    subprotocols: [chat.v1, chat.v2]\n"
                                 "    message: {max_size: 1, types: [binary]}\n"
                                 "    heartbeat: {interval: 0, timeout: 1m}\n"
                                 "    queue: {bytes: 1KiB, overflow: close}\n"
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
    assert_int_equal(endpoint->clients_max, 7);
    assert_int_equal(endpoint->clients_per_address, 0);
    assert_int_equal(endpoint->pipeline_length, 2);
    assert_string_equal(endpoint->pipeline[0].plugin, "auth");
    assert_int_equal(endpoint->pipeline[0].on_error, ON_ERROR_CONTINUE);
    assert_int_equal(endpoint->pipeline[0].position.line, 13);
    assert_non_null(endpoint->pipeline[0].options);
    assert_int_equal(endpoint->pipeline[1].on_error, ON_ERROR_DENY);
    assert_null(endpoint->pipeline[1].options);
    config_destroy(config);
}

static void listeners_and_endpoints_are_required(void **state)
{
    (void)state;
    refused("", "1:1 listen: is missing; it is required\n"
                "1:1 endpoints: is missing; it is required\n");
    refused("listen: []\nendpoints:\n", "1:9 listen: is empty; at least one entry is needed\n"
                                        "2:11 endpoints: is empty; at least one entry is needed\n");
    refused("listen: [{}]\nendpoints: [{echo: true}]\n",
            "1:10 listen.0.address: is missing; it is required\n"
            "2:13 endpoints.0.path: is missing; it is required\n");
    refused("[1]", "1:1 the configuration: is a list; a mapping is expected\n");
}

static void names_the_nearest_key(void **state)
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
                 "1:1 unknown key \"zzz\"; known here: listen, admin, loops, front, "
                 "limits, offload, shutdown, watchdog, demo_page, trusted_proxies, plugins, log, "
                 "endpoints\n");
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

static void wrong_types_say_what_is_expected(void **state)
{
    (void)state;
    refused_with("demo_page: yes", "1:12 demo_page: \"yes\" is not true or false; write true\n");
    refused_with("demo_page: \"true\"",
                 "1:12 demo_page: \"true\" is not true or false; write true without quotes\n");
    refused_with("demo_page:", "1:11 demo_page: has no value; true or false is expected\n");
    refused_with("loops: many", "1:8 loops: \"many\" is not an integer\n");
    refused_with("loops: [1]", "1:8 loops: is a list; an integer is expected\n");
    refused_with("shutdown: {grace: 10}",
                 "1:19 shutdown.grace: \"10\" is not a duration; write a whole number with its "
                 "unit, such as 250ms, 5s, 2m or 1h\n");
    refused_with("limits: {queue_bytes: 1GB}",
                 "1:23 limits.queue_bytes: \"1GB\" is not a size; write a whole number of bytes, "
                 "or one with its unit, such as 64KiB, 1MiB or 1GiB\n");
    refused_with("front: 5", "1:8 front: is a single value; a mapping is expected\n");
    refused_endpoint("pipeline: {a: 1}",
                     "4:13 endpoints.0.pipeline: is a mapping; a list is expected\n");
    refused_endpoint("pipeline: [{plugin: a, options: [1]}]",
                     "4:35 endpoints.0.pipeline.0.options: is a list; a mapping is expected\n");
    refused_endpoint("message: {types: []}",
                     "4:20 endpoints.0.message.types: is an empty list; name at least one\n");
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
    refused_endpoint("clients: {max: 4294967297}",
                     "4:18 endpoints.0.clients.max: 4294967297 is out of range; it must be from 1 "
                     "to 10000000\n");
}

static void keys_of_later_versions_are_named_as_such(void **state)
{
    (void)state;
    refused_endpoint("compression: {enabled: true}",
                     "4:3 endpoints.0.compression: this version does not support it yet; remove "
                     "it\n");
    refused_endpoint("queue: {overflow: drop-oldest, gap_marker: true}",
                     "4:21 endpoints.0.queue.overflow: this version does not support "
                     "\"drop-oldest\" yet\n"
                     "4:34 endpoints.0.queue.gap_marker: this version does not support it yet; "
                     "remove it\n");
    refused_endpoint("clients: {per_identity: 1}",
                     "4:13 endpoints.0.clients.per_identity: this version does not support it yet; "
                     "remove it\n");
}

static void reads_trusted_proxies(void **state)
{
    (void)state;
    struct config *config =
        good(SMALLEST "trusted_proxies: [127.0.0.1/32, '2001:db8::/32', 10.0.0.7]\n");
    assert_int_equal(config->trusted_proxy_count, 3);
    assert_string_equal(config->trusted_proxies[0], "127.0.0.1/32");
    assert_string_equal(config->trusted_proxies[1], "2001:db8::/32");
    assert_string_equal(config->trusted_proxies[2], "10.0.0.7");
    config_destroy(config);
    config = good(SMALLEST "trusted_proxies: []\n");
    assert_int_equal(config->trusted_proxy_count, 0);
    config_destroy(config);
}

static void trusted_proxies_that_are_no_prefixes_are_refused_one_by_one(void **state)
{
    (void)state;
    refused_with(
        "trusted_proxies: [10.1.2.3/8, proxy.example.com, 10.0.0.0/33, '::1/129', '',\n"
        "  '2001:db8::1/32', [a], 127.0.0.1:80]",
        "1:19 trusted_proxies.0: \"10.1.2.3/8\" has bits set behind the prefix; did you "
        "mean 10.0.0.0/8?\n"
        "1:31 trusted_proxies.1: \"proxy.example.com\" is no address: write 192.0.2.0/24, "
        "2001:db8::/32 or a whole address\n"
        "1:50 trusted_proxies.2: \"10.0.0.0/33\" has no length from 0 to 32 behind the "
        "slash\n"
        "1:63 trusted_proxies.3: \"::1/129\" has no length from 0 to 128 behind the slash\n"
        "1:74 trusted_proxies.4: is empty\n"
        "2:3 trusted_proxies.5: \"2001:db8::1/32\" has bits set behind the prefix; did you "
        "mean 2001:db8::/32?\n"
        "2:21 trusted_proxies.6: is a list; a text is expected\n"
        "2:26 trusted_proxies.7: \"127.0.0.1:80\" is no address: write 192.0.2.0/24, "
        "2001:db8::/32 or a whole address\n");
    refused_with("trusted_proxies: 127.0.0.1",
                 "1:18 trusted_proxies: is a single value; a list is expected\n");
}

static void there_may_be_a_thousand_trusted_proxies(void **state)
{
    static char text[32 * 1024];
    (void)state;
    size_t len = (size_t)snprintf(text, sizeof text, "%s", SMALLEST "trusted_proxies: [");
    for (int i = 0; i < 1000; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "10.0.%d.%d, ", i / 256, i % 256);
    snprintf(text + len, sizeof text - len, "]\n");
    struct config *config = good(text);
    assert_int_equal(config->trusted_proxy_count, 1000);
    config_destroy(config);
    snprintf(text + len, sizeof text - len, "10.1.0.0]\n");
    refused(text, "3:18 trusted_proxies: has 1001 entries; there may be 1000\n");
}

static void checks_names_and_paths(void **state)
{
    (void)state;
    refused("listen: [{address: '*:0'}]\n"
            "endpoints:\n"
            "- path: ws\n"
            "- path: /a?b\n"
            "- path: /a%20b\n"
            "- path: '/a b'\n"
            "- path: /a/../b\n"
            "- path: //a\n"
            "- path: ''\n"
            "- path: /...x/.y\n"
            "  subprotocols: [ok, 'a b', '']\n"
            "  pipeline: [{plugin: ../evil}, {plugin: Auth}]\n",
            "3:9 endpoints.0.path: \"ws\" must begin with a slash, such as /ws\n"
            "4:9 endpoints.1.path: \"/a?b\" must be without a query (?) and fragment (#)\n"
            "5:9 endpoints.2.path: \"/a%20b\" must be written decoded, without %\n"
            "6:9 endpoints.3.path: must have no spaces, backslashes and control characters\n"
            "7:9 endpoints.4.path: \"/a/../b\" must have no empty, \".\" or \"..\" parts\n"
            "8:9 endpoints.5.path: \"//a\" must have no empty, \".\" or \"..\" parts\n"
            "9:9 endpoints.6.path: is empty\n"
            "11:22 endpoints.7.subprotocols.1: \"a b\" is not a subprotocol's name; use letters, "
            "digits and !#$%&'*+-.^_`|~\n"
            "11:29 endpoints.7.subprotocols.2: is empty\n"
            "12:23 endpoints.7.pipeline.0.plugin: \"../evil\" is not a plugin's name; use up to 64 "
            "lower case letters, digits and \"-\" (the folders are in plugins.path)\n"
            "12:42 endpoints.7.pipeline.1.plugin: \"Auth\" is not a plugin's name; use up to 64 "
            "lower case letters, digits and \"-\" (the folders are in plugins.path)\n");
}

static void checks_values_against_each_other(void **state)
{
    (void)state;
    refused("listen: [{address: '*:80'}, {address: '*:0'}, {address: '*:80'}, {address: '*:0'}]\n"
            "demo_page: true\n"
            "limits: {input_bytes: 3MiB}\n"
            "endpoints:\n"
            "- path: /\n"
            "  subprotocols: [a, b, a]\n"
            "- path: /ws\n"
            "  message: {max_size: 2MiB}\n"
            "- path: /ws\n",
            "1:57 listen.2.address: *:80 is the same as listen.0.address\n"
            "5:9 endpoints.0.subprotocols: \"a\" is there twice\n"
            "5:9 endpoints.0.path: / is where demo_page puts its page; choose another path, or set "
            "demo_page: false\n"
            "7:9 endpoints.1: queue.bytes (1MiB) is smaller than message.max_size (2MiB), so the "
            "largest messages could be sent to nobody\n"
            "7:9 endpoints.1: limits.input_bytes (3MiB) is smaller than twice message.max_size "
            "(2MiB), so the largest messages could not be received\n"
            "9:9 endpoints.2.path: /ws is already the path of endpoints.1 (line 7)\n");
}

static void an_admin_that_others_reach_needs_a_token(void **state)
{
    (void)state;
    refused_with("admin: {listen: '*:9090'}",
                 "1:17 admin.listen: *:9090 can be reached from other machines, so "
                 "admin.token_file is required; or listen on 127.0.0.1\n");
    refused_with("admin: {token_file: a}", "1:8 admin.listen: is missing; it is required\n");
    config_destroy(good("admin: {listen: '[::1]:9090'}\n" SMALLEST));
    config_destroy(good("admin: {listen: '*:9090', token_file: t}\n" SMALLEST));
}

static void reports_all_errors_at_once(void **state)
{
    (void)state;
    refused("loops: none\n"
            "log: {level: \"${SL_NOT_SET}\", level: info, formt: json}\n"
            "listen:\n"
            "  - address: localhost:80\n"
            "    tls: {certificate: a.crt}\n"
            "endpoints: 5\n",
            "2:14 the environment variable SL_NOT_SET is not set; set it, or write "
            "${SL_NOT_SET:-default}\n"
            "2:31 the key \"level\" is here twice (first on line 2); keep one of them\n"
            "4:14 listen.0.address: host names are not looked up; write 127.0.0.1 instead of "
            "localhost\n"
            "5:10 listen.0.tls.key: is missing; it is required\n"
            "1:8 loops: \"none\" is not an integer\n"
            "2:44 log: unknown key \"formt\"; did you mean \"format\"?\n"
            "6:12 endpoints: is a single value; a list is expected\n");
}

static void overrides_lie_over_the_file(void **state)
{
    (void)state;
    const struct config_override overrides[] = {{"listen.0.address", "127.0.0.1:1"},
                                                {"endpoints.1.path", "/b"},
                                                {"log.level", "warn"},
                                                {"endpoints.0.pipeline", "[{plugin: auth}]"}};
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(
        config_parse("t.yaml", SMALLEST, strlen(SMALLEST), overrides, 4, &errors, &config), 0);
    assert_string_equal(config->listeners[0].address, "127.0.0.1:1");
    assert_string_equal(config->listeners[0].position.file, "--set");
    assert_string_equal(config->endpoints[1].path, "/b");
    assert_string_equal(config->endpoints[0].pipeline[0].plugin, "auth");
    assert_int_equal(config->log_level, LOG_LEVEL_WARN);
    config_destroy(config);
}

static void wrong_overrides_are_all_reported(void **state)
{
    (void)state;
    const struct config_override overrides[] = {{"listen.7", "x"}, {"log", "["}};
    const struct config_override unknown[] = {{"log.levl", "info"}, {"loops", "x"}};
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(
        config_parse("t.yaml", SMALLEST, strlen(SMALLEST), overrides, 2, &errors, &config),
        ERR_CONFIG);
    assert_errors(&errors, "1:1 listen.7: the list has 1 entries; 1 would add the next one\n"
                           "2:1 log: not valid YAML: did not find expected node content while "
                           "parsing a flow node\n");
    assert_int_equal(
        config_parse("t.yaml", SMALLEST, strlen(SMALLEST), unknown, 2, &errors, &config),
        ERR_CONFIG);
    assert_string_equal(errors.items[0].position.file, "--set");
    assert_errors(&errors, "1:1 loops: \"x\" is not an integer\n"
                           "1:1 log: unknown key \"levl\"; did you mean \"level\"?\n");
}

static void files_that_cannot_be_read_are_errors(void **state)
{
    (void)state;
    struct config *config = NULL;
    diagnostics_init(&errors);
    assert_int_equal(config_load("/nowhere/t.yaml", NULL, 0, &errors, &config), ERR_CONFIG);
    assert_errors(&errors, "0:0 No such file or directory\n");
    assert_int_equal(config_load("/tmp", NULL, 0, &errors, &config), ERR_CONFIG);
    assert_errors(&errors, "0:0 it is not a regular file\n");
    config_destroy(NULL);
}

static void the_shipped_files_are_right(void **state)
{
    (void)state;
    static const char *const files[] = {"sluice.yaml", "installed.yaml", "production.yaml"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[PATH_MAX];
        struct config *config = NULL;
        snprintf(path, sizeof path, "%s/config/%s", SLUICE_SOURCE_DIR, files[i]);
        diagnostics_init(&errors);
        int error = config_load(path, NULL, 0, &errors, &config);
        assert_errors(&errors, "");
        assert_int_equal(error, 0);
        assert_string_equal(config->endpoints[0].path, "/ws");
        config_destroy(config);
    }
}

static void on_reload_is_keep_or_recheck(void **state)
{
    (void)state;
    refused_endpoint("on_reload: perhaps",
                     "4:14 endpoints.0.on_reload: \"perhaps\" is not known; write one of: keep, "
                     "recheck\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_in_every_default),
        cmocka_unit_test(fills_in_every_default_of_an_endpoint),
        cmocka_unit_test(reads_every_key_of_the_server),
        cmocka_unit_test(reads_every_key_of_an_endpoint),
        cmocka_unit_test(on_reload_is_keep_or_recheck),
        cmocka_unit_test(listeners_and_endpoints_are_required),
        cmocka_unit_test(names_the_nearest_key),
        cmocka_unit_test(names_the_nearest_choice),
        cmocka_unit_test(wrong_types_say_what_is_expected),
        cmocka_unit_test(values_out_of_range_name_the_range),
        cmocka_unit_test(keys_of_later_versions_are_named_as_such),
        cmocka_unit_test(reads_trusted_proxies),
        cmocka_unit_test(trusted_proxies_that_are_no_prefixes_are_refused_one_by_one),
        cmocka_unit_test(there_may_be_a_thousand_trusted_proxies),
        cmocka_unit_test(checks_names_and_paths),
        cmocka_unit_test(checks_values_against_each_other),
        cmocka_unit_test(an_admin_that_others_reach_needs_a_token),
        cmocka_unit_test(reports_all_errors_at_once),
        cmocka_unit_test(overrides_lie_over_the_file),
        cmocka_unit_test(wrong_overrides_are_all_reported),
        cmocka_unit_test(files_that_cannot_be_read_are_errors),
        cmocka_unit_test(the_shipped_files_are_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
