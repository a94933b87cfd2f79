/*
 * The fake host: what a plugin sees of a server, in one process, with a clock that stands still
 * until it is moved, and a record of what the plugin did. The checks and scenarios of
 * `sluice test-plugin`, `sluice replay` and the unit tests of plugins use it. Chains, verdicts,
 * deferrals and instances are the server's own (pipeline/); clients and what is sent are not.
 *
 * One fake host a process. A client's hooks may run on any thread, one at a time; host functions
 * may be called where the contract allows them; everything else is for one thread. What the
 * contract forbids ends the process with a sentence (fake_begin).
 */
#ifndef SLUICE_WORKBENCH_FAKE_H
#define SLUICE_WORKBENCH_FAKE_H

#include "config/options.h"
#include "pipeline/plugin.h"

#include <sluice/plugin.h>

#include <stdint.h>

#define FAKE_PAIRS_MAX 32
#define FAKE_SUBPROTOCOLS_MAX 8
#define FAKE_INSTANCES_MAX 32
#define FAKE_BEFORE_MAX 8

/* Watches over the plugin's calls. */
struct fake_observer {
    /* The plugin broke the contract: `sentence` says what to change. Ends the process. Any
     * thread. */
    void (*fail)(const char *sentence);
    /* A hook begins, and may take that long; the hook has returned. May be NULL. */
    void (*enter)(const char *hook, unsigned milliseconds);
    void (*leave)(void);
};

extern unsigned fake_hook_limit;       /* ms that a hook may take */
extern unsigned long fake_firings_max; /* of timers while the clock is moved once */

/* Starts the clock; once a process, before everything else. NULL: failures abort with their
 * sentence on standard error. With guard pages, borrowed memory faults when it is kept
 * (borrowed.h). */
void fake_begin(const struct fake_observer *observer, bool has_guard_pages);

/* What instances that are made from now on are told that they are there for; at first it is
 * SL_MODE_TEST. In SL_MODE_SHADOW they only watch, as in the server. */
void fake_set_mode(enum sl_mode mode);

/* Verdicts that a hook may not give are no failures any more, but what the server makes of them. */
void fake_allow_any_verdict(void);

/* Whether the observer has been told that a thread of the plugin outlives its instances; and: it is
 * known already, so that nobody is told again. */
bool fake_has_left_thread(void);
void fake_ignore_threads(void);

/* Whether a thread of the plugin is running that may not be, known or not. */
bool fake_is_left_running(void);

/* -- plugins and instances -- */

/* Loads a built plugin as it lies there, or fails with the server's own sentence. For the life of
 * the process, or until fake_plugin_unload. */
struct plugin *fake_plugin_load(const char *file);
void fake_plugin_unload(void);

/* The instances of one endpoint's pipeline; in most tests there is one. */
struct fake_instance;

/* From now on an instance of that plugin (options: NULL for none), which the caller has loaded with
 * fake_plugin_load_before or made, stands before each instance that fake_instance_create makes,
 * behind those that have been put there already. Its allocations neither count nor fail. */
void fake_put_before(struct plugin *plugin, const struct yaml_node *options);

/* Loads NAME.so (or a path) from the folder of the plugin's file, or fails. */
struct plugin *fake_plugin_load_before(const char *file, const char *name);

/* An instance, in the pipeline of its endpoint alone but for those that have been put before it,
 * with options from a YAML mapping (NULL: none). Returns NULL if it was refused; then
 * fake_failure() says why. */
struct fake_instance *fake_instance_create(struct plugin *plugin, const struct yaml_node *options,
                                           const char *endpoint);

/* The same with options as text, "{limit: 2}", at "/ws". */
struct fake_instance *fake_instance_parse(struct plugin *plugin, const char *options);
const char *fake_failure(void);

/* The same while each allocation of create fails in turn, until one create does without the next.
 * Each of the others has to say that there is no memory, and to release everything. */
struct fake_instance *fake_instance_survive(struct plugin *plugin, const char *options,
                                            unsigned long *failures);
struct sl_instance *fake_instance_seen(struct fake_instance *instance);
void fake_instance_destroy(struct fake_instance *instance);

/* Has `instance` take the place of `old` for all clients, none of whom waits for a verdict:
 * on_close and on_open of each, which may defer, on_handover; then `old` is destroyed. */
void fake_instance_replace(struct fake_instance *old, struct fake_instance *instance);

/* What on_reload says to other options. */
enum fake_reload {
    FAKE_RELOAD_REFUSED, /* fake_failure() says why */
    FAKE_RELOAD_TAKEN,
    FAKE_RELOAD_WANTS_NEW /* an instance; this one has its old options still */
};
enum fake_reload fake_instance_reload(struct fake_instance *instance,
                                      const struct yaml_node *options);

/* All instances of an endpoint's pipeline, for the functions that run hooks. `set` finds the
 * plugins; it and `owner`, which `endpoint` is a part of, stay until the pipeline is destroyed.
 * Returns NULL with the errors in `diagnostics`. */
struct fake_instance *fake_pipeline_create(const struct endpoint_config *endpoint,
                                           struct config *owner, struct plugin_set *set,
                                           struct diagnostics *diagnostics);

/* -- clients -- */

/* A name and its value; borrowed. Lists of them end with a NULL, or when they are full. */
struct fake_pair {
    const char *name;
    const char *value;
};

/* A client's upgrade request, and where it comes from. */
struct fake_upgrade {
    const char *address; /* NULL: 127.0.0.1 */
    const char *path;    /* NULL: /ws */
    struct fake_pair headers[FAKE_PAIRS_MAX], query[FAKE_PAIRS_MAX], cookies[FAKE_PAIRS_MAX],
        certificate[FAKE_PAIRS_MAX];
    const char *subprotocols[FAKE_SUBPROTOCOLS_MAX]; /* that it offers */
    const char *subprotocol;                         /* negotiated so far; NULL: none */
    bool secure;
};

/* Appends a pair. Returns whether there was room. */
bool fake_pairs_add(struct fake_pair pairs[FAKE_PAIRS_MAX], const char *name, const char *value);

struct sl_client *fake_client_create(const struct fake_upgrade *upgrade); /* NULL: a plain one */
struct sl_client *fake_client_at(const char *address);

/* Cancels what is deferred for it; no other hook is called. */
void fake_client_destroy(struct sl_client *client);

/* Lets the client connect whatever the plugins decide, once all of them have been asked. */
void fake_client_let_in(struct sl_client *client);

/* What plugins before this one have made known about it, and where it comes from. */
void fake_client_identify(struct sl_client *client, const char *identity);
void fake_client_describe(struct sl_client *client, const char *name, const char *value);
void fake_client_move(struct sl_client *client, const char *address);

uint64_t fake_client_number(const struct sl_client *client);
bool fake_client_is_open(const struct sl_client *client);
const char *fake_client_name(const struct sl_client *client); /* its identity */
const char *fake_client_attribute(const struct sl_client *client, const char *name); /* or NULL */

/* -- hooks -- */

/* How a hook, or the deferral that it began, has ended. */
struct fake_result {
    enum sl_verdict verdict; /* SL_DEFER: not yet */
    int code;                /* SL_CLOSE: the code; SL_DENY: the status; else 0. An SL_ERROR that
                                on_open deferred closes the client, too */
    char reason[256];
    char headers[1024];        /* of a refusal: "Name: value" lines */
    enum sl_message_type type; /* of the message afterwards */
    char *data;                /* owned: its payload, zero-terminated; NULL: unchanged */
    size_t len;
    char topic[256];
    const struct sl_instance
        *by;               /* of a message that goes no further: who has decided; else NULL */
    char subprotocol[128]; /* to answer with */
};

/* Run one hook each; a hook that the plugin does not have continues. Return the verdict; the rest
 * is in `result`, which is released by the caller (NULL: not wanted). */
enum sl_verdict fake_connect(struct fake_instance *instance, struct sl_client *client,
                             struct fake_result *result);
enum sl_verdict fake_open(struct fake_instance *instance, struct sl_client *client);

/* Whether the client waits for a verdict that an on_open has deferred: no message comes from it. */
bool fake_is_opening(const struct sl_client *client);

/* The client is open, but on_open of this instance still to come: as other plugins see it, in
 * theirs. */
void fake_open_for_others(struct fake_instance *instance, struct sl_client *client);
enum sl_verdict fake_message(struct fake_instance *instance, struct sl_client *client,
                             enum sl_message_type type, const char *data, size_t len,
                             struct fake_result *result);
void fake_close(struct fake_instance *instance, struct sl_client *client, int code, bool by_peer);

/* As if another plugin did it: on_subscribe, on_publish are asked. SL_CONTINUE or SL_DENY; SL_ERROR
 * if it is not a topic's name, or no UTF-8. Nobody's client may publish, too (NULL). */
enum sl_verdict fake_subscribe(struct sl_client *client, const char *topic);
enum sl_verdict fake_publish(struct fake_instance *instance, struct sl_client *client,
                             const char *topic, enum sl_message_type type, const char *data,
                             size_t len, struct fake_result *result);
bool fake_is_subscribed(struct sl_client *client, const char *topic);

/* As if another plugin of the instance's pipeline, `emitter`, emitted an event, about an open
 * client or none (NULL). Returns whether the instance hears it; is no event: SL_ERROR. */
int fake_emit(struct fake_instance *instance, const char *emitter, struct sl_client *client,
              struct sl_string name, struct sl_string payload);

/* One after the other, the events to which the instance listens; NULL: no more. */
const char *fake_event_name(const struct fake_instance *instance, size_t index);

/* Whether an instance of the pipeline has on_subscribe or on_publish. */
bool fake_has_topic_hooks(const struct fake_instance *instance);
void fake_result_release(struct fake_result *result);

/* Whether the refusal has that header with that value. */
bool fake_result_has_header(const struct fake_result *result, const char *name, const char *value);

/* -- what happens later -- */

bool fake_is_deferred(const struct sl_client *client);

/* Waits up to `milliseconds` of real time for the verdict of what was deferred for the client,
 * running offloaded work. Returns whether it came; then `result` has it. */
bool fake_await(struct sl_client *client, int milliseconds, struct fake_result *result);

/* If something is deferred for the client, replaces `result` by what it has led to: its verdict, if
 * it comes within `milliseconds` of real time, or else its deadline. */
void fake_settle(struct sl_client *client, int milliseconds, struct fake_result *result);

/* Fails if the client waits for a verdict that the plugin has forgotten to give: nothing of it is
 * left that could. */
void fake_check_forgotten(const struct sl_client *client);

/* Cancels what is deferred for the client, as the server does before on_close. */
void fake_cancel(struct sl_client *client, enum sl_cancel_reason reason);

/* Runs offloaded work, each job on a thread of its own, and then what is to be done after it; also
 * what is to be done after HTTP requests that have been answered. */
void fake_run_offloaded(void);

/* Waits up to `milliseconds` of real time for watched descriptors to be ready, and has the callback
 * of each that is called once. Returns whether there was one. */
bool fake_poll(int milliseconds);

/* How an HTTP request of a plugin's is answered. */
struct fake_http_reply {
    bool is_not_taken;            /* host->http_request returns -1 */
    enum sl_http_outcome outcome; /* 0: no answer comes, and the request meets its deadline */
    int status;
    const char *error; /* NULL: none */
    const struct sl_pair *headers;
    size_t header_count;
    struct sl_string body;
};

/* Fills `reply`, which says that there is no network; what it points to stays until the request is
 * done. With the fake host's lock, on the thread that asks. */
typedef void fake_http_server(const struct sl_http_request *request, struct fake_http_reply *reply,
                              void *context);

/* Who answers HTTP requests from now on; NULL: nobody, so that they fail. */
void fake_http_serve(fake_http_server *answer, void *context);

/* Moves the clock (ns), firing timers and deadlines on the way. What a deadline decides is in the
 * result of the next fake_await. */
void fake_advance(int64_t by);

/* Sets the clock and the numbers of clients back to where they began. */
void fake_rewind(void);

/* -- what the plugin did -- */

enum fake_event_kind {
    FAKE_SENT,      /* to one client */
    FAKE_BROADCAST, /* to an endpoint */
    FAKE_PUBLISHED, /* to a topic */
    FAKE_ADDRESSED, /* to an identity */
    FAKE_EMITTED,   /* an event, to other plugins */
    FAKE_CLOSED,    /* a client, by id */
    FAKE_LOGGED
};

/* Something that the plugin did. */
struct fake_event {
    struct fake_event *next;
    enum fake_event_kind kind;
    const struct sl_instance *by; /* NULL: not known */
    uint64_t client_id;
    char *target; /* owned: endpoint, topic, identity, event or log level */
    enum sl_message_type type;
    char *data; /* owned, zero-terminated */
    size_t len;
    int code;
    bool is_taken; /* an expectation has matched it */
};

/* The first one that has not been forgotten. */
struct fake_event *fake_events(void);

/* How many there are of a kind, and the last of them (or NULL). Any thread. */
size_t fake_event_count(enum fake_event_kind kind);
const struct fake_event *fake_event_last(enum fake_event_kind kind);

/* Everything that is logged, a line each; valid until the next call. */
const char *fake_log_text(void);

/* Forgets the events, and the deferrals that are over. */
void fake_forget(void);

/* The value of a metric, of a histogram the count of observations. False: the instance has none of
 * that name. */
bool fake_metric(const struct fake_instance *instance, const char *name, double *value);

/* -- what the plugin does not get -- */

/* From now on the nth allocation through the host fails, and only that one; 0: none does. */
void fake_fail_allocation(unsigned long nth);
unsigned long fake_allocations(void); /* since then, failed ones included */
size_t fake_live_allocations(void);
size_t fake_live_bytes(void);

/* What all storage tables take. */
size_t fake_stored_bytes(void);

/* Whether host->timer_start finds no memory from now on. */
void fake_fail_timers(bool fail);

#endif
