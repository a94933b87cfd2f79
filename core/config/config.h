/*
 * The configuration as the server uses it: typed, checked, defaults filled in.
 *
 * Made by config_load on the main thread, immutable afterwards, so any thread may read it until the
 * last owner's config_destroy. All strings are owned by the configuration. Durations are
 * nanoseconds, sizes bytes.
 */
#ifndef SLUICE_CONFIG_CONFIG_H
#define SLUICE_CONFIG_CONFIG_H

#include "base/access_log.h"
#include "base/error.h"
#include "base/log.h"
#include "config/diagnostics.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct yaml_node;

struct tls_config {
    char *certificate; /* resolved path of the PEM chain */
    char *key;         /* resolved path of the PEM key */
    char *client_ca;   /* resolved path, or NULL: no client certificates asked for */
    char *client_crl;  /* resolved path, or NULL: no certificate is revoked */
    int min_version;   /* TLS1_2_VERSION or TLS1_3_VERSION of OpenSSL (0x0303, 0x0304) */
    struct position certificate_position;
    struct position key_position;
    struct position client_ca_position;
    struct position client_crl_position;
};

struct listen_config {
    char *address;            /* as written: "0.0.0.0:8080", "[::1]:8080" */
    struct tls_config *tls;   /* NULL: plain */
    struct position position; /* of the address */
};

enum on_error { ON_ERROR_DENY, ON_ERROR_CONTINUE };

/* What a reload means for clients that are connected. */
enum on_reload {
    ON_RELOAD_KEEP,   /* they stay */
    ON_RELOAD_RECHECK /* who would not be let in now is closed */
};

enum stage_mode {
    MODE_ENFORCE,
    MODE_SHADOW /* what the plugin decides is counted and logged, not done */
};

/* What a table of plugins' data may hold; 0: what the server's `storage` says. */
struct storage_limits {
    size_t max_bytes;
    uint32_t max_entries;
};

/* One entry of a pipeline. */
struct stage_config {
    char *plugin;
    enum on_error on_error;
    int64_t timeout; /* the longest deferral */
    int64_t budget;  /* calls that take longer are counted as over budget; 0: none is */
    enum stage_mode mode;
    struct storage_limits storage;   /* of its own table */
    struct position position;        /* of the plugin's name */
    const struct yaml_node *options; /* borrowed from the configuration's tree; NULL if none */
};

#define MESSAGE_TYPE_TEXT 1u
#define MESSAGE_TYPE_BINARY 2u

/* What happens when a client's queue is full. */
enum queue_overflow { QUEUE_CLOSE, QUEUE_DROP_OLDEST, QUEUE_DROP_NEWEST, QUEUE_CONFLATE };

/* What tells messages apart if nothing else is configured. */
#define CONFIG_CONFLATE_TOPIC "topic"

/* What a gap marker says if nothing else is configured. */
#define CONFIG_GAP_TEXT "{\"type\":\"gap\",\"dropped\":{dropped},\"bytes\":{bytes}}"

struct endpoint_config {
    char *path;
    struct position position;
    bool echo;
    bool identity_required;
    enum on_reload on_reload;
    char **subprotocols;
    size_t subprotocol_count;
    size_t message_max_size;
    uint32_t message_max_fragments;
    int64_t message_timeout;    /* 0: none */
    unsigned message_types;     /* MESSAGE_TYPE_* */
    int64_t heartbeat_interval; /* 0: off */
    int64_t heartbeat_timeout;
    size_t queue_bytes;
    uint32_t queue_messages; /* 0: no limit */
    enum queue_overflow queue_overflow;
    char *queue_key; /* of conflate: "topic" or a JSON Pointer; NULL: "topic" */
    bool gap_marker;
    char *gap_text;      /* NULL: CONFIG_GAP_TEXT */
    int64_t flush_delay; /* ns; 0: none */
    size_t flush_bytes;
    uint32_t clients_max;
    uint32_t clients_per_address; /* 0: no limit of its own */
    int64_t clients_max_age;      /* 0: any */
    uint32_t topics_per_client;
    bool compression_enabled;      /* permessage-deflate is agreed on with who offers it */
    size_t compression_min_size;   /* what is shorter is sent plain */
    size_t compression_max_size;   /* and so is what is longer */
    uint32_t compression_level;    /* zlib's, 1 to 9 */
    uint32_t compression_memory;   /* zlib's memLevel, 1 to 9 */
    struct storage_limits storage; /* of the table that its instances share */
    struct stage_config *pipeline;
    size_t pipeline_length;
};

#define ADMIN_LISTENERS_MAX 4
#define ADMIN_TOKENS_MAX 16                /* entries of admin.tokens */
#define ADMIN_TOKEN_NAME_MAX 64            /* bytes */
#define ADMIN_TOKEN_FILE_NAME "token_file" /* what the log calls those of admin.token_file */

/* What a request of the admin API may do; each role includes those before it. */
enum admin_role {
    ADMIN_ROLE_NONE,    /* what is open to everybody: health and readiness */
    ADMIN_ROLE_READ,    /* look: metrics, status, clients */
    ADMIN_ROLE_OPERATE, /* and steer: kick, ban, drain, broadcast */
    ADMIN_ROLE_ALL      /* and everything else: reload */
};

/* One entry of admin.tokens. */
struct admin_token_config {
    char *name; /* as the log shows it */
    enum admin_role role;
    char *file;               /* resolved path */
    struct position position; /* of the file's path */
};

/* How much is written to clients with one system call. */
enum config_io {
    CONFIG_IO_AUTO,    /* io_uring for large flushes, where it is to be had */
    CONFIG_IO_EPOLL,   /* each write is a call */
    CONFIG_IO_IO_URING /* io_uring for all but single writes */
};

struct config {
    _Atomic unsigned owners;
    char *file; /* as given; positions point here */
    struct listen_config *listeners;
    size_t listener_count;
    char **admin_listen; /* addresses, or "unix:" and a path; none: no admin listener */
    size_t admin_listen_count;
    char *admin_token_file; /* resolved path, or NULL; its tokens have every role */
    struct admin_token_config *admin_tokens;
    size_t admin_token_count;
    int admin_socket_mode;   /* of a Unix socket's file */
    unsigned admin_requests; /* that are worked on at once; health is not counted */
    struct position admin_position;
    uint32_t bans_max;
    char *bans_file; /* resolved path, or NULL: bans are gone with the process */
    struct position io_position;
    enum config_io io;
    unsigned loops; /* 0: one for each CPU that the process may use */
    unsigned front_workers;
    unsigned front_handshake_threads; /* 0: as many as CPUs */
    int64_t front_request_timeout;
    size_t front_max_header;
    uint32_t limit_clients;
    uint32_t limit_clients_per_address;
    size_t limit_queue_bytes;
    size_t limit_handshake_bytes;
    size_t limit_input_bytes;
    uint32_t limit_plugin_descriptors;     /* watched, of one instance */
    uint32_t limit_handshakes_per_address; /* a second; 0: no limit */
    unsigned offload_threads;
    unsigned offload_per_instance;       /* that one instance may have at once */
    uint32_t offload_queue;              /* jobs that may wait */
    uint32_t offload_queue_per_instance; /* those of one instance */
    unsigned http_in_flight;
    unsigned http_per_instance;
    uint32_t http_queue;            /* requests of one instance that may wait */
    uint32_t http_breaker_failures; /* in a row; 0: no circuit breaker opens */
    uint32_t storage_max_entries;   /* of each table */
    int64_t http_breaker_pause;
    size_t storage_max_bytes; /* of each table */
    char *storage_path;       /* resolved, or NULL: tables are gone with the process */
    struct position storage_path_position;
    int64_t storage_sync;          /* how often they are written to it */
    int64_t plugin_create_timeout; /* until an instance that finishes its create later has */
    int64_t shutdown_delay;        /* from /readyz's 503 to the first close */
    int64_t shutdown_grace;
    int64_t watchdog_warn;    /* a call that goes on for longer is named */
    int64_t watchdog_unready; /* and makes /readyz fail after this; 0: never */
    int64_t watchdog_stop;    /* after shutdown_grace the process is cut off; 0: never */
    bool admin_console;       /* whether the admin listener has a page at / */
    bool demo_page;
    char **trusted_proxies; /* prefixes and addresses, checked */
    size_t trusted_proxy_count;
    char **plugin_path; /* resolved folders, searched in order */
    size_t plugin_path_count;
    enum log_level log_level;
    enum log_format log_format;
    enum access_log log_access;
    char *log_sample; /* "1/100": see access_log_read_sample */
    size_t log_queue; /* bytes of lines that wait to be written */
    char *log_file;   /* resolved path, or NULL: standard error */
    struct position log_file_position;
    struct endpoint_config *endpoints;
    size_t endpoint_count;
    bool plugins_in_place;  /* --plugins-in-place: for debuggers */
    struct yaml_node *tree; /* owned; stages' options point into it */
};

/* Whether requests of the admin API that do not come through a Unix socket need a token. */
static inline bool config_needs_admin_token(const struct config *config)
{
    return config->admin_token_file != NULL || config->admin_token_count > 0;
}

/* "--set" and friends: values laid over the file before it is checked. */
struct config_override {
    const char *path;  /* "listen.0.address" */
    const char *value; /* YAML, such as "127.0.0.1:0" or "[text]" */
};

/* Reads, overlays and checks `file`. On success *out is owned by the caller. Returns 0, ERR_CONFIG
 * (with at least one entry in `diagnostics`) or ERR_NO_MEMORY. All errors are collected, not only
 * the first. Plugins and their options are not looked at: see pipeline/. */
MUST_CHECK int config_load(const char *file, const struct config_override *overrides,
                           size_t override_count, struct diagnostics *diagnostics,
                           struct config **out);

/* The same, but *out is what could be read even after ERR_CONFIG, for looking at what else is
 * wrong and never for serving: anything in it may be missing. NULL: the file is no YAML. */
MUST_CHECK int config_load_broken(const char *file, const struct config_override *overrides,
                                  size_t override_count, struct diagnostics *diagnostics,
                                  struct config **out);

/* One more owner. Any thread. */
struct config *config_ref(struct config *config);

/* One owner less; the last one frees. NULL is fine. Any thread. */
void config_destroy(struct config *config);

#endif
