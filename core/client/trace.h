/*
 * Traces: the way of each message of some clients, for `sluice trace`.
 *
 * Only the loop's thread. Each loop keeps what a trace has seen there until it is read
 * (trace_read), up to a limit; what comes then is only counted. A trace ends on each loop when
 * nobody has read it for TRACE_IDLE. While no trace is on, a message and a write cost a look at one
 * bit of the client, receiver.is_traced, which stays set until the first of them after the last
 * trace has ended.
 */
#ifndef SLUICE_CLIENT_TRACE_H
#define SLUICE_CLIENT_TRACE_H

#include "base/buffer.h"
#include "base/error.h"
#include "client/client_filter.h"
#include "loop/timer.h"
#include "pipeline/chain.h"
#include "pipeline/steps.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client;
struct message;
struct sent_frame;
struct shard;

#define TRACES_MAX 4u
#define TRACES_OF_READERS_MAX (TRACES_MAX / 2) /* of those, by callers who may only read */
#define TRACE_IDLE (10 * INT64_C(1000000000))  /* ns */
#define TRACE_PAYLOAD_MAX 4096u                /* bytes of a message that are kept */
#define TRACE_NAME_MAX 48u

/* -- what was seen -- */

enum trace_event {
    TRACE_OPENED,   /* the client */
    TRACE_RECEIVED, /* a message from it */
    TRACE_RESUMED,  /* the same message goes on behind a deferral */
    TRACE_SENT,     /* a frame to it */
    TRACE_CLOSED    /* the client */
};

enum trace_outcome {
    TRACE_DELIVERED,
    TRACE_DROPPED, /* by the verdict of the last step, and so are those below */
    TRACE_HANDLED,
    TRACE_CLOSES,
    TRACE_FAILED,
    TRACE_DEFERRED,
    TRACE_NO_MEMORY, /* to deliver it */
    TRACE_NOT_OPEN   /* the client was closed meanwhile */
};

struct trace_step {
    char instance[TRACE_NAME_MAX]; /* zero-terminated, perhaps cut */
    uint64_t ns;                   /* see struct stage_step */
    uint8_t verdict;               /* enum verdict_slot */
    bool is_shadow;
};

/* Behind it lie its steps, its topic and reason, zero-terminated, and its payload. */
struct trace_record {
    uint32_t size; /* of all that, bytes; a multiple of 8 */
    uint32_t payload_len;
    int64_t at; /* wall clock, ns */
    uint64_t client;
    uint64_t len;     /* of the payload, bytes */
    uint64_t len_out; /* the same of what was delivered */
    uint32_t receivers;
    uint16_t code;      /* of a close; 0: none */
    uint16_t topic_len; /* 0: none */
    uint16_t reason_len;
    uint8_t event;   /* enum trace_event */
    uint8_t outcome; /* enum trace_outcome, of TRACE_RECEIVED and TRACE_RESUMED */
    uint8_t opcode;  /* enum opcode */
    uint8_t step_count;
    bool steps_left_out;
    bool is_compressed; /* the payload */
    bool by_peer;       /* of TRACE_CLOSED */
};

/* The parts behind a record. */
const struct trace_step *trace_record_steps(const struct trace_record *record);
const char *trace_record_topic(const struct trace_record *record);
const char *trace_record_reason(const struct trace_record *record);
const uint8_t *trace_record_payload(const struct trace_record *record);

/* -- traces -- */

/* A plain value, the same on all loops. */
struct trace_plan {
    uint64_t id;                 /* of the trace; not 0 */
    uint64_t client;             /* 0: all that the filter means */
    struct client_filter filter; /* not by topic */
    int64_t until;               /* monotonic ns */
    uint32_t payload;            /* bytes of each message that are kept */
    size_t bytes;                /* of memory for what waits to be read */
    bool by_reader;              /* the caller may only read */
};

struct trace {
    struct timer timer; /* first: nobody reads it */
    struct trace *next;
    struct trace_plan plan;
    struct buffer records; /* each begins with a struct trace_record */
    uint64_t lost;         /* records that had no room, since it was last read */
    bool is_over;          /* its client has gone */
};

/* The message whose way is noted; of a loop that has traces. */
struct traced_message {
    struct steps steps;
    enum trace_event event;
    enum opcode opcode;
    int64_t at;
    uint64_t len;
    size_t payload_len;
    uint8_t payload[TRACE_PAYLOAD_MAX];
};

/* Begins a trace on a loop. Returns 0, ERR_LIMIT (TRACES_MAX are on, or those of readers) or
 * ERR_NO_MEMORY. */
MUST_CHECK int trace_begin(struct shard *shard, const struct trace_plan *plan);

/* Marks the clients that the plan means in `count` slots from `first` on. Those who come later are
 * marked by themselves. Returns how many. */
uint32_t trace_mark(struct shard *shard, const struct trace_plan *plan, uint32_t first,
                    uint32_t count);

/* What was seen since it was last read. */
struct trace_reading {
    struct buffer records; /* the caller's */
    uint64_t lost;
    bool is_over; /* nothing more will come */
};

/* Returns 0, or ERR_NOT_FOUND: no such trace is on here. */
MUST_CHECK int trace_read(struct shard *shard, uint64_t id, struct trace_reading *out);

/* Ends one; nothing happens if it is not on. */
void trace_end(struct shard *shard, uint64_t id);

/* Ends all: the loop ends. */
void trace_end_all(struct shard *shard);

/* -- what clients tell -- */

/* Of loops that have traces: a client is open; whether anybody traces it is found out. */
void trace_note_opened(struct client *client);

/* Of clients with is_traced: a message is about to go through the chain (TRACE_RECEIVED, or
 * TRACE_RESUMED), and has come to its end. */
void trace_begin_message(struct client *client, const struct message *message,
                         enum trace_event event);

struct trace_end {
    const struct message *message; /* not looked at if it is deferred */
    enum chain_result result;
    enum sl_verdict verdict;
    int routed; /* 0, ERR_NO_MEMORY, or ERR_CLOSED: it was not tried */
};
void trace_end_message(struct client *client, const struct trace_end *end);

void trace_note_sent(struct client *client, const struct sent_frame *frame);
void trace_note_closed(struct client *client);

#endif
