/*
 * sluice/plugin.h - the contract between the Sluice server and a plugin.
 *
 * A plugin is a shared object that exports one symbol, `sluice_plugin`, a constant of type
 * `struct sl_plugin`. Nothing else of it is looked at. A minimal one:
 *
 *     #include <sluice/plugin.h>
 *
 *     static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
 *                                       const struct sl_message *message)
 *     {
 *         return message->len > 0 ? SL_CONTINUE : SL_DROP;
 *     }
 *
 *     SL_EXPORT const struct sl_plugin sluice_plugin = {
 *         SL_PLUGIN_HEADER,
 *         .name = "not-empty",
 *         .version = "1.0.0",
 *         .summary = "Drops empty messages",
 *         .license = "MIT",
 *         .on_message = on_message,
 *     };
 *
 * Ownership: what a hook is handed (client, request, message, strings) is borrowed until the hook
 * returns, or, after host->defer, until the deferral is completed or cancelled. What a plugin hands
 * to the host is copied. Strings are pointer and length and are not zero-terminated unless the
 * parameter's name ends in `_cstr`.
 *
 * Threads: the hooks of one client run on one thread, one at a time, in order. Hooks of different
 * clients may run at once, so instance state that changes needs atomics or a lock; per-client state
 * does not. A hook must not block: what takes long is offloaded (host->offload), or answered later
 * (host->defer). Host functions marked [any thread] may be called from anywhere, the others only
 * inside a hook. create, on_reload and destroy run on the main thread; on_reload runs while other
 * hooks of the instance may be running.
 *
 * Order: each client sees its messages in order. Everything that is sent to an endpoint's clients
 * or to a topic, from any thread, is seen by all of them in one and the same order; what a plugin
 * sends under a lock of its own, in the order of the lock. What a hook does to one client (send,
 * broadcast, subscribe, close) happens in the order of the calls. An answer is never seen before
 * what it answers: whoever has been sent a message, or knows from the plugin's memory that it was
 * sent, can send nothing that anybody gets before it. Someone who subscribes gets nothing that was
 * published before, and everything that is published afterwards. So a plugin that publishes and
 * stores under one lock, and subscribes and sends what it has stored under the same lock, gives
 * everybody who joins the whole story: nothing is missing, nothing comes twice.
 *
 * ABI policy: within one SL_ABI_MAJOR, released structs only grow at their end, functions and enum
 * values are only added, and meanings never change. The server fills `struct_size` of what it hands
 * out, and reads no more of the plugin's table than the plugin's `struct_size` says. A plugin that
 * uses a host function newer than the minor version it was written for asks SL_HAS first. Enums
 * that the server passes to a plugin may gain values: handle what you do not know as if it were not
 * there. A verdict that the server does not know is treated as SL_ERROR.
 *
 * A plugin whose table is longer than the server's and not zero there is refused, since its hooks
 * would never be called. A table that may also meet older servers leaves new members unset.
 *
 * Reserved for later minor versions (do not use these values): verdicts 6 and above, option types
 * 14 and above, message types 3 and above, plugin flags (all bits).
 *
 * What is newer than ABI 1.0 says so: [1.1], [1.2].
 */
#ifndef SLUICE_PLUGIN_H
#define SLUICE_PLUGIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#define SL_EXPORT extern "C" __attribute__((visibility("default"), used))
#else
#define SL_EXPORT __attribute__((visibility("default")))
#endif

#define SL_MAGIC 0x43554c53u /* "SLUC" in memory on a little-endian machine */
#define SL_ABI_MAJOR 1
#define SL_ABI_MINOR 2

/* The first four members of every plugin's table, in order. */
#define SL_PLUGIN_HEADER                                                                           \
    .magic = SL_MAGIC, .abi_major = SL_ABI_MAJOR, .abi_minor = SL_ABI_MINOR,                       \
    .struct_size = (uint32_t)sizeof(struct sl_plugin)

/* Whether the host that this plugin runs in has the function `function`. */
#define SL_HAS(host, function)                                                                     \
    ((host)->struct_size >= offsetof(struct sl_host, function) + sizeof((host)->function) &&       \
     (host)->function != NULL)

struct sl_client; /* One connected (or connecting) client. Opaque. */
struct sl_value;  /* One option's value. Opaque, lives until its instance ends or on_reload. */
struct sl_host;   /* The server's functions, below. */
struct sl_metric; /* [1.1] A counter, gauge or histogram of an instance. Opaque. */

/* Bytes with a length; not zero-terminated. */
struct sl_string {
    const char *data;
    size_t len;
};

/* What a hook decides. */
enum sl_verdict {
    SL_ERROR = -1,   /* the plugin failed: the instance's `on_error` policy decides */
    SL_CONTINUE = 0, /* no objection: the next plugin of the chain is asked */
    SL_DROP = 1,     /* on_message: the message goes no further; the client stays */
    SL_HANDLED = 2,  /* on_message: like SL_DROP, but as a success: the plugin did what was asked */
    SL_CLOSE = 3,    /* on_message: close the client; say how with host->close_with (else 1008);
                        [1.2] also completes what on_open has deferred */
    SL_DENY = 4,     /* on_connect: refuse the upgrade; say how with host->deny (else 403) */
    SL_DEFER = 5     /* [1.1] decided later, by host->complete; only what host->defer returned */
};

/* [1.1] What host->complete returns if the deferral is over already. */
#define SL_GONE (-2)

/* [1.2] What host->subscribe and host->publish return if a plugin of the endpoint objects. */
#define SL_REFUSED (-3)

/* [1.2] What on_reload returns if it wants a new instance to take the new options. */
#define SL_RELOAD_REPLACE (-4)

enum sl_message_type { SL_TEXT = 1, SL_BINARY = 2 };

enum sl_log_level { SL_LOG_ERROR = 0, SL_LOG_WARN = 1, SL_LOG_INFO = 2, SL_LOG_DEBUG = 3 };

/* ------------------------------------------------------------------------------------ options */

enum sl_option_type {
    SL_OPTION_BOOL = 1,     /* true or false */
    SL_OPTION_INTEGER = 2,  /* a 64-bit signed integer */
    SL_OPTION_NUMBER = 3,   /* a double */
    SL_OPTION_STRING = 4,   /* text */
    SL_OPTION_DURATION = 5, /* 250ms, 5s, 2m, 1h; read as integer: nanoseconds */
    SL_OPTION_SIZE = 6,     /* 512, 64KiB, 1MiB; read as integer: bytes */
    SL_OPTION_RATE = 7,     /* 50/s, 1000/m; read as number: per second */
    SL_OPTION_CHOICE = 8,   /* one of `choices`; read as string */
    SL_OPTION_STRINGS = 9,  /* a list of strings; each one of `choices` if there are any */
    SL_OPTION_PATH = 10,    /* a file or folder; relative ones are resolved by the server */
    SL_OPTION_SECRET = 11,  /* ${VARIABLE}, {env: VARIABLE} or {file: PATH}; never printed */
    SL_OPTION_MAP = 12,     /* a mapping of names to any values */
    SL_OPTION_MAPS = 13     /* a list of mappings */
};

enum sl_option_flags {
    SL_OPTION_REQUIRED = 1u << 0, /* leaving it out is an error */
    /* [1.2] Of string and strings: names a query parameter, a header field, a cookie or a member of
     * JSON messages that holds credentials. Recordings leave out what stands there. */
    SL_OPTION_CREDENTIAL = 1u << 1
};

/*
 * One row of a plugin's option table. From this table the server checks the YAML, fills defaults,
 * redacts secrets and prints `sluice plugins NAME`.
 */
struct sl_option {
    const char *name;
    enum sl_option_type type;
    uint32_t flags;            /* enum sl_option_flags */
    const char *default_value; /* as it would stand in YAML, or NULL: unset */
    /* Bounds, inclusive, in the unit that is read: of integer, number, duration, size and rate the
     * value, of string and strings the length. Both finite; both 0: unbounded. */
    double minimum;
    double maximum;
    const char *const *choices; /* NULL-terminated, or NULL */
    const char *summary;        /* one sentence, without a full stop */
};

/* ------------------------------------------------------------------------------ what hooks see */

/*
 * One use of a plugin in one endpoint's pipeline. The same plugin may have several; none of them
 * needs a global.
 */
struct sl_instance {
    uint32_t struct_size;
    uint32_t reserved;
    const struct sl_host *host; /* the server's functions */
    void *state;                /* `instance_size` bytes, zeroed before create; NULL if 0 */
    const char *name;           /* zero-terminated, for messages: the plugin's name and position */
    const char *endpoint;       /* zero-terminated: the path of the endpoint it serves */
};

/* An upgrade request, borrowed while on_connect runs. More through the host's request functions. */
struct sl_request {
    uint32_t struct_size;
    bool secure;                  /* came over TLS */
    struct sl_string path;        /* decoded, without the query */
    struct sl_string query;       /* raw, without the question mark; empty if none */
    struct sl_string subprotocol; /* negotiated from the endpoint's list so far; empty if none */
};

/* A whole message, borrowed while on_message runs. Change it only with host->message_replace. */
struct sl_message {
    uint32_t struct_size;
    enum sl_message_type type;
    const char *data; /* text is valid UTF-8; not zero-terminated; never NULL */
    size_t len;       /* bytes */
};

/* How a client ended, for this instance. */
struct sl_close {
    uint32_t struct_size;
    /* The close code sent or received; 1006 if there was none. 0: the client stays, but a reload
     * has replaced the instance or taken it out of the pipeline. */
    uint16_t code;
    bool by_peer;            /* the client closed first */
    struct sl_string reason; /* as sent or received; may be empty */
};

/* ----------------------------------------------------------------------------- deferral [1.1] */

/*
 * Names one deferral. A plain value: copy it, keep it, hand it to any thread. Completing a ticket
 * whose deferral is over is harmless.
 */
struct sl_ticket {
    uint64_t value; /* 0: no deferral */
    void *owner;    /* the server's */
};

/* Why a deferral ended without its completion. New reasons may be added. */
enum sl_cancel_reason {
    /* The client left first, or, in shadow mode, a reload has taken it away from the instance. */
    SL_CANCEL_CLIENT_GONE = 1,
    SL_CANCEL_TIMEOUT = 2, /* the deadline has passed; `on_error` decides */
    SL_CANCEL_SHUTDOWN = 3 /* the server is stopping */
};

/* How to defer; all zero after struct_size is fine. */
struct sl_deferral {
    uint32_t struct_size;
    /* When `timeout` has passed the chain goes on as if with SL_CONTINUE, and on_cancel is not
     * called: the client was only to be slowed down. */
    bool is_delay;
    /* Nanoseconds until the deadline. 0, or more than the instance's `timeout` allows: that. A
     * delay may take up to an hour. */
    int64_t timeout;
    void *context; /* the plugin's */
    /* May be NULL. Called at most once, on the client's thread, when the deferral ends without its
     * completion. What was borrowed is gone when it returns. */
    void (*on_cancel)(struct sl_instance *self, struct sl_ticket ticket, void *context,
                      enum sl_cancel_reason reason);
};

/* A name and its value. */
struct sl_pair {
    struct sl_string name;
    struct sl_string value;
};

/*
 * What a completion may carry beside its verdict; all zero after struct_size is fine. Everything is
 * copied.
 */
struct sl_completion {
    uint32_t struct_size;
    /* A message: its new type and payload, as with host->message_replace. Type 0: unchanged. */
    enum sl_message_type type;
    struct sl_string data;
    /* SL_CLOSE: the code (0: 1008). SL_DENY: the status (0: 403). */
    int code;
    struct sl_string reason;
    const struct sl_pair *headers; /* SL_DENY: further headers of the refusal */
    size_t header_count;
    /* A connecting client and SL_CONTINUE: as host->identify and host->attribute_set. What on_open
     * has deferred and SL_CONTINUE: the attributes, and no identity any more. */
    struct sl_string identity;
    const struct sl_pair *attributes;
    size_t attribute_count;
};

/* -------------------------------------------------------------------------------- more [1.1] */

/* What host->request_certificate can tell. New fields may be added. */
enum sl_certificate_field {
    SL_CERTIFICATE_SUBJECT = 1,     /* the whole name: "CN=device-7,O=Example" (RFC 2253) */
    SL_CERTIFICATE_COMMON_NAME = 2, /* the subject's nth */
    SL_CERTIFICATE_ISSUER = 3,      /* the whole name */
    SL_CERTIFICATE_SERIAL = 4,      /* hexadecimal, lower case */
    SL_CERTIFICATE_SHA256 = 5,      /* fingerprint: hexadecimal, lower case */
    SL_CERTIFICATE_DNS = 6,         /* the nth DNS name among the alternative names */
    SL_CERTIFICATE_EMAIL = 7,       /* the nth address */
    SL_CERTIFICATE_URI = 8          /* the nth URI */
};

enum sl_metric_kind {
    SL_COUNTER = 1,  /* only grows: host->metric_add */
    SL_GAUGE = 2,    /* goes up and down: host->metric_add, host->metric_set */
    SL_HISTOGRAM = 3 /* host->metric_observe */
};

/* -------------------------------------------------------------------------------- more [1.2] */

/* What an instance is there for: host->mode. Outside effects (requests to services, files,
 * databases) belong to SL_MODE_SERVE alone; a mode that is not known is none of those that serve.
 */
enum sl_mode {
    SL_MODE_SERVE = 1,  /* clients, and the plugin decides */
    SL_MODE_SHADOW = 2, /* clients, and what the plugin decides is counted and not done */
    SL_MODE_CHECK = 3,  /* `sluice check`: it is created and destroyed again, no client comes */
    SL_MODE_REPLAY = 4, /* `sluice replay`: recorded clients */
    SL_MODE_TEST = 5    /* `sluice test-plugin`: clients of a scenario */
};

/* For what host->fd_watch watches a descriptor, and what it is ready for. */
enum sl_fd_events {
    SL_FD_READ = 1u << 0, /* it can be read, or is at its end */
    SL_FD_WRITE = 1u << 1,
    SL_FD_ERROR = 1u << 2 /* only told: it has failed, or its other side is gone */
};

/* ------------------------------------------------------------------------ HTTP requests [1.2] */

enum sl_http_flags {
    /* Goes through the proxy that the server's environment names (http_proxy, https_proxy,
     * no_proxy). Without this the environment is not looked at. */
    SL_HTTP_PROXY_FROM_ENVIRONMENT = 1u << 0,
    /* Does not keep the instance: once nothing else needs that any more (a reload has taken it out,
     * the server stops), the request ends as SL_HTTP_CANCELLED, and `destroy` comes after its
     * `done`. A server that stops does not wait for it. For what only the instance itself needs. */
    SL_HTTP_ENDS_WITH_INSTANCE = 1u << 1,
    /* The circuit breaker is neither asked nor told: the plugin has pauses of its own, or clients
     * could bring about failures that would open it for the others. */
    SL_HTTP_WITHOUT_BREAKER = 1u << 2
};

/*
 * One HTTP request; all zero after struct_size but for `url` is fine. Everything is copied.
 * Redirects are not followed, no cookies are kept, and no .netrc is read. TLS is 1.2 or newer and
 * the server's certificate is always verified.
 */
struct sl_http_request {
    uint32_t struct_size;
    uint32_t flags;          /* enum sl_http_flags */
    struct sl_string url;    /* http:// or https://, without a user, as it goes on the wire */
    struct sl_string method; /* empty: GET, or POST if there is a body */
    /* A name or value with a line break is refused, and so are names that only the server may
     * use: Connection, Content-Length, Expect, Keep-Alive, Proxy-Connection, TE, Trailer,
     * Transfer-Encoding, Upgrade. */
    const struct sl_pair *headers;
    size_t header_count;
    struct sl_string body; /* not with GET and HEAD */
    int64_t timeout;       /* ns for all of it, the wait for a turn too; 0: 10 s; at most an hour */
    size_t max_head;       /* bytes of the response's head; 0: 16 KiB */
    size_t max_body;       /* bytes of its body; 0: 64 KiB; at most 256 MiB */
    const char *ca_file_cstr; /* authorities to trust instead of the system's, PEM; NULL: those */
    uint32_t max_redirects;   /* of GET and HEAD that are followed, never from https to http; at
                                 most 10 */
};

/* How a request has ended. New outcomes may be added: handle them as SL_HTTP_FAILED. */
enum sl_http_outcome {
    SL_HTTP_ANSWERED = 1,  /* the response is whole; its status may be any */
    SL_HTTP_FAILED = 2,    /* no connection, TLS not verified, broken off, not HTTP, no memory */
    SL_HTTP_TIMEOUT = 3,   /* not whole in time */
    SL_HTTP_TOO_LARGE = 4, /* the response's head or body is larger than the request allows */
    SL_HTTP_REFUSED = 5,   /* not sent: this server failed several times in a row (http.breaker), or
                              lookups of names in DNS hang */
    SL_HTTP_CANCELLED = 6  /* the client or the instance is gone, or the server stops */
};

/* What has come of a request; borrowed until `done` returns. */
struct sl_http_response {
    uint32_t struct_size;
    enum sl_http_outcome outcome;
    int status;                    /* 200 to 599; 0 unless it was answered */
    struct sl_string error;        /* a sentence for the log; empty if it was answered */
    const struct sl_pair *headers; /* in their order, without blanks around the value */
    size_t header_count;
    struct sl_string body;
    int64_t duration; /* ns since host->http_request */
};

/* Which clients host->client_list is to name; all zero after struct_size is fine. */
struct sl_client_query {
    uint32_t struct_size;
    uint32_t max;              /* ids in a page, up to 1024; 0: 1024 */
    const char *endpoint_cstr; /* its path; NULL: the instance's own */
    struct sl_string identity; /* clients with that one only; empty: all */
    uint64_t cursor;           /* of the page before; 0: from the beginning */
};

/* Some of them. */
struct sl_client_page {
    uint32_t struct_size;
    uint32_t count;
    const uint64_t *ids; /* in no order; borrowed */
    uint64_t cursor;     /* where the next page begins; 0: this is the last one */
};

/* ----------------------------------------------------------------------------- storage [1.2] */

/* Which of the server's tables. */
enum sl_storage_scope {
    SL_STORAGE_INSTANCE = 1, /* the instance's own: that of its name at its endpoint */
    SL_STORAGE_ENDPOINT = 2  /* of all instances of its endpoint */
};

/* What the storage functions return beside 0 and lengths. New values may be added; all are
 * negative. */
enum sl_storage_result {
    SL_STORAGE_FAILED = -1, /* something is not valid, or no memory */
    SL_STORAGE_NONE = -2,   /* there is no such key, or no further entry */
    SL_STORAGE_FULL = -3,   /* the table has as many entries, or bytes, as it may */
    SL_STORAGE_DIFFERS = -4 /* the value is another one; of storage_add: no counter */
};

#define SL_STORAGE_KEY_MAX 512                     /* bytes; a key has at least one */
#define SL_STORAGE_VALUE_MAX ((size_t)1024 * 1024) /* bytes */

/* Where an iteration stands. All zero: before the first entry. */
struct sl_storage_cursor {
    uint64_t position;
    uint32_t among;
    uint32_t part;
};

/* An entry that host->storage_next has found. */
struct sl_storage_entry {
    uint32_t struct_size;
    uint32_t key_len;
    char key[SL_STORAGE_KEY_MAX]; /* not zero-terminated */
    void *value;                  /* the caller's, of `capacity` bytes; it gets the value if that */
    size_t capacity;              /* is not longer */
    size_t len;                   /* of the value */
    int64_t age;                  /* ns until it is gone; 0: it stays */
};

/* ---------------------------------------------------------------------------- taking over [1.2] */

/* The instance that on_handover's has replaced. */
struct sl_handover {
    uint32_t struct_size;
    uint32_t state_size; /* its plugin's instance_size */
    void *state;         /* its state; NULL if `state_size` is 0 */
    const char *version; /* its plugin's, zero-terminated */
};

/* ---------------------------------------------------------------------------- services [1.2] */

/*
 * What a plugin does for others: a table of functions under a name and a version, which both know
 * from a header of the provider's. It begins with `uint32_t struct_size` and has functions whose
 * first parameter is the provider's instance:
 *
 *     struct directory {
 *         uint32_t struct_size;
 *         size_t (*count)(struct sl_instance *provider);
 *     };
 *
 * A major version is a table: another one is another service. Within it the table grows at its
 * end, and the minor version with it. A service is found by instances that come after its provider
 * in the same pipeline; if several provide it, the nearest one before. One that is in shadow mode
 * is found by instances in shadow mode only.
 *
 * Lifetime: whoever has found a service holds its provider. The provider's code, table and instance
 * stay, and its destroy is not called, before the destroy of all who have found it has returned. A
 * reload leaves an instance as it is only if everything it has looked for is still found in the
 * same instances: if its provider is replaced, so is the instance, and if nobody provides any more
 * what it needs, its create fails, and nothing changes. So a pointer to a service is never stale,
 * and never needs to be looked up again.
 *
 * Calls: a call is the plain call of a function; the server is not in between. It counts as a part
 * of the caller's hook: its time, its crashes, and whether what it does to a client is done, which
 * it is not while the caller is in shadow mode. What changes something for others is not called in
 * shadow mode (host->mode). The functions may be called on any thread on which the caller runs,
 * many at once, unless the provider's header says otherwise. In a hook about a client the caller
 * may hand the client over: the provider has its own state of it, and its hook for that client came
 * before, also in on_close, and comes after in client_free. In the functions the provider calls
 * host functions with its own instance, but host->defer, which is the caller's alone.
 */
#define SL_SERVICE_NAME_MAX 63 /* bytes: lower case letters, digits, '-', '_' and '.' */

/* A service that host->service_find has found; stays until the finder's destroy has returned. */
struct sl_service {
    uint32_t struct_size;
    uint16_t major; /* of what is provided: as asked for */
    uint16_t minor; /* likewise: at least as asked for */
    const void *table;
    struct sl_instance *provider; /* the first argument of the table's functions */
};

/* ----------------------------------------------------------------------------- events [1.2] */

#define SL_EVENT_PAYLOAD_MAX ((size_t)64 * 1024) /* bytes */

/* Something that another instance of the pipeline has told of; borrowed until on_event returns. */
struct sl_event {
    uint32_t struct_size;
    uint32_t reserved;
    struct sl_string name;    /* zero-terminated, too */
    struct sl_string payload; /* any bytes, as its emitter has handed them over; data is not NULL */
    const char *emitter;      /* the instance's name, zero-terminated */
};

/* -------------------------------------------------------------------------- the plugin's table */

struct sl_plugin {
    uint32_t magic;     /* SL_MAGIC            -- these four by SL_PLUGIN_HEADER */
    uint16_t abi_major; /* SL_ABI_MAJOR */
    uint16_t abi_minor; /* SL_ABI_MINOR */
    uint32_t struct_size;
    uint32_t flags; /* reserved: 0 */

    const char *name;    /* as YAML calls it: lower case letters, digits, '-' */
    const char *version; /* "1.2.3" */
    const char *summary; /* one line */
    const char *license; /* an SPDX identifier */

    const struct sl_option *options; /* `options_count` rows, or NULL */
    uint32_t options_count;
    uint32_t option_size; /* sizeof(struct sl_option); see SL_OPTIONS */

    uint32_t instance_size; /* zeroed state kept for each instance, bytes */
    uint32_t client_size;   /* zeroed state kept for each client and instance, bytes */

    /* An instance begins. Return 0, or SL_ERROR after host->fail: the server then does not start.
     * [1.2] What takes long need not be waited for here: see host->create_defer. */
    int (*create)(struct sl_instance *self);
    /* An instance ends; no hook of it runs any more. Called only if create returned 0. */
    void (*destroy)(struct sl_instance *self);

    /* A client asks to upgrade. Its state is zeroed. May continue, deny or defer. If the upgrade
     * fails after this hook (a later plugin denies, the client leaves), on_close is not called:
     * what must be given back is released in client_free [1.2], or taken in on_open. */
    enum sl_verdict (*on_connect)(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request);
    /* The client is registered, its 101 reply is queued. Also called when a reload brings a new
     * instance to a client that is connected already (host->client_is_new tells); its state is
     * zeroed then, and on_connect has not been called.
     * [1.2] May defer (host->defer; there is nothing to return): to load what the client needs
     * before its first message. The instances behind this one get on_open when the deferral has
     * been completed with SL_CONTINUE, and messages that the client sends wait, in their order,
     * until all have had theirs. It is a client of its endpoint all the time: it is counted, can be
     * closed, and is sent what goes to all, to its identity, and to topics from host->subscribe on.
     * SL_CLOSE closes it, with the completion's code and reason; so does SL_ERROR where `on_error`
     * does not say otherwise, with 1011. Instances that have not had on_open by then, or when the
     * client leaves, get neither it nor on_close. */
    void (*on_open)(struct sl_instance *self, struct sl_client *client);
    /* A whole message passed the plugins before this one. After host->message_replace, `message`
     * shows the new payload. */
    enum sl_verdict (*on_message)(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message);
    /* The client is gone: exactly one call for every on_open. Nothing can be sent to it. */
    void (*on_close)(struct sl_instance *self, struct sl_client *client,
                     const struct sl_close *how);

    /* -- [1.1] from here on */

    /* A timer that the instance has started fires. All timers of an instance fire on one thread,
     * one at a time, while hooks for clients may run on others. */
    void (*on_timer)(struct sl_instance *self, uint64_t timer, uint64_t tag);
    /* A reload has changed the options of this instance, and nothing else about it: read them anew;
     * values from before are gone when on_reload has returned and the hooks that are running have.
     * Return 0, or SL_ERROR after host->fail: then the reload fails and on_reload is called no
     * more, the old options being there again. May be called with the options that it has already,
     * and more than once in a reload: with the old ones if another instance fails, or if the create
     * of a new one finishes later [1.2], and then with the new ones again when it has.
     * A plugin without this hook gets a new instance instead, and so does one that returns
     * SL_RELOAD_REPLACE [1.2; an older server refuses the reload]: the old options are there again
     * for as long as this instance serves, and if create of the new one fails, the reload fails.
     * Main thread, while other hooks run. */
    int (*on_reload)(struct sl_instance *self);
    /* -- [1.2] from here on */

    /* A reload is over, and the client's endpoint asks with `on_reload: recheck` whether clients
     * that are connected would still be let in: SL_CONTINUE, or SL_DENY, and the client is closed
     * with 4401 (unless the hook has closed it with host->close, with a code and a reason of its
     * own). SL_ERROR meets `on_error`. The request is not there any more: what on_connect learnt is
     * in attributes and the client's state. Called on the client's thread, after on_open where the
     * instance is new, also where nothing about the instance has changed. */
    enum sl_verdict (*on_recheck)(struct sl_instance *self, struct sl_client *client);

    /* Another plugin subscribes the client to a topic that it is not subscribed to: SL_CONTINUE, or
     * SL_DENY: host->subscribe returns SL_REFUSED. SL_ERROR meets `on_error`. Called inside that
     * function, on the client's thread, so perhaps before this instance's on_open; the subscription
     * may still fail for another reason. Wait for no lock that somebody
     * holds over host->publish or host->subscribe. Nobody can be subscribed in here. Not called for
     * subscriptions that a reload has found. */
    enum sl_verdict (*on_subscribe)(struct sl_instance *self, struct sl_client *client,
                                    const char *topic, size_t len);
    /* A message is about to go to a topic of the endpoint: from the pipeline, or by host->publish
     * of another plugin. `origin` is the client that has sent it, or whose hook publishes, perhaps
     * before this instance's on_open; NULL: a client of another endpoint, or none. SL_CONTINUE,
     * after host->message_replace perhaps; or SL_DENY: nobody gets it, and host->publish returns
     * SL_REFUSED. SL_ERROR meets `on_error`. Called on the thread that publishes, whichever that
     * is, before the message has its place in the order, and perhaps while the publisher holds a
     * lock of its own: wait for no lock that somebody holds over host->publish or host->subscribe.
     * Nothing can be published to topics in here. */
    enum sl_verdict (*on_publish)(struct sl_instance *self, struct sl_client *origin,
                                  const char *topic, size_t len, const struct sl_message *message);

    /* This instance has replaced one of the same name, since a reload has brought a rebuilt file or
     * options that the other did not take live, or for which it asked for a new one. Called once,
     * when nothing of the old instance runs any more: its hooks have returned, on_close of its
     * clients included, its timers, deferrals, offloaded work and HTTP requests are over; only
     * threads of its own still run. Its destroy is called right afterwards: what is taken out of
     * its state (set to NULL there, say) is this instance's. This instance serves already, and for
     * as long as a verdict of the old one is awaited, so what comes is added to what there is. The
     * old plugin may be another version with another state: look at `version` and `state_size`
     * first. Main thread, while hooks of this instance run. */
    void (*on_handover)(struct sl_instance *self, const struct sl_handover *from);

    /* The client's state block of this instance goes: release what it owns. Exactly one call for
     * each client for which on_connect has been called, or that was open while this instance was in
     * its pipeline, whatever has become of it: denied by any plugin or by the server, gone while a
     * verdict was awaited, closed, taken from this instance by a reload, or there when the server
     * stops. The last call about the client: after on_close, if there is one, and after on_cancel
     * of its deferrals; offloaded work and HTTP requests that are still under way come back without
     * it. On the client's thread. Of the functions for the client those that read may be called
     * (client_state, client_id, client_address, client_endpoint, client_identity, attribute); it is
     * not to be sent anything and cannot be subscribed. From the last instance to the first. */
    void (*client_free)(struct sl_instance *self, struct sl_client *client);

    /* Another instance of the pipeline has emitted an event to which this one listens
     * (host->event_listen). `client` is the one that it is about, perhaps before this instance's
     * on_open; NULL: none. Called inside host->event_emit, on the thread that emits, whichever that
     * is, and perhaps while the emitter holds a lock of its own: wait for no lock that somebody
     * holds over host->event_emit. Whoever emits waits for it, so this takes no longer than a hook.
     * It belongs to no verdict: it can neither defer nor say how a client is closed (host->close
     * closes one). No event can be emitted in here. */
    void (*on_event)(struct sl_instance *self, struct sl_client *client,
                     const struct sl_event *event);
};

/* Fills `options`, `options_count` and `option_size` from an array. */
#define SL_OPTIONS(array)                                                                          \
    .options = (array), .options_count = (uint32_t)(sizeof(array) / sizeof((array)[0])),           \
    .option_size = (uint32_t)sizeof(struct sl_option)

/* --------------------------------------------------------------------------- the host's table */

/*
 * Functions that return int return 0 or a negative number; what can fail says how.
 * `self` is always the instance whose hook is running (or whose thread is calling).
 */
struct sl_host {
    uint32_t struct_size;
    uint16_t abi_major;
    uint16_t abi_minor;

    /* -- log [any thread] -- see the sl_log helper below */
    bool (*log_enabled)(enum sl_log_level level);
    void (*log)(const struct sl_instance *self, enum sl_log_level level, const char *text,
                size_t len);
    /* In create: the sentence that the operator reads when create returns SL_ERROR. */
    void (*fail)(struct sl_instance *self, const char *text, size_t len);

    /* -- time [any thread]: nanoseconds. Inside a hook the monotonic one is the loop's cached
     * clock: cheap, and the same for everything that happens in one iteration. */
    int64_t (*time_monotonic)(void);
    int64_t (*time_wall)(void); /* since 1970-01-01 UTC, read from the system */

    /* -- memory [any thread]: like malloc, realloc and free, but the test runner can make them
     * fail. What `allocate` gave may only be given to `reallocate` and `release`. */
    void *(*allocate)(size_t size);
    void *(*reallocate)(void *memory, size_t size);
    void (*release)(void *memory);

    /* -- options [any thread]. `option` returns NULL if the option is not set and has no default.
     * A value stays until the hook or the offloaded work that asked for it has returned; on a
     * thread of the plugin's own it stays as long as the instance. Offloaded work sees one set of
     * options from its first question to its end, whatever a reload does.
     * The value_* functions return 0, 0.0, false, an empty string or NULL for a value of another
     * type, and accept NULL. Inside maps, scalars have the type that YAML 1.2 gives them. */
    const struct sl_value *(*option)(const struct sl_instance *self, const char *name_cstr);
    enum sl_option_type (*value_type)(const struct sl_value *value);
    bool (*value_bool)(const struct sl_value *value);
    int64_t (*value_integer)(const struct sl_value *value); /* integer, duration (ns), size (B) */
    double (*value_number)(const struct sl_value *value);   /* number, rate (/s), or integer */
    struct sl_string (*value_string)(const struct sl_value *value); /* also zero-terminated */
    /* Lists and maps: how many entries; the nth; its name (maps); the entry of that name (maps). */
    size_t (*value_count)(const struct sl_value *value);
    const struct sl_value *(*value_at)(const struct sl_value *value, size_t index);
    struct sl_string (*value_key)(const struct sl_value *value, size_t index);
    const struct sl_value *(*value_member)(const struct sl_value *value, const char *name_cstr);

    /* -- the upgrade request, in on_connect. `found` is borrowed until the hook returns. */
    /* The first header of that name (any case); false if there is none. */
    bool (*request_header)(const struct sl_request *request, const char *name_cstr,
                           struct sl_string *found);
    /* The first query parameter of that name, percent-decoded; false if there is none. */
    bool (*request_query)(const struct sl_request *request, const char *name_cstr,
                          struct sl_string *found);
    /* The first cookie of that name, as sent; false if there is none. */
    bool (*request_cookie)(const struct sl_request *request, const char *name_cstr,
                           struct sl_string *found);
    /* The nth subprotocol that the client offered; false past the last. */
    bool (*request_subprotocol)(const struct sl_request *request, size_t index,
                                struct sl_string *found);
    /* Answers with `subprotocol_cstr`, which the client must have offered. 0, or -1. */
    int (*select_subprotocol)(struct sl_request *request, const char *subprotocol_cstr);
    /* Sets the refusal's status (400 to 599) and reason (the body) and returns SL_DENY. */
    enum sl_verdict (*deny)(struct sl_request *request, int status, const char *reason_cstr);
    /* Adds a header to the refusal, such as Retry-After. 0, or -1 if it is malformed. */
    int (*deny_header)(struct sl_request *request, const char *name_cstr, const char *value_cstr);

    /* -- the client of the running hook */
    /* This instance's `client_size` bytes for that client. */
    void *(*client_state)(const struct sl_instance *self, struct sl_client *client);
    uint64_t (*client_id)(const struct sl_client *client); /* unique while the server runs */
    /* The client's address as text, without the port; behind trusted proxies the one that they
     * name. Borrowed until the hook returns. */
    struct sl_string (*client_address)(const struct sl_client *client);
    /* The same as 16 bytes, IPv4 as ::ffff:a.b.c.d. */
    void (*client_address_bytes)(const struct sl_client *client, uint8_t bytes[16]);
    struct sl_string (*client_endpoint)(const struct sl_client *client); /* its path */
    /* Its name, empty if nobody has identified it; borrowed until the hook returns or identifies.
     */
    struct sl_string (*client_identity)(const struct sl_client *client);
    /* In on_connect: names the client. 1 to 255 bytes of UTF-8. 0, or -1. A later call replaces. */
    int (*identify)(struct sl_instance *self, struct sl_client *client, const char *identity,
                    size_t len);
    /* Sends a message to the client. 0, or -1 if it is closing, or text is not UTF-8. */
    int (*client_send)(struct sl_client *client, enum sl_message_type type, const char *data,
                       size_t len);
    /* In on_message: sets the close code (1000, 1001, 1003, 1007-1009, 1011-1013, 3000-4999) and
     * reason (up to 123 bytes, else cut) and returns SL_CLOSE. */
    enum sl_verdict (*close_with)(struct sl_client *client, int code, const char *reason_cstr);

    /* -- the message, in on_message. Replaces type and payload with a copy of `data` and updates
     * `message`. 0, or -1: too large for the endpoint, text that is not UTF-8, or no memory. */
    int (*message_replace)(const struct sl_message *message, enum sl_message_type type,
                           const char *data, size_t len);

    /* -- other clients [any thread] */
    /* Sends to, or closes, the client with that id. 0 if the request was taken; a client that is
     * gone by then is not an error. -1: not a possible id, text not UTF-8, or no memory. */
    int (*send)(const struct sl_instance *self, uint64_t client_id, enum sl_message_type type,
                const char *data, size_t len);
    int (*close)(const struct sl_instance *self, uint64_t client_id, int code,
                 const char *reason_cstr);
    /* Sends to every client of an endpoint (its path; NULL: the instance's own; "*": of all); not
     * through the pipeline. 0, or -1: no such endpoint, text not UTF-8, too much is waiting to be
     * sent already, or no memory. */
    int (*broadcast)(const struct sl_instance *self, const char *endpoint_cstr,
                     enum sl_message_type type, const char *data, size_t len);
    /* How many clients are connected to an endpoint (its path; NULL: the instance's own; "*": to
     * all). -1: no such endpoint. */
    int64_t (*client_count)(const struct sl_instance *self, const char *endpoint_cstr);

    /* ---- [1.1] from here on: ask SL_HAS first in a plugin that declares 1.0 ---- */

    /* -- deferral. `defer` in on_connect or on_message, once in a call of the hook: then return
     * what it returned: SL_DEFER, or SL_ERROR (no memory, or too many for this client). `how` may
     * be NULL. Until the deferral is over the request or the message (read message->data anew: it
     * has moved) may be looked at, the client's later messages wait, and nothing of it is read.
     * [1.2] Also in on_open; with SL_ERROR the client is opened without waiting. An older server,
     * and this one for a plugin that declares an older minor version, returns SL_ERROR there. */
    enum sl_verdict (*defer)(struct sl_instance *self, struct sl_client *client,
                             const struct sl_deferral *how, struct sl_ticket *ticket);
    /* Decides a deferral [any thread], also before the hook that deferred has returned. `verdict`
     * is one that the hook may return, SL_ERROR included; `details` may be NULL. 0: this completion
     * counts. SL_GONE: the deferral was completed or cancelled before. -1: `verdict` or `details`
     * is not valid (text that is not UTF-8, an identity, an attribute or a header that is none), or
     * there is no memory; the deferral stays open, so complete it with something else. */
    int (*complete)(struct sl_ticket ticket, enum sl_verdict verdict,
                    const struct sl_completion *details);

    /* -- work that blocks [any thread]. `work` runs on a thread of the server's pool, then `done`
     * (may be NULL) exactly once on the thread of the client, which is NULL if it is gone, a reload
     * has taken it away from this instance (on_close has been called), or `client_id` is 0. The
     * instance is not destroyed before. A server that stops does not run what is still waiting when
     * its grace is over: then only `done` is called, with NULL. 0, or -1: too much is waiting, the
     * instance is being destroyed, or no memory; then neither is called. */
    int (*offload)(struct sl_instance *self, uint64_t client_id,
                   void (*work)(struct sl_instance *self, void *context),
                   void (*done)(struct sl_instance *self, struct sl_client *client, void *context),
                   void *context);

    /* -- timers [any thread]. on_timer is called with the id that this returns and `tag` after
     * `after` ns, and then every `interval` ns unless that is 0. Never early, up to 20 ms late, and
     * not before create has returned.
     * Returns 0 if the plugin has no on_timer, or there is no memory. */
    uint64_t (*timer_start)(struct sl_instance *self, int64_t after, int64_t interval,
                            uint64_t tag);
    /* Stops it; one that is over is ignored. Inside on_timer nothing of it follows; from another
     * thread one call may still be under way. */
    void (*timer_stop)(struct sl_instance *self, uint64_t timer);

    /* -- topics. Each endpoint has its own; they come and go with their subscribers. A name is 1 to
     * 255 bytes of UTF-8. */
    /* From on_open to before on_close. 0 (also if it is subscribed already), or -1: not a name, the
     * client has as many as the endpoint's topics.per_client allows, or no memory; [1.2]
     * SL_REFUSED: another plugin's on_subscribe objects. */
    int (*subscribe)(struct sl_client *client, const char *topic, size_t len);
    void (*unsubscribe)(struct sl_client *client, const char *topic, size_t len);
    /* In on_message: what passes the pipeline goes to the topic's subscribers, not to the
     * endpoint's clients (len 0: to the clients again). 0, or -1: not a name, no memory, or in
     * on_publish. */
    int (*message_topic)(const struct sl_message *message, const char *topic, size_t len);
    /* Sends to the subscribers of a topic, or to the clients of an identity, of an endpoint (NULL:
     * the instance's own) [any thread]. 0, or -1 as broadcast; [1.2] publish: SL_REFUSED if another
     * plugin's on_publish objects. */
    int (*publish)(const struct sl_instance *self, const char *endpoint_cstr, const char *topic,
                   size_t topic_len, enum sl_message_type type, const char *data, size_t len);
    int (*send_to_identity)(const struct sl_instance *self, const char *endpoint_cstr,
                            const char *identity, size_t identity_len, enum sl_message_type type,
                            const char *data, size_t len);
    /* How many clients are subscribed to a topic, or have an identity [any thread]. -1: no such
     * endpoint. */
    int64_t (*topic_count)(const struct sl_instance *self, const char *endpoint_cstr,
                           const char *topic, size_t len);
    int64_t (*identity_count)(const struct sl_instance *self, const char *endpoint_cstr,
                              const char *identity, size_t len);

    /* -- the client: what plugins know about it, for each other. */
    /* A name is 1 to 63 bytes; a value up to 4095 bytes, all of a client together 16 KiB. Sets or
     * replaces it; value NULL removes it. 0, or -1: too long, or no memory. */
    int (*attribute_set)(struct sl_instance *self, struct sl_client *client, const char *name_cstr,
                         const char *value, size_t len);
    /* `found` is borrowed until the hook returns or sets it; it is zero-terminated too. */
    bool (*attribute)(const struct sl_client *client, const char *name_cstr,
                      struct sl_string *found);
    /* In on_open: whether it has just connected, or was there when a reload made the instance. */
    bool (*client_is_new)(const struct sl_client *client);
    /* In on_connect: a field of the client's certificate, which has been verified against the
     * listener's client_ca. False if there is no such field, or no certificate. `found` is borrowed
     * until the hook returns, and zero-terminated too. */
    bool (*request_certificate)(const struct sl_request *request, enum sl_certificate_field field,
                                size_t index, struct sl_string *found);

    /* -- metrics, on the server's /metrics as sluice_plugin_<plugin>_<name>. */
    /* In create: `name_cstr` is lower case letters, digits and '_'. Of `help_cstr` 512 bytes are
     * kept. `buckets` (ascending upper bounds) of a histogram only, else NULL and 0. NULL if that
     * is not so, or no memory. Lives as long as the instance. */
    struct sl_metric *(*metric)(struct sl_instance *self, enum sl_metric_kind kind,
                                const char *name_cstr, const char *help_cstr, const double *buckets,
                                size_t bucket_count);
    /* [any thread]; a NULL metric is ignored. */
    void (*metric_add)(struct sl_metric *metric, double amount);
    void (*metric_set)(struct sl_metric *metric, double value);
    void (*metric_observe)(struct sl_metric *metric, double value);

    /* ---- [1.2] from here on: ask SL_HAS first in a plugin that declares less ---- */

    /* -- the instance itself [any thread] */
    /* Says why the instance cannot do its work, in a sentence of at most 127 bytes (the rest is
     * cut): /readyz answers 503 with it until this is called again with NULL. An instance begins
     * ready; in shadow mode it does not count. */
    void (*set_unready)(struct sl_instance *self, const char *reason_cstr);
    /* The `timeout` of its place in the pipeline, ns: how long a deferral may last. In on_reload
     * the new one. */
    int64_t (*timeout)(const struct sl_instance *self);

    /* -- control messages: as client_send and send, but no overflow policy drops the message. For
     * what a client must not miss: an answer, a change of state. A client that does not take them
     * is closed once they are more than its queue allows. */
    int (*client_send_control)(struct sl_client *client, enum sl_message_type type,
                               const char *data, size_t len);
    int (*send_control)(const struct sl_instance *self, uint64_t client_id,
                        enum sl_message_type type, const char *data, size_t len);

    /* What the instance is there for, in create already [any thread]. A reload may change it
     * between SL_MODE_SERVE and SL_MODE_SHADOW: on_reload is told the new one; a hook that is about
     * a client the one that this client's verdicts have, which is the new one once the client has
     * changed over; timers, offloaded work and threads the new one when all clients have. */
    enum sl_mode (*mode)(const struct sl_instance *self);

    /* -- HTTP without a thread of the plugin's [any thread]. Sends the request and calls `done`
     * exactly once, as host->offload does: on the thread of the client, which is NULL if it is
     * gone, a reload has taken it away from this instance, or `client_id` is 0. A client that goes
     * takes its requests with it: they end at once as SL_HTTP_CANCELLED. The instance is not
     * destroyed before `done`; a server that stops waits for it for `shutdown.grace`, and cancels
     * then. In shadow mode requests are sent, too.
     * 0, or -1: the request is not valid (the log says what is wrong), too many of this instance's
     * wait already (http.queue), the instance is being destroyed, or no memory; then `done` is not
     * called. */
    int (*http_request)(struct sl_instance *self, uint64_t client_id,
                        const struct sl_http_request *request,
                        void (*done)(struct sl_instance *self, struct sl_client *client,
                                     const struct sl_http_response *response, void *context),
                        void *context);
    /* The response's first header of that name (any case); false if there is none. */
    bool (*http_header)(const struct sl_http_response *response, const char *name_cstr,
                        struct sl_string *found);

    /* -- lists. */
    /* A client's subscriptions, one a call: `cursor` is 0 at first. False: there are no more. The
     * one that was named last may be unsubscribed; who subscribes in between begins again. `topic`
     * is zero-terminated too, and borrowed until it is unsubscribed or the hook returns. In hooks
     * of the client; in on_close there are none any more. */
    bool (*client_topics)(const struct sl_client *client, uint64_t *cursor,
                          struct sl_string *topic);
    /* The ids of an endpoint's clients, or of those with an identity, a page at a time [any
     * thread]. `query` may be NULL. `done` is called exactly once for each call that has returned
     * 0, on the thread of the instance's timers, and not inside this function; a server that stops
     * gives an empty page. The loops are asked one after the other, in portions: a client that is
     * connected from the first call to the last page is in exactly one page, one that comes or goes
     * meanwhile in one or none, and an id may be gone when it is read. 0, or -1: no such endpoint,
     * not a name, not a cursor, 16 lists of the instance are under way, or no memory. A server
     * whose loops end begins no list any more: -1. */
    int (*client_list)(struct sl_instance *self, const struct sl_client_query *query,
                       void (*done)(struct sl_instance *self, const struct sl_client_page *page,
                                    void *context),
                       void *context);

    /* -- storage [any thread]: tables of bytes that the server keeps over reloads and rebuilt
     * plugin files, until a reload takes the instance's name, or the endpoint, out of the
     * configuration. Bounded (`storage` in the configuration); everything is copied. Each call
     * happens at once and as a whole, whatever other threads do. An instance in shadow mode changes
     * its own table only; what it does to the endpoint's succeeds without a trace. */
    /* Copies the value into `value` unless it is longer than `capacity` bytes. Returns its length,
     * SL_STORAGE_NONE or SL_STORAGE_FAILED. */
    int64_t (*storage_get)(const struct sl_instance *self, enum sl_storage_scope scope,
                           struct sl_string key, void *value, size_t capacity);
    /* Sets or replaces; the entry is gone `age` ns later (0: it stays). 0, SL_STORAGE_FULL or
     * SL_STORAGE_FAILED. */
    int (*storage_set)(const struct sl_instance *self, enum sl_storage_scope scope,
                       struct sl_string key, struct sl_string value, int64_t age);
    /* The same if the value is `expected` (NULL: if there is none), else SL_STORAGE_DIFFERS. With
     * `value` NULL it deletes instead. */
    int (*storage_replace)(const struct sl_instance *self, enum sl_storage_scope scope,
                           struct sl_string key, const struct sl_string *expected,
                           const struct sl_string *value, int64_t age);
    /* Adds to a counter, which is a value of 8 bytes, an int64_t of this machine; it stops at its
     * bounds. One that is not there begins at 0, and is gone `age` ns later (0: it stays); one that
     * is there keeps its age. `sum` (may be NULL) is the counter afterwards. 0, SL_STORAGE_FULL,
     * SL_STORAGE_DIFFERS or SL_STORAGE_FAILED. */
    int (*storage_add)(const struct sl_instance *self, enum sl_storage_scope scope,
                       struct sl_string key, int64_t amount, int64_t age, int64_t *sum);
    /* 0, SL_STORAGE_NONE or SL_STORAGE_FAILED. */
    int (*storage_delete)(const struct sl_instance *self, enum sl_storage_scope scope,
                          struct sl_string key);
    /* The next entry, in no particular order; the caller sets struct_size, value and capacity of
     * `entry`. An entry that is there all the time is met once, whatever else comes and goes. 0,
     * SL_STORAGE_NONE (that was all) or SL_STORAGE_FAILED. */
    int (*storage_next)(const struct sl_instance *self, enum sl_storage_scope scope,
                        struct sl_storage_cursor *cursor, struct sl_storage_entry *entry);

    /* Whether http_request takes a URL: NULL, or a sentence that says what is wrong with it, in
     * static storage. For create, so that an operator learns of it before the first request. [any
     * thread] */
    const char *(*http_url_error)(struct sl_string url);

    /* -- services, in create only: see struct sl_service. */
    /* Provides a service for the instances that come after this one. `table` is the instance's; it
     * stays as it is until destroy has returned. 0, or SL_ERROR when it has said why, as host->fail
     * does: not a name, a table without its struct_size, provided already with this major version,
     * 16 services, or no memory. */
    int (*service_provide)(struct sl_instance *self, const char *name_cstr, uint16_t major,
                           uint16_t minor, const void *table);
    /* Finds the service of that name and major version with at least that minor version. NULL when
     * it has said what is missing and who provides something near, as host->fail does: an instance
     * that needs the service returns SL_ERROR, another one goes on without. Also NULL: 16 services
     * have been looked for, or no memory. */
    const struct sl_service *(*service_find)(struct sl_instance *self, const char *name_cstr,
                                             uint16_t major, uint16_t minor);

    /* -- descriptors [any thread], for client libraries that are told when their socket can be read
     * or written. The descriptor stays the plugin's; it does not block. While it is ready for
     * `events` (enum sl_fd_events; 0: nothing is told for now), `ready` is called again and again
     * (level-triggered), on the thread of the instance's timers, one call at a time, and like
     * on_timer it is about no client. Up to 16 calls of an instance are made in a turn; then the
     * clients of that loop have theirs. No call before create has returned, and none when destroy
     * has begun: all watches end then. A reload that keeps the instance keeps them.
     * Returns the watch; 0: not a descriptor that can be watched (a plain file, say), watched
     * already, as many are watched as may be (limits.plugin_descriptors), the instance is being
     * destroyed, or no memory. */
    uint64_t (*fd_watch)(struct sl_instance *self, int fd, uint32_t events,
                         void (*ready)(struct sl_instance *self, uint64_t watch, int fd,
                                       uint32_t events, void *context),
                         void *context);
    /* Watches for other events. 0, or -1: the watch is over, or the descriptor is. */
    int (*fd_change)(struct sl_instance *self, uint64_t watch, uint32_t events);
    /* Ends a watch; one that is over is ignored. On the thread of the callbacks none of it follows;
     * from another thread one call may still be under way. Before the descriptor is closed: one
     * that is closed while it is watched is dropped with a warning as soon as that is seen, which
     * it is not once another descriptor has its number. */
    void (*fd_unwatch)(struct sl_instance *self, uint64_t watch);

    /* -- create that finishes later. */
    /* In create, which returns 0 then: the instance begins only when its ticket is completed.
     * Until then no client comes to it, while timers, offloaded work, HTTP requests and threads of
     * its own run. A server that starts answers upgrades with 503 for so long; at a reload the
     * configuration before serves. After `plugins.create_timeout` the server does not start, or
     * the reload fails. 0, or -1: not in create, or there is a ticket already. */
    int (*create_defer)(struct sl_instance *self, struct sl_ticket *ticket);
    /* Completes it, in create already or later [any thread]: with NULL, or with the sentence for
     * the operator, and then it is as if create had failed, but that destroy is called. 0, or
     * SL_GONE: it was completed before, or the instance has ended, since the deadline has passed,
     * something else has failed or the server stops. */
    int (*create_complete)(struct sl_ticket ticket, const char *error_cstr);

    /* -- events: what one instance tells the others of its pipeline, which it need not know. */
    /* In create: on_event is called for events of that name, 1 to 255 bytes of UTF-8, from now on
     * for as long as the instance is in the pipeline. Up to 16 names. 0, or SL_ERROR when it has
     * said why, as host->fail does: not a name, too many, no on_event, or no memory. */
    int (*event_listen)(struct sl_instance *self, struct sl_string name);
    /* Has the others that listen to it called, one after the other in the pipeline's order, and
     * returns when they have returned [any thread]. `client` is the one that it is about, in hooks
     * of that client, or NULL; while it is not open (in on_connect, on_close, client_free), or a
     * reload takes it from this instance, they get NULL in its place. The event is heard by the
     * pipeline that the client has, or the one that is in force; an instance in shadow mode is
     * heard by those in shadow mode. `payload` (any bytes) is handed on as it is, and not kept.
     * Where nobody listens to anything this costs one load from memory. 0, also if nobody listens;
     * -1: an event is being heard on this thread, or, where somebody listens, not a name, or a
     * payload of more than SL_EVENT_PAYLOAD_MAX. */
    int (*event_emit)(const struct sl_instance *self, struct sl_client *client,
                      struct sl_string name, struct sl_string payload);
};

/* ------------------------------------------------------------------------------------- helpers */

/* Formats and logs one line of at most 1023 bytes; free of cost when the level is off. */
__attribute__((format(printf, 3, 4))) static inline void
sl_log(const struct sl_instance *self, enum sl_log_level level, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    if (!self->host->log_enabled(level))
        return;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len >= (int)sizeof text)
        len = (int)sizeof text - 1;
    if (len > 0)
        self->host->log(self, level, text, (size_t)len);
}

/* For create: formats the sentence for the operator and returns SL_ERROR. */
__attribute__((format(printf, 2, 3))) static inline int sl_fail(struct sl_instance *self,
                                                                const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len >= (int)sizeof text)
        len = (int)sizeof text - 1;
    self->host->fail(self, text, len > 0 ? (size_t)len : 0);
    return SL_ERROR;
}

/* Reads one option of the given type; the option's default (or 0, false, empty) if it is unset. */
static inline bool sl_option_bool(const struct sl_instance *self, const char *name_cstr)
{
    return self->host->value_bool(self->host->option(self, name_cstr));
}
static inline int64_t sl_option_integer(const struct sl_instance *self, const char *name_cstr)
{
    return self->host->value_integer(self->host->option(self, name_cstr));
}
static inline double sl_option_number(const struct sl_instance *self, const char *name_cstr)
{
    return self->host->value_number(self->host->option(self, name_cstr));
}
static inline struct sl_string sl_option_string(const struct sl_instance *self,
                                                const char *name_cstr)
{
    return self->host->value_string(self->host->option(self, name_cstr));
}

/* A table with nothing but the first four members, for C++, which has no designated initialisers
 * before C++20. [1.1] */
static inline struct sl_plugin sl_plugin_header(void)
{
    static struct sl_plugin nothing;
    struct sl_plugin table = nothing;
    table.magic = SL_MAGIC;
    table.abi_major = SL_ABI_MAJOR;
    table.abi_minor = SL_ABI_MINOR;
    table.struct_size = (uint32_t)sizeof table;
    return table;
}

/* A zero-terminated string, or an array's bytes, as the struct that host functions take. [1.1] */
static inline struct sl_string sl_string_of(const char *text_cstr)
{
    struct sl_string string = {text_cstr, 0};
    while (text_cstr != NULL && text_cstr[string.len] != '\0')
        string.len++;
    return string;
}

#ifdef __cplusplus
}
#endif
#endif
