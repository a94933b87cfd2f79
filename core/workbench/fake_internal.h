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
#define FAKE_CANARY 0xa5
#define FAKE_CANARY_SIZE 64 /* bytes behind each state block */

struct fake_instance {
    struct chain *chain;           /* owned: the server's own */
    struct endpoint_config config; /* of a single instance; else unused */
    struct stage_config stage;
    char path[256];
};

/* A client's state for an instance. */
struct fake_state {
    const struct instance *instance;
    char *memory; /* client_size bytes and a canary */
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
};
extern _Thread_local struct fake_running fake_running;

struct fake {
    pthread_mutex_t lock; /* recursive: of everything that any thread may touch */
    pthread_cond_t changed;
    unsigned completions; /* that have come so far */
    _Atomic int64_t now;  /* also read by plugins' own threads */
    uint64_t next_id;
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

/* -- fake_pipeline.c: the pipeline's surroundings -- */

void fake_pipeline_begin(const struct sl_host *host);
struct pipeline *fake_pipeline(void);

/* The loop of the calling thread. */
struct pipeline_loop *fake_loop(void);

/* Sets the clock, the loops' too. */
void fake_set_now(int64_t now);

/* Delivers what has been posted to a client's loop. */
void fake_deliver(const struct sl_client *client);

/* Destroys the instances that nobody refers to. */
void fake_destroy_instances(void);

/* -- fake_shim.c: what stands between the chain and the plugin -- */

/* Puts itself into the plugin's table; once a plugin, before its first instance. */
void fake_shim_install(struct plugin *plugin);

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

/* Puts a canary behind `size` bytes of state. */
void fake_put_canary(void *memory, size_t size);

/* Whether the hook that runs belongs to a stage that only watches. */
bool fake_is_watching(void);

/* -- fake_topics.c -- */

void fake_topics_release(struct fake_client *client);
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

/* -- fake_deferral.c, fake_timers.c -- */

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
void fake_timers_provide(struct sl_host *host);
void fake_metrics_provide(struct sl_host *host);

#endif
