/*
 * The fake host: what a plugin sees of a server, in one process, with a clock that stands still
 * until it is moved, borrowed memory that faults when it is kept, and a record of what the plugin
 * did.
 *
 * One fake host a process, and so one check a process. Everything is for the check's thread, except
 * the functions that a plugin may call from any thread. What the contract forbids fails the check
 * with a sentence (situation_fail).
 */
#ifndef SLUICE_WORKBENCH_FAKE_H
#define SLUICE_WORKBENCH_FAKE_H

#include "workbench/borrowed.h"

#include "config/options.h"
#include "pipeline/plugin.h"

#include <sluice/plugin.h>

#include <stdint.h>

#define FAKE_PAIRS_MAX 32
#define FAKE_INSTANCES_MAX 32

/* Names and values, as a scenario gives them; borrowed. */
struct fake_pairs {
    const char *names[FAKE_PAIRS_MAX];
    const char *values[FAKE_PAIRS_MAX];
    size_t count;
};

/* What a client brings along. */
struct fake_arrival {
    const char *address; /* NULL: 127.0.0.1 */
    const char *path;    /* NULL: /ws */
    struct fake_pairs headers, query, cookies, certificate;
    const char *subprotocols[8];
    size_t subprotocol_count;
    bool secure;
};

enum fake_event_kind {
    FAKE_SENT,      /* to one client */
    FAKE_BROADCAST, /* to an endpoint */
    FAKE_PUBLISHED, /* to a topic */
    FAKE_ADDRESSED, /* to an identity */
    FAKE_CLOSED,    /* a client, by id */
    FAKE_LOGGED
};

/* Something that the plugin did. */
struct fake_event {
    struct fake_event *next;
    enum fake_event_kind kind;
    const struct sl_instance *by; /* NULL: not known */
    uint64_t client_id;
    char *target; /* owned: endpoint, topic, identity or log level */
    enum sl_message_type type;
    char *data; /* owned, zero-terminated */
    size_t len;
    int code;
    bool is_taken; /* an expectation has matched it */
};

/* How a hook, or the deferral that it began, has ended. */
struct fake_result {
    enum sl_verdict verdict; /* SL_DEFER: not yet */
    int code;                /* SL_CLOSE: the code; SL_DENY: the status */
    char reason[256];
    char headers[1024];        /* of a refusal: "Name: value" lines */
    enum sl_message_type type; /* of the message afterwards */
    char *data;                /* owned: its payload, zero-terminated; NULL: unchanged */
    size_t len;
    char topic[256];
    char subprotocol[128];
};

struct fake_instance;

extern unsigned fake_hook_limit; /* ms that a hook may take */

/* Starts the clock; once a process. */
void fake_begin(void);

/* An instance with options from a YAML mapping (NULL: none). Returns NULL if it was refused; then
 * fake_failure() says why. */
struct fake_instance *fake_instance_create(struct plugin *plugin, const struct yaml_node *options,
                                           const char *endpoint);
const char *fake_failure(void);
struct sl_instance *fake_instance_seen(struct fake_instance *instance);
void fake_instance_destroy(struct fake_instance *instance);

/* Calls on_reload with other options. Returns whether the plugin took them. */
bool fake_instance_reload(struct fake_instance *instance, const struct yaml_node *options);

/* -- clients: of all instances that are given, in order, as in a pipeline -- */

struct sl_client *fake_client_create(const struct fake_arrival *arrival);
void fake_connect(struct fake_instance *instance, struct sl_client *client,
                  struct fake_result *result);
void fake_open(struct fake_instance *instance, struct sl_client *client);
void fake_message(struct fake_instance *instance, struct sl_client *client,
                  enum sl_message_type type, const char *data, size_t len,
                  struct fake_result *result);
void fake_close(struct fake_instance *instance, struct sl_client *client, int code, bool by_peer);

/* Cancels what is deferred for the client, as the server does before on_close. */
void fake_cancel(struct sl_client *client, enum sl_cancel_reason reason);
void fake_client_destroy(struct sl_client *client);
uint64_t fake_client_number(const struct sl_client *client);
void fake_client_identify(struct sl_client *client, const char *identity);
void fake_client_describe(struct sl_client *client, const char *name, const char *value);
bool fake_client_is_open(const struct sl_client *client);
const char *fake_client_name(const struct sl_client *client); /* its identity */
const char *fake_client_attribute(const struct sl_client *client, const char *name);
void fake_result_release(struct fake_result *result);

/* -- what happens later -- */

/* Waits up to `milliseconds` of real time for the verdict of what was deferred for the client,
 * running offloaded work. Returns whether it came; then `result` has it. */
bool fake_await(struct sl_client *client, int milliseconds, struct fake_result *result);
bool fake_is_deferred(const struct sl_client *client);

/* Runs offloaded work, each job on a thread of its own, and then what is to be done after it. */
void fake_run_offloaded(void);

/* Moves the clock, firing timers and deadlines on the way. What a deadline decides is in the result
 * of the next fake_await. */
void fake_advance(int64_t by);

/* -- what the plugin did -- */

struct fake_event *fake_events(void);

/* Forgets the events, and the deferrals that are over. */
void fake_forget(void);

/* Sets the clock and the numbers of clients back to where they began. */
void fake_rewind(void);
double fake_metric(const char *name, bool *found);

/* From now on the nth allocation through the host fails, and only that one; 0: none does. */
void fake_fail_allocation(unsigned long nth);
unsigned long fake_allocations(void);
size_t fake_live_allocations(void);

#endif
