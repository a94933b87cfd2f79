/*
 * What the fake host's parts share.
 */
#ifndef SLUICE_WORKBENCH_FAKE_INTERNAL_H
#define SLUICE_WORKBENCH_FAKE_INTERNAL_H

#include "workbench/borrowed.h"
#include "workbench/fake.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_TIMEOUT (2 * INT64_C(1000000000)) /* of a stage, ns */
#define FAKE_CANARY 0xa5
#define FAKE_CANARY_SIZE 64 /* bytes behind each state block */

struct fake_instance {
    struct sl_instance seen; /* first */
    struct plugin *plugin;
    struct option_set *options;
    char name[160];
    char endpoint[256];
    bool is_created;
};

/* A client's state for an instance. */
struct fake_state {
    const struct fake_instance *instance;
    char *memory; /* client_size bytes and a canary */
};

struct sl_client {
    struct sl_client *next;
    uint64_t id;
    struct fake_arrival arrival;
    bool is_connecting;
    bool is_open;
    char identity[256];
    char endpoint[256];
    uint8_t address_bytes[16];
    char address[64];
    struct fake_state states[FAKE_INSTANCES_MAX];
    size_t state_count;
    struct fake_attribute *attributes;
    struct fake_topic *topics;
    struct fake_deferral *deferral; /* the one that is awaited, or NULL */
};

/* A message: what the plugin sees, borrowed. */
struct fake_payload {
    struct sl_message *seen;
    struct loan *loans;
    char topic[256];
};

struct fake_request {
    struct sl_request *seen;
    struct loan *loans;
    struct sl_client *client;
    struct fake_result *result;
};

/* What the thread's hook is being asked about. */
struct fake_running {
    struct fake_instance *instance;
    struct sl_client *client;
    struct fake_request *request; /* or NULL */
    struct fake_payload *payload; /* or NULL */
    struct fake_result *result;
    struct fake_deferral *begun;
};
extern _Thread_local struct fake_running fake_running;

struct fake {
    pthread_mutex_t lock; /* recursive: of everything that any thread may touch */
    pthread_cond_t changed;
    _Atomic int64_t now; /* also read by plugins' own threads */
    uint64_t next_id;
    struct sl_client *clients;
    struct fake_deferral *deferrals;
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

/* After a hook: nobody has written behind the state that is his. NULL: of all clients. */
void fake_check_canaries(const struct fake_instance *instance, const struct sl_client *client,
                         const char *hook);

/* State with a canary behind it. */
void *fake_state_create(size_t size);

/* -- fake_attributes.c, fake_topics.c -- */

void fake_attributes_release(struct sl_client *client);
void fake_attribute_put(struct sl_client *client, const char *name, const char *value, size_t len);
void fake_topics_release(struct sl_client *client);
bool fake_is_sendable(enum sl_message_type type, const char *data, size_t len);

/* -- fake_request.c, fake_payload.c -- */

struct fake_request *fake_request_create(struct sl_client *client, struct fake_result *result);
void fake_request_destroy(struct fake_request *request);
struct fake_payload *fake_payload_create(enum sl_message_type type, const char *data, size_t len);
void fake_payload_replace(struct fake_payload *payload, enum sl_message_type type, const char *data,
                          size_t len);

/* Copies the message as it is now. */
void fake_payload_read(const struct fake_payload *payload, struct fake_result *result);
void fake_payload_destroy(struct fake_payload *payload);

/* -- fake_deferral.c, fake_timers.c -- */

/* Whether the hook's deferral holds what the hook was lent: not if it has decided otherwise. */
bool fake_deferral_hold(struct sl_client *client, int verdict);
void fake_deferrals_forget(void);

/* The next moment up to `until` at which a deadline is due; what is due now. */
int64_t fake_deadline_next(int64_t until);
void fake_deadlines_pass(void);
void fake_timers_forget(const struct fake_instance *instance);

/* -- the functions of struct sl_host: each file puts its own into the table -- */

const struct sl_host *fake_host(void);

void fake_memory_provide(struct sl_host *host);
void fake_options_provide(struct sl_host *host);
void fake_request_provide(struct sl_host *host);
void fake_client_provide(struct sl_host *host);
void fake_attributes_provide(struct sl_host *host);
void fake_payload_provide(struct sl_host *host);
void fake_topics_provide(struct sl_host *host);
void fake_deferral_provide(struct sl_host *host);
void fake_offload_provide(struct sl_host *host);
void fake_timers_provide(struct sl_host *host);
void fake_metrics_provide(struct sl_host *host);

#endif
