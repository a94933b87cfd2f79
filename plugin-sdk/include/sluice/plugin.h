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
 * published before, and everything that is published afterwards.
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
    SL_CLOSE = 3,    /* on_message: close the client; say how with host->close_with (else 1008) */
    SL_DENY = 4,     /* on_connect: refuse the upgrade; say how with host->deny (else 403) */
    SL_DEFER = 5     /* [1.1] decided later, by host->complete; only what host->defer returned */
};

/* [1.1] What host->complete returns if the deferral is over already. */
#define SL_GONE (-2)

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
    /* A connecting client and SL_CONTINUE: as host->identify and host->attribute_set. */
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
     */
    int (*create)(struct sl_instance *self);
    /* An instance ends; no hook of it runs any more. Called only if create succeeded. */
    void (*destroy)(struct sl_instance *self);

    /* A client asks to upgrade. Its state is zeroed. May continue, deny or defer. If the upgrade
     * fails after this hook (a later plugin denies, the client leaves), on_close is not called:
     * keep nothing outside the client state that must be given back, or take it in on_open. */
    enum sl_verdict (*on_connect)(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request);
    /* The client is registered, its 101 reply is queued. Also called when a reload brings a new
     * instance to a client that is connected already (host->client_is_new tells); its state is
     * zeroed then, and on_connect has not been called. */
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
     * more, the old options being there again. May be called with the options that it has already.
     * A plugin without this hook gets a new instance instead. Main thread, while other hooks run.
     */
    int (*on_reload)(struct sl_instance *self);
    /* -- [1.2] from here on */

    /* A reload is over, and the client's endpoint asks with `on_reload: recheck` whether clients
     * that are connected would still be let in: SL_CONTINUE, or SL_DENY, and the client is closed
     * with 4401 (unless the hook has closed it with host->close, with a code and a reason of its
     * own). SL_ERROR meets `on_error`. The request is not there any more: what on_connect learnt is
     * in attributes and the client's state. Called on the client's thread, after on_open where the
     * instance is new, also where nothing about the instance has changed. */
    enum sl_verdict (*on_recheck)(struct sl_instance *self, struct sl_client *client);
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
    /* In on_message: sets the close code (1000, 1001, 1003, 1007-1013, 3000-4999) and reason (up to
     * 123 bytes, else cut) and returns SL_CLOSE. */
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
     * has moved) may be looked at, the client's later messages wait, and nothing of it is read. */
    enum sl_verdict (*defer)(struct sl_instance *self, struct sl_client *client,
                             const struct sl_deferral *how, struct sl_ticket *ticket);
    /* Decides a deferral [any thread], also before the hook that deferred has returned. `verdict`
     * is one that the hook may return, SL_ERROR included; `details` may be NULL. 0: this completion
     * counts. SL_GONE: the deferral was completed or cancelled before. -1: `verdict` or `details`
     * is not valid, or there is no memory; the deferral stays open. */
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
     * `after` ns, and then every `interval` ns unless that is 0. Never early, up to 20 ms late.
     * Returns 0 if the plugin has no on_timer, or there is no memory. */
    uint64_t (*timer_start)(struct sl_instance *self, int64_t after, int64_t interval,
                            uint64_t tag);
    /* Stops it; one that is over is ignored. Inside on_timer nothing of it follows; from another
     * thread one call may still be under way. */
    void (*timer_stop)(struct sl_instance *self, uint64_t timer);

    /* -- topics. Each endpoint has its own; they come and go with their subscribers. A name is 1 to
     * 255 bytes of UTF-8. */
    /* From on_open to before on_close. 0 (also if it is subscribed already), or -1: not a name, the
     * client has as many as the endpoint's topics.per_client allows, or no memory. */
    int (*subscribe)(struct sl_client *client, const char *topic, size_t len);
    void (*unsubscribe)(struct sl_client *client, const char *topic, size_t len);
    /* In on_message: what passes the pipeline goes to the topic's subscribers, not to the
     * endpoint's clients (len 0: to the clients again). 0, or -1: not a name, or no memory. */
    int (*message_topic)(const struct sl_message *message, const char *topic, size_t len);
    /* Sends to the subscribers of a topic, or to the clients of an identity, of an endpoint (NULL:
     * the instance's own) [any thread]. 0, or -1 as broadcast. */
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
    /* In create: `name_cstr` is lower case letters, digits and '_'. `buckets` (ascending upper
     * bounds) of a histogram only, else NULL and 0. NULL if that is not so, or no memory. Lives as
     * long as the instance. */
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
