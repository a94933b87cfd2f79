/*
 * One client, from its accepted upgrade to its end.
 *
 * A client belongs to one loop for its whole life; every function here runs on that loop's thread.
 * Other threads name a client by its id and post to its loop.
 *
 *     CONNECTING -> OPEN -> CLOSING -> GONE        (a close handshake, begun by either side)
 *                \-> LINGERING ------> GONE        (refused, or cut off for breaking a rule)
 *
 * A client that is GONE is unlinked at once and freed at the end of the loop's iteration, so that
 * whoever has called a hook can still look at its state.
 */
#ifndef SLUICE_CLIENT_CLIENT_H
#define SLUICE_CLIENT_CLIENT_H

#include "base/address.h"
#include "base/buffer.h"
#include "pipeline/sl_client.h"
#include "delivery/audience.h"
#include "delivery/receiver.h"
#include "client/endpoint.h"
#include "client/handoff.h"
#include "client/shard.h"
#include "loop/loop.h"
#include "ws/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct client_record;
struct lifetime;
struct message;
struct pipeline_calls;
struct upgrade;

/* Also said to the floors below: see client_set_state. */
enum client_state {
    CLIENT_CONNECTING, /* its connect chain is running */
    CLIENT_OPEN,       /* messages flow */
    CLIENT_CLOSING,    /* our close frame is queued or sent, the peer's is awaited */
    CLIENT_LINGERING,  /* nothing more is read; what is queued is sent, then the write side shut */
    CLIENT_GONE        /* socket closed; waiting to be freed */
};

/* What has been received and is not done with; only while there is such input. See held_input.c. */
struct held_input {
    struct timer timer; /* first: the deadline of the message */
    struct client *client;
    bool has_begun;              /* the deadline is that of what is here */
    struct buffer message;       /* payload of an incomplete message */
    struct inflation *inflation; /* owned; NULL: no message is being inflated in several turns */
    size_t rest_len;             /* bytes of an incomplete frame header or control frame */
    uint8_t rest[FRAME_UNCONSUMED_MAX];
    struct buffer paused; /* what was read before reading paused, not decoded yet */
    size_t paused_used;   /* how much of it has been */
};

struct client {
    struct receiver receiver; /* first */
    struct sl_client seen;
    uint8_t state;          /* enum client_state */
    bool is_registered : 1; /* its open hooks run, or have run: on_close is owed */
    bool ping_unanswered : 1;
    bool ping_arrived : 1; /* or is about to: nothing that was sent before it is under way */
    bool closed_by_peer : 1;
    bool drop_on_flush : 1; /* LINGERING: the peer has said goodbye too, no need to wait for it */
    bool write_shut : 1;
    bool is_waiting : 1;       /* for a deferred verdict, or its turn: nothing is read */
    bool is_pausing : 1;       /* for its turn */
    bool has_left : 1;         /* its end was seen before all that it sent was handled */
    uint8_t input_class;       /* of input_held, see base/holders.h */
    uint16_t close_code;       /* sent or received; 0: none yet */
    struct address address;    /* here it leaves no hole */
    struct held_input *held;   /* owned; NULL: nothing */
    struct lifetime *lifetime; /* owned; NULL: it may stay for ever */
    struct frame_decoder decoder;
    uint32_t messages_in; /* whole ones, modulo 2^32 */
    size_t input_held;    /* bytes of memory for what it has sent */
    union {
        struct client_record *record; /* owned; NULL: the log is not to tell of its end */
        struct client *next_closed;   /* GONE, when the log has told */
    };
    struct timer timer; /* heartbeat while OPEN; once it has left or is closing, its deadline */
    int64_t last_heard; /* monotonic ns; any bytes count */
    uint32_t ping_end;  /* ping_unanswered: how many bytes the peer has acknowledged once it has the
                           ping, modulo 2^32 */
    uint32_t acknowledged; /* ping_unanswered: how many it had when that was last asked for */
    char *close_reason;    /* owned, zero-terminated; NULL: empty */
    _Alignas(max_align_t) char plugin_state[]; /* a block for each instance of the pipeline */
};

/* How long a closing client may take to say goodbye. */
#define CLIENT_CLOSE_TIMEOUT (5 * INT64_C(1000000000))

/* The client that the pipeline sees. */
static inline struct client *client_of(const struct sl_client *seen)
{
    return (struct client *)(uintptr_t)((const char *)seen - offsetof(struct client, seen));
}

/* The client that is the receiver. */
static inline struct client *client_of_receiver(struct receiver *receiver)
{
    return (struct client *)(void *)receiver;
}

/* The shard that the client belongs to. */
static inline struct shard *client_shard(const struct client *client)
{
    return (struct shard *)(void *)((char *)client->receiver.loop -
                                    offsetof(struct shard, delivery));
}

/* What the client was let in with, or a reload has brought: it holds one reference. NULL: its
 * endpoint comes or goes just now, and it is refused. */
static inline struct endpoint_setup *client_setup(const struct client *client)
{
    const struct receiver_limits *limits = client->receiver.limits;
    if (limits == NULL)
        return NULL;
    return (struct endpoint_setup *)(uintptr_t)((const char *)limits -
                                                offsetof(struct endpoint_setup, receiver_limits));
}

/* The endpoint that the client is at. */
static inline struct endpoint *client_endpoint(const struct client *client)
{
    return (struct endpoint *)(void *)((char *)client->receiver.audience->fanout -
                                       offsetof(struct endpoint, fanout));
}

/* The only way to change the state: what is below sees some of it too. */
static inline void client_set_state(struct client *client, enum client_state state)
{
    client->state = (uint8_t)state;
    client->seen.is_connecting = state == CLIENT_CONNECTING;
    client->seen.is_open = state == CLIENT_OPEN;
    audience_set_open(&client->receiver, state == CLIENT_OPEN);
    client->receiver.wants_drained = state == CLIENT_LINGERING;
}

/* -- accept.c: from upgrade to open -- */

/* Takes an upgrade that a loop was handed: runs the connect chain, answers, opens. */
void client_accept(struct loop *loop, struct mail *mail);

/* The connect chain goes on with what a deferral has led to. Takes `upgrade`'s reference. */
void client_resume_upgrade(struct client *client, struct upgrade *upgrade, int verdict);

/* The open hooks go on with what a deferral has led to, and then the input that waited. */
void client_resume_open(struct client *client, int verdict);

/* -- events.c: what the log says of it -- */

/* Who has refused an upgrade. */
#define CLIENT_REFUSED_BY_ADMISSION "admission"
#define CLIENT_REFUSED_BY_BAN "ban"
#define CLIENT_REFUSED_BY_IDENTITY "identity"
#define CLIENT_REFUSED_BY_PIPELINE "pipeline" /* the stage before upgrade->stage */

/* It is open; keeps what is to be said at its end. */
void client_log_accepted(struct client *client, const struct upgrade *upgrade);

/* It is answered with the upgrade's refusal. */
void client_log_refused(const struct client *client, const struct upgrade *upgrade,
                        const char *stage);

/* A plugin's instance has named it. */
void client_log_identified(const struct client *client, const char *instance);

/* It has more waiting than it may: it is closed, or misses messages from now on. */
void client_log_slow(const struct client *client, bool is_closed);

/* It is about to be closed since somebody asks for that. */
void client_log_kicked(const struct client *client, uint16_t code, const char *reason,
                       const char *who);

/* It is about to be closed with 4401. */
void client_log_expired(const struct client *client, const char *reason, size_t reason_len);

/* An instance says until when what it has shown is good now: seconds since 1970; empty: for ever.
 */
void client_log_renewed(const struct client *client, const char *instance, const char *expires,
                        size_t expires_len);

/* It ends; its socket is still open. Frees what was kept. */
void client_log_closed(struct client *client);

/* -- wait.c: reading stops for a while -- */

/* What the pipeline calls. */
extern const struct pipeline_calls client_pipeline_calls;

/* Stops reading; only a departure is still noticed. */
void client_wait(struct client *client);

/* The peer has ended the connection, or it broke, before all that it sent was handled. What was
 * received whole is still handled, for as long as a close may take (CLIENT_CLOSE_TIMEOUT); then, or
 * if the client is not OPEN, it is lost. */
void client_on_departure(struct client *client);

/* The rest of the client's input waits until the loop has looked at the others. Without memory it
 * does not. */
void client_wait_for_turn(struct client *client);

/* Reads again. */
void client_stop_waiting(struct client *client);

/* -- adopt.c: reload -- */

/* Brings a client to its audience's set-up, if it has another and waits for no verdict. May end the
 * client, or have it wait for the verdict of a new instance's on_open. */
void client_catch_up_with_reload(struct client *client);

/* All instances that a reload has brought to the client have opened it: asks whether it would be
 * let in now, where the endpoint asks for that; else it is closed. */
void client_recheck(struct client *client);

/* -- read.c: the path of a message -- */

/* The socket is readable or writable. */
void client_on_ready(struct loop *loop, struct io_source *source, uint32_t events);

/* A message goes on with what a deferral has led to, and then the input that waited behind it.
 * Takes the message. */
void client_resume_message(struct client *client, struct message *message, int verdict);

/* Goes on with the input that was kept, and then with the socket. */
void client_resume_input(struct client *client);

/* Handles bytes that came with the upgrade request. */
void client_process_early(struct client *client, const unsigned char *data, size_t len);

/* Reads and handles what there is, up to a bound. */
void client_on_readable(struct client *client);

/* -- route.c: where a message goes -- */

/* Publishes a message of an open client to its endpoint, or to the topic that a plugin has chosen,
 * if the plugins let it, who may end the client. Returns 0, ERR_CLOSED (it goes nowhere) or
 * ERR_NO_MEMORY. */
MUST_CHECK int client_route_message(struct client *client, struct message *message);

/* -- held_input.c: what the client has sent and the server still holds -- */

/* Counts what the client holds now; call after it has changed. */
void client_note_input(struct client *client);

/* The place for such input, made when it is first needed. NULL: no memory, client aborted. */
struct held_input *client_need_held(struct client *client);

/* Forgets what is incomplete, and frees what is not needed any more. */
void client_forget_incomplete(struct client *client);

/* What is held is the beginning of a message, or of any frame: its time
 * (message.timeout) runs, if it does not yet. */
void client_begin_message(struct client *client);

/* The message under assembly, if there is one, is done with. */
void client_end_message(struct client *client);

/* Keeps input that waits, behind what is kept already. Without memory the client is aborted. */
void client_keep_paused(struct client *client, const unsigned char *data, size_t len);

/* Frees it. */
void client_forget_paused(struct client *client);

/* Frees all that is held of its input, deferred messages included. Only between events. */
void client_drop_input(struct client *client);

/* Ends it for what it holds, with 1013. Only between events. */
void client_give_up_input(struct client *client);

/* -- send.c -- */

/* Queues a whole message for this client only. Returns 0, ERR_CLOSED or ERR_NO_MEMORY (counted). */
MUST_CHECK int client_send(struct client *client, enum opcode opcode, const void *data, size_t len);

/* The same with a message that no overflow policy drops. */
MUST_CHECK int client_send_control(struct client *client, enum opcode opcode, const void *data,
                                   size_t len);

/* Sends what is ordered for a client of the loop, or closes it. One that is gone is not an error.
 * Returns 0 or ERR_NO_MEMORY (counted). */
MUST_CHECK int client_carry_out(struct shard *shard, const struct receiver_order *order,
                                const void *text, size_t len);

/* -- close.c: the ways to end -- */

/* Sends a close frame and awaits the peer's. Nothing happens unless the client is OPEN. */
void client_close(struct client *client, uint16_t code, const char *reason, size_t reason_len);

/* The peer broke a rule: sends a close frame and reads no further. */
void client_fail(struct client *client, uint16_t code, const char *reason);

/* The peer sent a close frame: answers it (if we had not begun) and ends. */
void client_on_close_frame(struct client *client, uint16_t code, const void *reason, size_t len);

/* Gives its queue up for what it holds of all queues' memory. A policy that drops messages does so,
 * if that frees half of it; else the client is closed with 1013, or ends if it is closing already.
 * Only between events, with its audience's batch empty or not sent yet. */
void client_give_up_queue(struct client *client);

/* What the delivery tells of clients' receivers. */
const struct receiver_calls *client_receiver_calls(void);

/* Sends what is queued, shuts the write side, and waits for the peer to do the same. */
void client_linger(struct client *client);

/* Ends at once, without a goodbye: the peer is gone (lost), or we cut it off (abort). If no close
 * code was exchanged, on_close is told 1006. */
void client_lost(struct client *client);
void client_abort(struct client *client);

/* The peer is gone, or its connection was ended since it broke a rule of TLS. */
void client_lose_connection(struct client *client);

/* Ends at once for lack of memory, and counts that. */
void client_lose_for_memory(struct client *client);

/* Runs on_close and frees; called by the shard for each client that is gone. */
void client_free(struct client *client);

/* -- heartbeat.c -- */

/* Starts the heartbeat of a client that has just opened. */
void client_start_heartbeat(struct client *client);

/* A reload has brought the client: its endpoint's interval may be another. */
void client_adjust_heartbeat(struct client *client);

/* Something was read. */
void client_heard(struct client *client);

/* The client's one timer has fired. */
void client_on_timer(struct loop *loop, struct timer *timer);

#endif
