/*
 * What the fake host's parts share.
 */
#ifndef SLUICE_WORKBENCH_FAKE_INTERNAL_H
#define SLUICE_WORKBENCH_FAKE_INTERNAL_H

#include "pipeline/chain.h"
#include "workbench/borrowed.h"
#include "workbench/fake.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_LOOPS 32                          /* at most so many threads run hooks */
#define FAKE_TIMEOUT (2 * INT64_C(1000000000)) /* of a stage, ns */
#define FAKE_MESSAGE_MAX ((size_t)1024 * 1024)
#define FAKE_STORED_BYTES ((size_t)16 * 1024 * 1024) /* in each storage table */
#define FAKE_STORED_ENTRIES 100000
#define FAKE_CANARY 0xa5
#define FAKE_CANARY_SIZE 64 /* bytes behind each state block */

struct fake_instance {
    struct chain *chain;                             /* owned: the server's own */
    struct endpoint_config config;                   /* of a single instance; else unused */
    struct stage_config stages[FAKE_BEFORE_MAX + 1]; /* likewise; its own is the last one */
    char path[256];
    struct fake_instance *next;
};

/* The instance that is tested: others stand before it. */
static inline struct instance *fake_tested(const struct fake_instance *instance)
{
    return instance->chain->stages[instance->chain->count - 1].instance;
}

/* A client's state for an instance. */
struct fake_state {
    const struct instance *instance;
    char *memory; /* client_size bytes and a canary */
    bool is_lent; /* to a hook: client_free is owed */
};

struct fake_client {
    struct sl_client seen; /* first: as the pipeline and plugins see it */
    struct fake_client *next;
    uint64_t number; /* that plugins take for its id: 1, 2, 3 */
    struct fake_upgrade request;
    char endpoint[256];
    uint8_t address_bytes[16];
    char address[64];
    struct fake_state states[FAKE_INSTANCES_MAX];
    size_t state_count;
    struct fake_topic *topics;
    struct upgrade *upgrade; /* one reference while it is connecting, or NULL */
    int returned;            /* by the last hook that was asked */
    bool is_let_in;          /* whatever connect hooks decide */
    bool is_waiting;         /* for a verdict */
    bool has_result;         /* of what it waited for: */
    struct fake_result result;
};

static inline struct fake_client *fake_client_of(const struct sl_client *client)
{
    return (struct fake_client *)(uintptr_t)client;
}

/* A message: what the plugin sees, borrowed, and what the chain has. */
struct fake_payload {
    struct sl_message *seen;
    struct message *message;
    struct loan *loans;
};

struct fake_request {
    struct sl_request *seen;
    struct upgrade *upgrade;
    struct loan *loans;
    const struct fake_upgrade *asked;
};

/* What the thread's hook is being asked about. */
struct fake_running {
    const struct instance *instance;
    struct sl_client *client;
    struct fake_request *request; /* or NULL */
    struct fake_payload *payload; /* or NULL */
    struct fake_deferral *begun;
    bool is_deciding;            /* on_connect or on_message runs: it may defer, or close */
    bool is_opening;             /* on_open runs: it may defer */
    const char *refused_payload; /* why message_replace took none, unless it took one later */
};
extern _Thread_local struct fake_running fake_running;

struct fake {
    pthread_mutex_t lock; /* recursive: of everything that any thread may touch */
    pthread_cond_t changed;
    unsigned completions; /* that have come so far */
    _Atomic int64_t now;  /* also read by plugins' own threads */
    uint64_t next_id;
    bool is_shadow; /* single instances only watch */
    struct fake_client *clients;
    struct fake_timer *timers;
    char failure[1024];
};
extern struct fake fake;

void fake_lock(void);
void fake_unlock(void);

/* The plugin broke the contract. Any thread. */
void fake_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Around each call of the plugin, for the observer. */
void fake_enter(const char *hook, unsigned milliseconds);
void fake_leave(void);

/* Whether a plugin is tested, by the runner: then what it leaves undone is a failure, too. */
bool fake_is_strict(void);

/* Fails if no hook runs on the calling thread. */
void fake_require_hook(const char *function);

/* -- fake_pipeline.c: the pipeline's surroundings -- */

void fake_pipeline_begin(const struct sl_host *host);
struct pipeline *fake_pipeline(void);

/* The loop of the calling thread. */
struct pipeline_loop *fake_loop(void);

/* Whether the calling thread has one: it drives the fake host. */
bool fake_has_loop(void);

/* Sets the clock, the loops' too. */
void fake_set_now(int64_t now);

/* Delivers what has been posted to a client's loop. */
void fake_deliver(const struct sl_client *client);

/* Destroys the instances that nobody refers to. */
void fake_destroy_instances(void);

/* -- fake_shim.c: what stands between the chain and the plugin -- */

bool fake_allows_any_verdict(void);

/* Which hook of topics runs on the calling thread. */
bool fake_runs_on_subscribe(void);
bool fake_runs_on_publish(void);

/* Puts itself into the plugin's table; once a plugin, before its first instance. */
void fake_shim_install(struct plugin *plugin);

/* A watched descriptor is ready. */
struct fake_readiness {
    uint64_t watch;
    int fd;
    uint32_t events; /* enum sl_fd_events */
    void (*ready)(struct sl_instance *self, uint64_t watch, int fd, uint32_t events, void *context);
    void *context;
};

/* Calls what the plugin wants to be called then. */
void fake_shim_ready(struct instance *instance, const struct fake_readiness *how);

/* Calls client_free, if the plugin has it. */
void fake_shim_free_client(struct instance *instance, struct sl_client *client);

/* The plugin's own table. */
const struct sl_plugin *fake_table(const struct instance *instance);

static inline const struct sl_plugin *fake_table_of(const struct sl_instance *self)
{
    return fake_table((const struct instance *)self);
}

/* Memory of the fake host's own, zeroed; never NULL. */
void *fake_zalloc(size_t size);

static inline struct sl_string fake_string(const char *text)
{
    return (struct sl_string){.data = text, .len = strlen(text)};
}

/* Whether a test makes an allocation fail. */
bool fake_allocations_fail(void);

/* Counts an allocation that the host makes for the plugin. Returns whether it is to fail. */
bool fake_allocation_is_to_fail(void);

/* -- fake_threads.c: threads that plugins have begun -- */

/* The first instance is about to be created: notes the threads that are there already. */
void fake_threads_note(void);

/* The last instance is gone, or could not be created: fails if a thread that has begun since is
 * still running. `after` is the hook that should have ended it. */
void fake_threads_check(const char *after);

/* Whether there is such a thread. */
bool fake_threads_any(void);

/* The path of the plugin that is tested; empty: none. */
const char *fake_plugin_file(void);

/* Whether its file says that it is never unloaded. */
bool fake_plugin_is_kept(void);

/* -- fake_instance.c -- */

/* The path of an endpoint that there is, of which functions with a path (NULL: the instance's own)
 * mean the clients; NULL: there is none. */
const char *fake_endpoint(const struct sl_instance *self, const char *path);

/* Whether the client is open and one of that endpoint's. With the lock. */
bool fake_is_at(const struct fake_client *client, const char *endpoint);

/* Whether the hook that runs on this thread is one of a plugin before the one that is tested. */
bool fake_is_before(void);

/* -- fake_events.c -- */

/* Notes an event; copies. Any thread. */
void fake_note(enum fake_event_kind kind, const struct sl_instance *by, uint64_t client_id,
               struct sl_string target, enum sl_message_type type, struct sl_string data, int code);

/* -- fake_client.c -- */

/* Fails if a host function was given a client that is gone. */
void fake_check_client(const struct sl_client *client, const char *function);
struct sl_client *fake_client_by_id(uint64_t id);

/* Fails if the hook has written past the end of the instance's state, or of the client's (NULL: of
 * any client's). */
void fake_check_canaries(const struct instance *instance, const struct sl_client *client,
                         const char *hook);

/* The client's state is about to be seen by the instance's plugin. */
void fake_lend_client(const struct instance *instance, struct sl_client *client);

/* Calls client_free of those instances that have seen the client, and forgets its states; of all
 * clients that the instance has seen; of one client and one instance. */
void fake_free_states(struct fake_client *client);
void fake_free_states_of(const struct instance *instance);
void fake_free_state(struct fake_client *client, const struct instance *instance);

/* Puts a canary behind `size` bytes of state. */
void fake_put_canary(void *memory, size_t size);

/* The chain that an instance is part of, or NULL: it is being created, or gone. */
const struct chain *fake_chain_of(const struct instance *instance);

/* Whether an on_event runs on this thread. */
bool fake_runs_on_event(void);

/* Whether the hook that runs belongs to a stage that only watches. */
bool fake_is_watching(void);

/* -- fake_topics.c -- */

void fake_topics_release(struct fake_client *client);

/* Asks on_publish of the client's chain, but not of `by`; `origin` may be NULL. */
bool fake_lets_publish(struct sl_client *client, struct sl_client *origin,
                       const struct instance *by, struct sl_string topic, struct message *message);
bool fake_is_sendable(enum sl_message_type type, const char *data, size_t len);

/* -- fake_request.c, fake_payload.c -- */

/* The upgrade that the chain decides about, with one reference. */
struct upgrade *fake_make_upgrade(const struct fake_client *client);
struct fake_request *fake_request_create(struct fake_client *client, struct upgrade *upgrade);
void fake_request_destroy(struct fake_request *request);
struct fake_payload *fake_payload_create(struct message *message);

/* Lends the message as the chain has it now. */
void fake_payload_refresh(struct fake_payload *payload);
void fake_payload_destroy(struct fake_payload *payload);

/* -- fake_deferral.c, fake_timers.c, fake_offload.c -- */

/* A deferral that a client waits for and that only the plugin could end before its deadline: it is
 * no delay, and nothing is told when it is cancelled. */
struct fake_unattended {
    const char *hook;
    const char *refused; /* why a completion was not taken, or NULL */
};

/* Whether there is one. */
bool fake_unattended(const struct sl_client *client, struct fake_unattended *out);

/* The first deadline of what is deferred for it; INT64_MAX: none. */
int64_t fake_client_deadline(const struct sl_client *client);

/* Whether work is waiting, and whether a timer is running. */
bool fake_has_offloaded(void);
bool fake_has_timers(void);

/* Lets the hook's deferral keep what the hook was lent. Returns false if there is none, or if the
 * hook has decided otherwise. */
bool fake_deferral_hold(int verdict);

/* Ends what was lent for the client's deferral, which is decided. */
void fake_deferral_end(const struct sl_client *client);
void fake_deferrals_forget(void);

/* The next moment up to `until` at which a deadline is due; lets pass what is due now. */
int64_t fake_deadline_next(int64_t until);
void fake_deadlines_pass(void);
void fake_timers_forget(const struct instance *instance);

/* -- fake_watches.c -- */

/* Whether a descriptor is watched. */
bool fake_has_watches(void);

/* Ends the watches of an instance. */
void fake_watches_forget(const struct instance *instance);

/* -- fake_http.c -- */

/* Whether there are HTTP requests that have not ended. */
bool fake_http_waits(void);

/* Ends one HTTP request that has been answered, or whose client is gone. Returns false if there is
 * none. */
bool fake_http_deliver(void);

/* The next moment up to `until` at which one meets its deadline; ends those that are due now, and
 * those of an instance, as cancelled. */
int64_t fake_http_next(int64_t until);
void fake_http_pass(void);
void fake_http_forget(const struct instance *instance);

/* -- fake_await.c -- */

/* Waits until a create that finishes later has. Returns whether the instance can begin; else
 * fake.failure says why not. */
bool fake_await_create(struct instance *instance);

/* -- fake_hooks.c -- */

extern const struct pipeline_calls fake_pipeline_calls;

/* -- the functions of struct sl_host: each file puts its own into the table -- */

void fake_memory_provide(struct sl_host *host);
void fake_options_provide(struct sl_host *host);
void fake_request_provide(struct sl_host *host);
void fake_client_provide(struct sl_host *host);
void fake_payload_provide(struct sl_host *host);
void fake_topics_provide(struct sl_host *host);
void fake_deferral_provide(struct sl_host *host);
void fake_offload_provide(struct sl_host *host);
void fake_http_provide(struct sl_host *host);
void fake_timers_provide(struct sl_host *host);
void fake_watches_provide(struct sl_host *host);
void fake_metrics_provide(struct sl_host *host);
void fake_lists_provide(struct sl_host *host);
void fake_storage_provide(struct sl_host *host);
void fake_services_provide(struct sl_host *host);
void fake_await_provide(struct sl_host *host);

#endif
