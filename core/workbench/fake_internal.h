/*
 * The fake host's own parts.
 */
#ifndef SLUICE_WORKBENCH_FAKE_INTERNAL_H
#define SLUICE_WORKBENCH_FAKE_INTERNAL_H

#include "workbench/fake.h"

#include <pthread.h>
#include <stdbool.h>

#define FAKE_TIMEOUT (2 * INT64_C(1000000000)) /* of a stage, ns */
#define CANARY 0xa5
#define CANARY_SIZE 64 /* bytes behind each state block */

struct fake_instance {
    struct sl_instance seen; /* first */
    struct plugin *plugin;
    struct option_set *options;
    struct option_set *old_options; /* of the last reload */
    char name[160];
    char endpoint[256];
    bool is_created;
};

struct state_block {
    const struct fake_instance *instance;
    char *memory; /* client_size bytes and a canary */
};

struct attribute_pair {
    struct attribute_pair *next;
    char *name;
    char *value;
    size_t len;
};

struct topic_entry {
    struct topic_entry *next;
    char name[256];
};

struct sl_client {
    struct sl_client *next;
    uint64_t id;
    struct fake_arrival arrival;
    bool is_connecting;
    bool is_open;
    bool is_carried_over;
    char identity[256];
    char endpoint[256];
    uint8_t address_bytes[16];
    char address[64];
    struct state_block blocks[FAKE_INSTANCES_MAX];
    size_t block_count;
    struct attribute_pair *attributes;
    struct topic_entry *topics;
    struct fake_deferral *deferral; /* the one that is awaited, or NULL */
};

/* What a hook is being asked about. */
struct fake_running {
    struct fake_instance *instance;
    struct sl_client *client;
    struct fake_request *request; /* or NULL */
    struct fake_payload *payload; /* or NULL */
    struct fake_result *result;
    struct fake_deferral *begun;
};

/* A message: what the plugin sees, on borrowed pages. */
struct fake_payload {
    struct sl_message *seen;
    struct loan *seen_loan;
    struct loan *data_loan;
    struct loan *old_loans[64]; /* data that has been replaced or has moved */
    size_t old_count;
    char topic[256];
};

struct fake_request {
    struct sl_request *seen;
    struct loan *seen_loan;
    struct loan *loans[64];
    size_t loan_count;
    struct sl_client *client;
    struct fake_result *result;
};

struct fake_deferral {
    struct fake_deferral *next; /* of all, also those that are over */
    uint64_t ticket;
    struct fake_instance *instance;
    struct sl_client *client;
    struct fake_payload *payload;
    struct fake_request *request;
    int64_t deadline;
    bool is_delay;
    bool is_connect;
    void *context;
    void (*on_cancel)(struct sl_instance *, struct sl_ticket, void *, enum sl_cancel_reason);
    bool is_settled;   /* completed, cancelled or past its deadline: no completion counts */
    bool is_cancelled; /* on_cancel is owed or done */
    bool has_result;
    unsigned completions; /* that the plugin tried after the first one that counted */
    struct fake_result result;
};

struct fake_timer {
    struct fake_timer *next;
    struct fake_instance *instance;
    uint64_t id;
    uint64_t tag;
    int64_t due;
    int64_t interval;
};

struct fake_job {
    struct fake_job *next;
    struct fake_instance *instance;
    uint64_t client_id;
    void (*work)(struct sl_instance *, void *);
    void (*done)(struct sl_instance *, struct sl_client *, void *);
    void *context;
};

struct fake {
    pthread_mutex_t lock; /* recursive: of everything that any thread may touch */
    pthread_cond_t changed;
    _Atomic int64_t now; /* also read by plugins' own threads */
    uint64_t next_id;
    struct fake_running running;
    struct sl_client *clients;
    struct fake_deferral *deferrals;
    struct fake_timer *timers;
    struct fake_job *jobs;
    struct fake_job **last_job;
    struct fake_event *events;
    struct fake_event **last_event;
    struct sl_metric *metrics;
    char failure[1024];
    unsigned long allocations;
    unsigned long fail_at;
    size_t live;
};
extern struct fake fake;

void fake_lock(void);
void fake_unlock(void);

/* Notes an event; copies. Any thread. */
void fake_note(enum fake_event_kind kind, const struct sl_instance *by, uint64_t client_id,
               struct sl_string target, enum sl_message_type type, struct sl_string data, int code);

/* Ends what a deferral or a hook was lent. */
void fake_payload_end(struct fake_payload *payload);
void fake_request_end(struct fake_request *request);

/* After each hook: nobody has written behind the state that is his. */
void fake_check_canaries(const char *hook);

/* The functions of struct sl_host, by file. */
const struct sl_host *fake_host(void);
struct sl_client *fake_client_by_id(uint64_t id);
enum sl_verdict fake_defer(struct sl_instance *self, struct sl_client *client,
                           const struct sl_deferral *how, struct sl_ticket *ticket);
int fake_complete(struct sl_ticket ticket, enum sl_verdict verdict,
                  const struct sl_completion *details);
int fake_offload(struct sl_instance *self, uint64_t client_id,
                 void (*work)(struct sl_instance *, void *),
                 void (*done)(struct sl_instance *, struct sl_client *, void *), void *context);
uint64_t fake_timer_start(struct sl_instance *self, int64_t after, int64_t interval, uint64_t tag);
void fake_timer_stop(struct sl_instance *self, uint64_t timer);
void fake_instance_forget(const struct fake_instance *instance);
void fake_payload_replace(struct fake_payload *payload, enum sl_message_type type, const char *data,
                          size_t len);

/* What a hook or a completion decided, checked. */
void fake_judge(struct fake_result *result, const char *hook, int verdict, bool is_connect,
                bool has_deferred);
void fake_take_message(struct fake_result *result, const struct fake_payload *payload);

#endif
