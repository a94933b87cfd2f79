/*
 * A receiver: a client as the delivery sees it. A socket, perhaps TLS, what is still to be sent
 * through it, and how much it has had of what was published.
 *
 * Only the receiver's loop. Sockets are written to in receiver_flush only, which runs between
 * events: no receiver ends under the feet of somebody who publishes.
 */
#ifndef SLUICE_DELIVERY_RECEIVER_H
#define SLUICE_DELIVERY_RECEIVER_H

#include "base/error.h"
#include "delivery/compressor.h"
#include "delivery/message_queue.h"
#include "delivery/outbox.h"
#include "delivery/overflow.h"
#include "loop/loop.h"
#include "ws/frame.h"

#include <openssl/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct audience;
struct batch;
struct delivery_loop;
struct receiver;
struct sent_frame;
struct subscription_set;

/* What a receiver may use. */
struct receiver_limits {
    size_t queue_bytes;      /* memory for what it has not taken yet */
    uint32_t topics;         /* that it may be in */
    uint32_t queue_messages; /* that may wait; 0: no limit */
    enum overflow_policy overflow;
    const char *gap_text; /* of markers where messages are missing; NULL: none; borrowed */
    struct compression_settings compression;
};

/* What one receiver, which its owner knows by an id, is to get. */
struct receiver_order {
    uint64_t id;
    enum opcode opcode; /* OPCODE_CLOSE: the text is the reason */
    bool is_control;    /* no overflow policy drops it */
    uint16_t close_code;
};

/* What the delivery tells whoever owns receivers. Rare, but for orders; set once for a loop. */
struct receiver_calls {
    /* An order from another thread (forward_order), with its text. Perhaps in a hook. */
    void (*order)(struct delivery_loop *loop, const struct receiver_order *order, const void *text,
                  size_t len);
    /* A write has failed: the peer takes nothing any more. May end the receiver. */
    void (*lost)(struct receiver *receiver);
    /* There is no memory to keep what it was to get: it has to end. */
    void (*failed)(struct receiver *receiver);
    /* It holds more than its limit, or misses a message, and no policy helps. */
    void (*overflow)(struct receiver *receiver);
    /* Its policy has begun to drop messages. Changes nothing. */
    void (*slow)(struct receiver *receiver);
    /* Everything is sent; asked for by wants_drained. */
    void (*drained)(struct receiver *receiver);
    /* All receivers together hold more than they may. Some may end. */
    void (*relieve)(struct delivery_loop *loop);
    /* The first bytes of a frame have been written; told of receivers with is_traced. */
    void (*sent)(struct receiver *receiver, const struct sent_frame *frame);
};

/* What is watched for beside output. */
enum receiver_watches {
    RECEIVER_WATCHES_INPUT,
    RECEIVER_WATCHES_END,  /* the peer's: told once */
    RECEIVER_WATCHES_BREAK /* of the connection: told once */
};

#define RECEIVER_TIME_SHIFT 20 /* about a millisecond; 32 bits of them are 52 days */

struct receiver {
    struct io_source source; /* first */
    int socket;              /* -1: the receiver has ended */
    bool is_open : 1;        /* it gets what is published */
    bool is_joined : 1;      /* a member of its audience */
    bool is_dirty : 1;       /* in the loop's list of dirty receivers */
    bool wants_write : 1;    /* the socket was full: EPOLLOUT is watched for */
    bool write_failed : 1;   /* it takes nothing any more, what it would get is thrown away */
    bool wants_drained : 1;
    bool must_close : 1; /* it has missed a message, and its endpoint drops none: see overflow */
    bool has_gap : 1;    /* among this iteration's runs: messages are missing there */
    bool has_topic_runs : 1; /* the same: some lie in topics' batches, see outgoing_sort */
    bool has_rest : 1;       /* TLS: what is encrypted already waits for the socket */
    bool has_message : 1;    /* what it is to get in this flush is no control frame alone */
    bool is_late : 1;        /* of a message something could not be written, since `late_since` */
    bool is_traced : 1;      /* its owner wants to know which frames are sent, see sent_frames.h */
    bool is_slow : 1;        /* that was told; until nothing waits behind its outbox */
    uint8_t window : 2;      /* enum deflate_window: whether it can read compressed messages */
    uint8_t queue_class;     /* of what its outbox holds, see base/holders.h */
    uint8_t watches;         /* enum receiver_watches */
    struct delivery_loop *loop;
    struct audience *audience;
    const struct receiver_limits *limits; /* NULL while it is not open */
    SSL *tls;                             /* owned; NULL: plain */
    struct outbox outbox;
    struct message_queue *waiting;          /* owned; behind the outbox; NULL: nothing */
    struct subscription_set *subscriptions; /* owned; NULL: none */
    struct receiver *next_dirty;
    uint32_t outgoing_first; /* this iteration's frames, see struct outgoing */
    uint32_t outgoing_last;
    uint32_t cursor;       /* how much of the audience's batch it has */
    uint32_t messages_out; /* see audience_messages_to, which reads it */
    uint32_t tls_retry;    /* bytes that OpenSSL must be offered again, unchanged (SSL_write(3)) */
    uint32_t late_since;   /* when it was published: monotonic, in 2^RECEIVER_TIME_SHIFT ns */
    uint32_t member_index; /* in the audience, if is_joined; from here on rarely looked at */
    uint32_t dropped;      /* messages that it missed, modulo 2^32 */
};

/* Makes a receiver of an open socket, which it owns from here on if that succeeds; `tls` may be
 * set afterwards. `receiver` is zeroed but for its source. Returns 0 or ERR_SYSTEM. */
MUST_CHECK int receiver_init(struct receiver *receiver, struct delivery_loop *loop,
                             struct audience *audience, int socket);

/* Closes the socket and forgets what is queued. It stays in its audience and its topics until
 * receiver_leave, and in the list of dirty receivers until the next flush. */
void receiver_end(struct receiver *receiver);

/* Takes it out of its audience and its topics. Not while the audience is flushed. */
void receiver_leave(struct receiver *receiver);

/* What epoll is to watch for beside output, which the receiver sees to itself. */
void receiver_watch(struct receiver *receiver, enum receiver_watches watches);

/* Queues bytes for the end of the iteration, behind all that was published to it before. Returns 0
 * or ERR_NO_MEMORY; nothing is queued then. */
MUST_CHECK int receiver_queue(struct receiver *receiver, const void *head, size_t head_len,
                              const void *body, size_t body_len);

/* The same with a whole message. */
MUST_CHECK int receiver_send(struct receiver *receiver, enum opcode opcode, const void *data,
                             size_t len);

/* The same with a message that no overflow policy drops. */
MUST_CHECK int receiver_send_control(struct receiver *receiver, enum opcode opcode,
                                     const void *data, size_t len);

/* Writes once what this iteration holds for the receiver: its outbox, its own frames, and what it
 * has not had of its audience's batch. What the socket does not take is kept. Between events. */
void receiver_flush(struct receiver *receiver);

/* The socket takes bytes again: the rest goes out at the end of the iteration. */
void receiver_on_writable(struct receiver *receiver);

/* Forgets what waits for the socket, but not the frame under way and not the receiver's own frames
 * of this iteration. Returns 0, or ERR_NO_MEMORY: the stream ends inside a frame then. Call it
 * while the audience's batch is empty or not sent yet. */
MUST_CHECK int receiver_cut(struct receiver *receiver);

/* Bytes that are queued, those of this iteration for the receiver alone included. */
size_t receiver_queued(const struct receiver *receiver);

/* Bytes that are encrypted already and wait. Of a receiver with has_rest. */
size_t receiver_rest(const struct receiver *receiver);

/* Bytes of memory for what it has not taken. */
static inline size_t receiver_held(const struct receiver *receiver)
{
    size_t held = receiver->outbox.held + (receiver->has_rest ? receiver_rest(receiver) : 0);
    return held + (receiver->waiting != NULL ? receiver->waiting->held : 0);
}

/* Whether everything but what comes in this iteration is sent. */
static inline bool receiver_is_drained(const struct receiver *receiver)
{
    return outbox_is_empty(&receiver->outbox) && receiver->waiting == NULL && !receiver->has_rest;
}

/* -- for submission.c: a flush in two steps -- */

/* Collects what receiver_flush would write, at most TRANSPORT_PIECES_MAX pieces, and changes
 * nothing. Returns how many; 0: nothing, or it needs more than a write. */
size_t receiver_prepare(const struct receiver *receiver, struct iovec *pieces);

/* The rest of the flush, after `sent` bytes of that were written, or encrypted and kept.
 * ERR_CLOSED: the peer takes nothing any more. ERR_NO_MEMORY: the stream cannot go on. */
void receiver_finish(struct receiver *receiver, ssize_t sent);

/* -- for receiver_overflow.c -- */

/* Takes note of what it holds now. */
void receiver_note_held(struct receiver *receiver);

/* The bytes of a run that is no gap, as the receiver is sent them. */
struct outgoing;
struct iovec receiver_run_bytes(const struct receiver *receiver, const struct outgoing *run);

/* The same of the frames between two offsets of a batch. */
struct iovec receiver_batch_bytes(const struct receiver *receiver, struct batch *batch,
                                  size_t begin, size_t end);

/* Whether there is something in the batch, from `cursor` on, that it has not had. */
bool receiver_is_behind(const struct receiver *receiver);

#endif
