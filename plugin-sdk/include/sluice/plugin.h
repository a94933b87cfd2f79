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
 * returns. What a plugin hands to the host is copied. Strings are pointer and length and are not
 * zero-terminated unless the parameter's name ends in `_cstr`.
 *
 * Threads: the hooks of one client run on one thread, one at a time, in order. Hooks of different
 * clients may run at once, so instance state that changes needs atomics or a lock; per-client state
 * does not. A hook must not block. Host functions marked [any thread] may be called from anywhere,
 * the others only inside a hook.
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
 * Reserved for later minor versions (do not use these values): verdict 5 (deferral),
 * option types 14 and above, message types 3 and above, plugin flags (all bits).
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
#define SL_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define SL_EXPORT __attribute__((visibility("default")))
#endif

#define SL_MAGIC 0x43554c53u /* "SLUC" in memory on a little-endian machine */
#define SL_ABI_MAJOR 1
#define SL_ABI_MINOR 0

/* The first four members of every plugin's table, in order. */
#define SL_PLUGIN_HEADER                                                                           \
    .magic = SL_MAGIC, .abi_major = SL_ABI_MAJOR, .abi_minor = SL_ABI_MINOR,                       \
    .struct_size = (uint32_t)sizeof(struct sl_plugin)

/* Whether the host that this plugin runs in has the function `function`. */
#define SL_HAS(host, function)                                                                     \
    ((host)->struct_size >= offsetof(struct sl_host, function) + sizeof((host)->function) &&       \
     (host)->function != NULL)

struct sl_client; /* One connected (or connecting) client. Opaque. */
struct sl_value;  /* One option's value. Opaque, lives as long as its instance. */
struct sl_host;   /* The server's functions, below. */

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
    SL_DENY = 4      /* on_connect: refuse the upgrade; say how with host->deny (else 403) */
};

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
    SL_OPTION_REQUIRED = 1u << 0 /* leaving it out is an error */
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

/* How a client ended. */
struct sl_close {
    uint32_t struct_size;
    uint16_t code;           /* the close code sent or received; 1006 if there was none */
    bool by_peer;            /* the client closed first */
    struct sl_string reason; /* as sent or received; may be empty */
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

    /* A client asks to upgrade. Its state is zeroed. May continue or deny. If the upgrade fails
     * after this hook (a later plugin denies, the client leaves), on_close is not called:
     * keep nothing outside the client state that must be given back, or take it in on_open. */
    enum sl_verdict (*on_connect)(struct sl_instance *self, struct sl_client *client,
                                  struct sl_request *request);
    /* The client is registered, its 101 reply is queued. */
    void (*on_open)(struct sl_instance *self, struct sl_client *client);
    /* A whole message passed the plugins before this one. After host->message_replace, `message`
     * shows the new payload. */
    enum sl_verdict (*on_message)(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message);
    /* The client is gone: exactly one call for every on_open. Nothing can be sent to it. */
    void (*on_close)(struct sl_instance *self, struct sl_client *client,
                     const struct sl_close *how);
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
    /* The peer's address as text, without the port; borrowed until the hook returns. */
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

#ifdef __cplusplus
}
#endif
#endif
