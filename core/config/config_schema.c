/* Long on purpose: a table. */
#include "config/config_schema.h"
#include "config/config.h"
#include "config/config_texts.h"

#include <stddef.h>

/* Units of the members, for bounds. */
#define US 1e3
#define MS 1e6
#define SECOND (1000 * MS)
#define HOUR (3600 * SECOND)
#define KIB 1024.0
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define CLIENTS_MOST 10000000
#define QUEUE_MESSAGES_MOST 10000000
#define FRAGMENTS_MOST 100000000

#define MEMBER(type, member)                                                                       \
    .offset = offsetof(type, member), .size = sizeof(((const type *)0)->member)
#define LIST(type, member, number)                                                                 \
    .offset = offsetof(type, member), .count_offset = offsetof(type, number)
#define POSITION(type, member) .position_offset = offsetof(type, member)
#define SCHEMA(rows, type)                                                                         \
    {.fields = (rows), .count = sizeof(rows) / sizeof((rows)[0]), .size = sizeof(type)}

static const struct choice log_levels[] = {
    {"error", LOG_LEVEL_ERROR},
    {"warn", LOG_LEVEL_WARN},
    {"info", LOG_LEVEL_INFO},
    {"debug", LOG_LEVEL_DEBUG},
    {NULL, 0},
};
static const struct choice log_formats[] = {
    {"text", LOG_FORMAT_TEXT}, {"json", LOG_FORMAT_JSON}, {NULL, 0}};
static const struct choice accesses[] = {
    {"off", ACCESS_LOG_OFF}, {"refusals", ACCESS_LOG_REFUSALS}, {"all", ACCESS_LOG_ALL}, {NULL, 0}};
static const struct choice tls_versions[] = {{"1.2", 0x0303}, {"1.3", 0x0304}, {NULL, 0}};
static const struct choice socket_modes[] = {{"0600", 0600}, {"0660", 0660}, {NULL, 0}};
static const struct choice identities[] = {{"optional", 0}, {"required", 1}, {NULL, 0}};
static const struct choice message_types[] = {
    {"text", MESSAGE_TYPE_TEXT}, {"binary", MESSAGE_TYPE_BINARY}, {NULL, 0}};
static const struct choice on_errors[] = {
    {"deny", ON_ERROR_DENY}, {"continue", ON_ERROR_CONTINUE}, {NULL, 0}};
static const struct choice on_reloads[] = {
    {"keep", ON_RELOAD_KEEP}, {"recheck", ON_RELOAD_RECHECK}, {NULL, 0}};
static const struct choice modes[] = {
    {"enforce", MODE_ENFORCE}, {"shadow", MODE_SHADOW}, {NULL, 0}};
static const struct choice ios[] = {{"auto", CONFIG_IO_AUTO},
                                    {"epoll", CONFIG_IO_EPOLL},
                                    {"io_uring", CONFIG_IO_IO_URING},
                                    {NULL, 0}};
static const struct choice overflows[] = {
    {"close", QUEUE_CLOSE},
    {"drop-oldest", QUEUE_DROP_OLDEST},
    {"drop-newest", QUEUE_DROP_NEWEST},
    {"conflate", QUEUE_CONFLATE},
    {NULL, 0},
};

/* -- listeners -- */

static const struct field tls_fields[] = {
    {.key = "certificate",
     .type = FIELD_PATH,
     .required = true,
     MEMBER(struct tls_config, certificate),
     POSITION(struct tls_config, certificate_position)},
    {.key = "key",
     .type = FIELD_PATH,
     .required = true,
     MEMBER(struct tls_config, key),
     POSITION(struct tls_config, key_position)},
    {.key = "client_ca",
     .type = FIELD_PATH,
     MEMBER(struct tls_config, client_ca),
     POSITION(struct tls_config, client_ca_position)},
    {.key = "client_crl",
     .type = FIELD_PATH,
     MEMBER(struct tls_config, client_crl),
     POSITION(struct tls_config, client_crl_position)},
    {.key = "min_version",
     .type = FIELD_CHOICE,
     .fallback = "1.2",
     .choices = tls_versions,
     MEMBER(struct tls_config, min_version)},
};
static const struct schema tls_schema = SCHEMA(tls_fields, struct tls_config);

static const struct field listen_fields[] = {
    {.key = "address",
     .type = FIELD_STRING,
     .required = true,
     .check = config_check_address,
     MEMBER(struct listen_config, address),
     POSITION(struct listen_config, position)},
    {.key = "tls", .type = FIELD_OBJECT, .schema = &tls_schema, MEMBER(struct listen_config, tls)},
};
static const struct schema listen_schema = SCHEMA(listen_fields, struct listen_config);

/* -- endpoints -- */

static const struct field stage_fields[] = {
    {.key = "plugin",
     .type = FIELD_STRING,
     .required = true,
     .check = config_check_plugin_name,
     MEMBER(struct stage_config, plugin),
     POSITION(struct stage_config, position)},
    {.key = "on_error",
     .type = FIELD_CHOICE,
     .fallback = "deny",
     .choices = on_errors,
     MEMBER(struct stage_config, on_error)},
    {.key = "options", .type = FIELD_NODE, MEMBER(struct stage_config, options)},
    {.key = "timeout",
     .type = FIELD_DURATION,
     .fallback = "2s",
     .bounds = {10 * MS, HOUR},
     MEMBER(struct stage_config, timeout)},
    {.key = "budget",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "1ms",
     .bounds = {US, HOUR},
     MEMBER(struct stage_config, budget)},
    {.key = "mode",
     .type = FIELD_CHOICE,
     .fallback = "enforce",
     .choices = modes,
     MEMBER(struct stage_config, mode)},
};
static const struct schema stage_schema = SCHEMA(stage_fields, struct stage_config);

static const struct field message_fields[] = {
    {.key = "max_size",
     .type = FIELD_SIZE,
     .fallback = "64KiB",
     .bounds = {1, 256 * MIB},
     MEMBER(struct endpoint_config, message_max_size)},
    {.key = "max_fragments",
     .type = FIELD_COUNT,
     .fallback = "100000",
     .bounds = {1, FRAGMENTS_MOST},
     MEMBER(struct endpoint_config, message_max_fragments)},
    {.key = "timeout",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "30s",
     .bounds = {10 * MS, 24 * HOUR},
     MEMBER(struct endpoint_config, message_timeout)},
    {.key = "types",
     .type = FIELD_FLAGS,
     .choices = message_types,
     MEMBER(struct endpoint_config, message_types)},
};
static const struct schema message_schema = SCHEMA(message_fields, struct endpoint_config);

static const struct field heartbeat_fields[] = {
    {.key = "interval",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "25s",
     .bounds = {10 * MS, 24 * HOUR},
     MEMBER(struct endpoint_config, heartbeat_interval)},
    {.key = "timeout",
     .type = FIELD_DURATION,
     .fallback = "10s",
     .bounds = {10 * MS, 24 * HOUR},
     MEMBER(struct endpoint_config, heartbeat_timeout)},
};
static const struct schema heartbeat_schema = SCHEMA(heartbeat_fields, struct endpoint_config);

static const struct field queue_fields[] = {
    {.key = "bytes",
     .type = FIELD_SIZE,
     .fallback = "1MiB",
     .bounds = {KIB, GIB},
     MEMBER(struct endpoint_config, queue_bytes)},
    {.key = "messages",
     .type = FIELD_COUNT,
     .zero_allowed = true,
     .fallback = "0",
     .bounds = {1, QUEUE_MESSAGES_MOST},
     MEMBER(struct endpoint_config, queue_messages)},
    {.key = "overflow",
     .type = FIELD_CHOICE,
     .fallback = "close",
     .choices = overflows,
     MEMBER(struct endpoint_config, queue_overflow)},
    {.key = "key",
     .type = FIELD_STRING,
     .check = config_check_conflation_key,
     MEMBER(struct endpoint_config, queue_key)},
    {.key = "gap_marker",
     .type = FIELD_BOOL,
     .fallback = "false",
     MEMBER(struct endpoint_config, gap_marker)},
    {.key = "gap_text",
     .type = FIELD_STRING,
     .check = config_check_gap_text,
     MEMBER(struct endpoint_config, gap_text)},
};
static const struct schema queue_schema = SCHEMA(queue_fields, struct endpoint_config);

static const struct field flush_fields[] = {
    {.key = "delay",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "0",
     .bounds = {MS, SECOND},
     MEMBER(struct endpoint_config, flush_delay)},
    {.key = "bytes",
     .type = FIELD_SIZE,
     .fallback = "16KiB",
     .bounds = {1, 256 * KIB},
     MEMBER(struct endpoint_config, flush_bytes)},
};
static const struct schema flush_schema = SCHEMA(flush_fields, struct endpoint_config);

static const struct field clients_fields[] = {
    {.key = "max",
     .type = FIELD_COUNT,
     .fallback = "100000",
     .bounds = {1, CLIENTS_MOST},
     MEMBER(struct endpoint_config, clients_max)},
    {.key = "per_address",
     .type = FIELD_COUNT,
     .zero_allowed = true,
     .fallback = "1000",
     .bounds = {1, CLIENTS_MOST},
     MEMBER(struct endpoint_config, clients_per_address)},
    {.key = "per_identity", .type = FIELD_UNSUPPORTED},
    {.key = "max_age",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "0",
     .bounds = {SECOND, 8760 * HOUR},
     MEMBER(struct endpoint_config, clients_max_age)},
};
static const struct schema clients_schema = SCHEMA(clients_fields, struct endpoint_config);

static const struct field topics_fields[] = {
    {.key = "per_client",
     .type = FIELD_COUNT,
     .fallback = "100",
     .bounds = {1, 100000},
     MEMBER(struct endpoint_config, topics_per_client)},
};
static const struct schema topics_schema = SCHEMA(topics_fields, struct endpoint_config);

static const struct field compression_fields[] = {
    {.key = "enabled",
     .type = FIELD_BOOL,
     .fallback = "true",
     MEMBER(struct endpoint_config, compression_enabled)},
    {.key = "min_size",
     .type = FIELD_SIZE,
     .fallback = "256",
     .bounds = {1, MIB},
     MEMBER(struct endpoint_config, compression_min_size)},
    {.key = "max_size",
     .type = FIELD_SIZE,
     .fallback = "256KiB",
     .bounds = {1, 256 * MIB},
     MEMBER(struct endpoint_config, compression_max_size)},
    {.key = "level",
     .type = FIELD_COUNT,
     .fallback = "1",
     .bounds = {1, 9},
     MEMBER(struct endpoint_config, compression_level)},
    {.key = "memory",
     .type = FIELD_COUNT,
     .fallback = "6",
     .bounds = {1, 9},
     MEMBER(struct endpoint_config, compression_memory)},
};
static const struct schema compression_schema = SCHEMA(compression_fields, struct endpoint_config);

static const struct field endpoint_fields[] = {
    {.key = "path",
     .type = FIELD_STRING,
     .required = true,
     .check = config_check_endpoint_path,
     MEMBER(struct endpoint_config, path),
     POSITION(struct endpoint_config, position)},
    {.key = "echo", .type = FIELD_BOOL, .fallback = "true", MEMBER(struct endpoint_config, echo)},
    {.key = "identity",
     .type = FIELD_CHOICE,
     .fallback = "optional",
     .choices = identities,
     MEMBER(struct endpoint_config, identity_required)},
    {.key = "on_reload",
     .type = FIELD_CHOICE,
     .fallback = "keep",
     .choices = on_reloads,
     MEMBER(struct endpoint_config, on_reload)},
    {.key = "subprotocols",
     .type = FIELD_STRINGS,
     .check = config_check_subprotocol,
     LIST(struct endpoint_config, subprotocols, subprotocol_count)},
    {.key = "message", .type = FIELD_SECTION, .schema = &message_schema},
    {.key = "heartbeat", .type = FIELD_SECTION, .schema = &heartbeat_schema},
    {.key = "queue", .type = FIELD_SECTION, .schema = &queue_schema},
    {.key = "flush", .type = FIELD_SECTION, .schema = &flush_schema},
    {.key = "clients", .type = FIELD_SECTION, .schema = &clients_schema},
    {.key = "topics", .type = FIELD_SECTION, .schema = &topics_schema},
    {.key = "compression", .type = FIELD_SECTION, .schema = &compression_schema},
    {.key = "pipeline",
     .type = FIELD_OBJECTS,
     .schema = &stage_schema,
     LIST(struct endpoint_config, pipeline, pipeline_length)},
};
static const struct schema endpoint_schema = SCHEMA(endpoint_fields, struct endpoint_config);

/* -- the server -- */

static const struct field admin_fields[] = {
    {.key = "listen",
     .type = FIELD_STRINGS,
     .required = true,
     .one_allowed = true,
     .bounds = {1, ADMIN_LISTENERS_MAX},
     .check = config_check_admin_address,
     LIST(struct config, admin_listen, admin_listen_count),
     POSITION(struct config, admin_position)},
    {.key = "socket_mode",
     .type = FIELD_CHOICE,
     .fallback = "0600",
     .choices = socket_modes,
     MEMBER(struct config, admin_socket_mode)},
    {.key = "token_file", .type = FIELD_PATH, MEMBER(struct config, admin_token_file)},
    {.key = "requests",
     .type = FIELD_COUNT,
     .fallback = "8",
     .bounds = {1, 64},
     MEMBER(struct config, admin_requests)},
};
static const struct schema admin_schema = SCHEMA(admin_fields, struct config);

static const struct field front_fields[] = {
    {.key = "workers",
     .type = FIELD_COUNT,
     .fallback = "32",
     .bounds = {1, 1024},
     MEMBER(struct config, front_workers)},
    {.key = "handshake_threads",
     .type = FIELD_COUNT,
     .keyword = "auto",
     .fallback = "auto",
     .bounds = {1, 64},
     MEMBER(struct config, front_handshake_threads)},
    {.key = "request_timeout",
     .type = FIELD_DURATION,
     .fallback = "5s",
     .bounds = {100 * MS, HOUR},
     MEMBER(struct config, front_request_timeout)},
    {.key = "max_header",
     .type = FIELD_SIZE,
     .fallback = "16KiB",
     .bounds = {KIB, 256 * KIB},
     MEMBER(struct config, front_max_header)},
};
static const struct schema front_schema = SCHEMA(front_fields, struct config);

static const struct field limits_fields[] = {
    {.key = "clients",
     .type = FIELD_COUNT,
     .fallback = "100000",
     .bounds = {1, CLIENTS_MOST},
     MEMBER(struct config, limit_clients)},
    {.key = "clients_per_address",
     .type = FIELD_COUNT,
     .fallback = "1000",
     .bounds = {1, CLIENTS_MOST},
     MEMBER(struct config, limit_clients_per_address)},
    {.key = "queue_bytes",
     .type = FIELD_SIZE,
     .fallback = "1GiB",
     .bounds = {64 * KIB, 1024 * GIB},
     MEMBER(struct config, limit_queue_bytes)},
    {.key = "handshake_bytes",
     .type = FIELD_SIZE,
     .fallback = "128MiB",
     .bounds = {MIB, 1024 * GIB},
     MEMBER(struct config, limit_handshake_bytes)},
    {.key = "handshakes_per_address",
     .type = FIELD_COUNT,
     .zero_allowed = true,
     .fallback = "100",
     .bounds = {1, 1000000},
     MEMBER(struct config, limit_handshakes_per_address)},
    {.key = "input_bytes",
     .type = FIELD_SIZE,
     .fallback = "256MiB",
     .bounds = {64 * KIB, 1024 * GIB},
     MEMBER(struct config, limit_input_bytes)},
};
static const struct schema limits_schema = SCHEMA(limits_fields, struct config);

static const struct field offload_fields[] = {
    {.key = "threads",
     .type = FIELD_COUNT,
     .fallback = "4",
     .bounds = {1, 256},
     MEMBER(struct config, offload_threads)},
    {.key = "queue",
     .type = FIELD_COUNT,
     .fallback = "1024",
     .bounds = {1, 1000000},
     MEMBER(struct config, offload_queue)},
};
static const struct schema offload_schema = SCHEMA(offload_fields, struct config);

static const struct field shutdown_fields[] = {
    {.key = "delay",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "0",
     .bounds = {MS, HOUR},
     MEMBER(struct config, shutdown_delay)},
    {.key = "grace",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "10s",
     .bounds = {MS, HOUR},
     MEMBER(struct config, shutdown_grace)},
};
static const struct schema shutdown_schema = SCHEMA(shutdown_fields, struct config);

static const struct field watchdog_fields[] = {
    {.key = "warn",
     .type = FIELD_DURATION,
     .fallback = "2s",
     .bounds = {50 * MS, HOUR},
     MEMBER(struct config, watchdog_warn)},
    {.key = "unready",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "10s",
     .bounds = {50 * MS, HOUR},
     MEMBER(struct config, watchdog_unready)},
    {.key = "stop",
     .type = FIELD_DURATION,
     .zero_allowed = true,
     .fallback = "10s",
     .bounds = {MS, HOUR},
     MEMBER(struct config, watchdog_stop)},
};
static const struct schema watchdog_schema = SCHEMA(watchdog_fields, struct config);

static const struct field plugins_fields[] = {
    {.key = "path", .type = FIELD_PATHS, LIST(struct config, plugin_path, plugin_path_count)},
};
static const struct schema plugins_schema = SCHEMA(plugins_fields, struct config);

static const struct field log_fields[] = {
    {.key = "level",
     .type = FIELD_CHOICE,
     .fallback = "info",
     .choices = log_levels,
     MEMBER(struct config, log_level)},
    {.key = "format",
     .type = FIELD_CHOICE,
     .fallback = "text",
     .choices = log_formats,
     MEMBER(struct config, log_format)},
    {.key = "access",
     .type = FIELD_CHOICE,
     .fallback = "off",
     .choices = accesses,
     MEMBER(struct config, log_access)},
    {.key = "sample",
     .type = FIELD_STRING,
     .fallback = "1/1",
     .check = config_check_sample,
     MEMBER(struct config, log_sample)},
    {.key = "queue",
     .type = FIELD_SIZE,
     .fallback = "1MiB",
     .bounds = {16 * KIB, GIB},
     MEMBER(struct config, log_queue)},
    {.key = "file",
     .type = FIELD_PATH,
     MEMBER(struct config, log_file),
     POSITION(struct config, log_file_position)},
};
static const struct schema log_schema = SCHEMA(log_fields, struct config);

static const struct field config_fields[] = {
    {.key = "listen",
     .type = FIELD_OBJECTS,
     .required = true,
     .schema = &listen_schema,
     LIST(struct config, listeners, listener_count)},
    {.key = "admin", .type = FIELD_SECTION, .schema = &admin_schema},
    {.key = "io",
     .type = FIELD_CHOICE,
     .fallback = "auto",
     .choices = ios,
     MEMBER(struct config, io),
     POSITION(struct config, io_position)},
    {.key = "loops",
     .type = FIELD_COUNT,
     .keyword = "auto",
     .fallback = "auto",
     .bounds = {1, 256},
     MEMBER(struct config, loops)},
    {.key = "front", .type = FIELD_SECTION, .schema = &front_schema},
    {.key = "limits", .type = FIELD_SECTION, .schema = &limits_schema},
    {.key = "offload", .type = FIELD_SECTION, .schema = &offload_schema},
    {.key = "shutdown", .type = FIELD_SECTION, .schema = &shutdown_schema},
    {.key = "watchdog", .type = FIELD_SECTION, .schema = &watchdog_schema},
    {.key = "demo_page", .type = FIELD_BOOL, .fallback = "false", MEMBER(struct config, demo_page)},
    {.key = "trusted_proxies",
     .type = FIELD_STRINGS,
     .bounds = {0, 1000},
     .check = config_check_prefix,
     LIST(struct config, trusted_proxies, trusted_proxy_count)},
    {.key = "plugins", .type = FIELD_SECTION, .schema = &plugins_schema},
    {.key = "log", .type = FIELD_SECTION, .schema = &log_schema},
    {.key = "endpoints",
     .type = FIELD_OBJECTS,
     .required = true,
     .schema = &endpoint_schema,
     LIST(struct config, endpoints, endpoint_count)},
};
const struct schema config_schema = SCHEMA(config_fields, struct config);
