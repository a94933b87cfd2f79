/*
 * Loops that do not run, their deliveries, and receivers with the other ends of their sockets: what
 * unit tests of the delivery need, without a server and without threads. Everything here fails the
 * test that calls it if something is not as it should be.
 */
#ifndef SLUICE_TESTS_DELIVERY_LOOPS_H
#define SLUICE_TESTS_DELIVERY_LOOPS_H

#include "delivery/audience.h"
#include "delivery/delivery_loop.h"
#include "delivery/fanout.h"
#include "delivery/topic.h"
#include "delivery/topic_publishing.h"
#include "delivery/transport.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPS_MAX 8u
#define LOOP_COUNTS 3u
static const unsigned loop_counts[LOOP_COUNTS] __attribute__((unused)) = {1, 2, LOOPS_MAX};
#define PLENTY ((size_t)64 << 20) /* bytes; for limits that a test is not to reach */
static uint32_t loops_least __attribute__((unused)); /* writes of a submission; 0: there are none */
#define LARGE 3000u /* bytes of a message; the overhead of what keeps it is far less */

struct loops {
    struct delivery delivery;
    struct fanout fanout; /* of the one endpoint that most tests need */
    struct loop loops[LOOPS_MAX];
    struct delivery_loop deliveries[LOOPS_MAX];
    unsigned count;
    unsigned relieved; /* how often the delivery asked for it */
};

/* A receiver, and the client at the other end of its socket. */
struct peer {
    struct receiver receiver; /* first */
    struct receiver_limits limits;
    struct buffer got; /* what the client has read */
    int socket;        /* the client's end */
    unsigned lost;     /* how often the delivery told so */
    unsigned failed;
    unsigned overflowed;
    unsigned slow;
    unsigned drained;
    bool ends_when_lost;
};

/* -- what the delivery tells -- */

static inline void note_lost(struct receiver *receiver)
{
    struct peer *peer = (struct peer *)receiver;
    peer->lost++;
    if (peer->ends_when_lost)
        receiver_end(receiver);
}

/* It has to end, so it ends. */
static inline void note_failed(struct receiver *receiver)
{
    ((struct peer *)receiver)->failed++;
    audience_set_open(receiver, false);
    receiver_end(receiver);
}

/* It is not to get more, as a client that is told to close. */
static inline void note_overflow(struct receiver *receiver)
{
    ((struct peer *)receiver)->overflowed++;
    audience_set_open(receiver, false);
}

static inline void note_slow(struct receiver *receiver)
{
    ((struct peer *)receiver)->slow++;
}

static inline void note_drained(struct receiver *receiver)
{
    ((struct peer *)receiver)->drained++;
}

static inline void note_relieve(struct delivery_loop *loop)
{
    ((struct loops *)loop->loop->owner)->relieved++;
}

/* -- loops -- */

/* What a loop's owner does after each event. */
static inline void flush_much(struct loop *loop)
{
    const struct loops *loops = loop->owner;
    struct delivery_loop *delivery = loops->delivery.loops[loop->index];
    if (delivery->has_much_to_send)
        delivery_flush(delivery);
}

static inline void use_submission(struct delivery_loop *delivery, uint32_t least)
{
    struct submission *submission;
    const char *reason;
    assert_int_equal(submission_create(least, &submission, &reason), OK);
    delivery_use_submission(delivery, submission);
}

static inline void loops_open(struct loops *loops, unsigned count)
{
    static const struct receiver_calls calls = {.lost = note_lost,
                                                .failed = note_failed,
                                                .overflow = note_overflow,
                                                .slow = note_slow,
                                                .drained = note_drained,
                                                .relieve = note_relieve};
    assert_true(count <= LOOPS_MAX);
    memset(loops, 0, sizeof *loops);
    loops->count = count;
    assert_int_equal(delivery_init(&loops->delivery, count), OK);
    delivery_set_limit(&loops->delivery, PLENTY);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(loop_init(&loops->loops[i], i), OK);
        loops->loops[i].owner = loops;
        loops->loops[i].on_event_end = flush_much;
        delivery_loop_init(&loops->deliveries[i], &loops->delivery, &loops->loops[i], &calls);
        if (loops_least > 0)
            use_submission(&loops->deliveries[i], loops_least);
    }
    assert_int_equal(fanout_init(&loops->fanout, &loops->delivery), OK);
}

/* One iteration of a loop. */
static inline void loops_iterate(struct loops *loops, unsigned index)
{
    loop_deliver_rest(&loops->loops[index]);
    delivery_flush(&loops->deliveries[index]);
}

/* Until nothing is under way any more: the first round may post to loops that it has passed. */
static inline void loops_settle(struct loops *loops)
{
    for (unsigned i = 0; i < 2 * loops->count; i++)
        loops_iterate(loops, i % loops->count);
}

/* The end of an iteration of the first loop. */
static inline void flush(struct loops *loops)
{
    delivery_flush(&loops->deliveries[0]);
}

/* How many writes that loop has made, by system calls and in submissions. */
static inline uint64_t loops_writes(const struct loops *loops, unsigned index)
{
    const struct delivery_stats *stats = &loops->deliveries[index].stats;
    return counter_read(&stats->writes) + counter_read(&stats->submitted);
}

/* What is held for receivers that do not take what they are sent. */
static inline size_t queued_memory(const struct loops *loops)
{
    return memory_account_bytes(&loops->delivery.queued);
}

/* Nothing may be held for anybody any more. */
static inline void loops_close(struct loops *loops)
{
    loops_settle(loops);
    assert_int_equal(queued_memory(loops), 0);
    assert_int_equal(memory_account_bytes(&loops->delivery.forwarded), 0);
    fanout_deinit(&loops->fanout);
    for (unsigned i = 0; i < loops->count; i++) {
        assert_int_equal(holders_highest(&loops->deliveries[i].holders), 0);
        delivery_loop_deinit(&loops->deliveries[i]);
        loop_deinit(&loops->loops[i]);
    }
    delivery_deinit(&loops->delivery);
}

static inline uint64_t loops_drops(const struct loops *loops, enum drop_reason reason)
{
    uint64_t drops = 0;
    for (unsigned i = 0; i < loops->count; i++)
        drops += counter_read(&loops->deliveries[i].stats.drops[reason]);
    return drops;
}

static inline struct audience *loops_audience(struct loops *loops, unsigned index)
{
    return &loops->fanout.audiences[index];
}

/* -- receivers and their clients -- */

/* A receiver on that loop which is not open yet, over a given pair of sockets. */
static inline void peer_init(struct loops *loops, struct peer *peer, unsigned index,
                             const int ends[2])
{
    *peer = (struct peer){.limits = {.queue_bytes = PLENTY, .topics = 100}, .socket = ends[1]};
    buffer_init(&peer->got, PLENTY);
    assert_int_equal(receiver_init(&peer->receiver, &loops->deliveries[index],
                                   loops_audience(loops, index), ends[0]),
                     OK);
}

/* An open receiver on that loop, a member of its audience. */
static inline void peer_open(struct loops *loops, struct peer *peer, unsigned index)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    peer_init(loops, peer, index, ends);
    peer->receiver.limits = &peer->limits;
    audience_set_open(&peer->receiver, true);
    assert_int_equal(audience_join(loops_audience(loops, index), &peer->receiver), OK);
}

/* As its owner does: it gets nothing more, ends, and leaves between iterations. */
static inline void peer_close(struct peer *peer)
{
    struct delivery_loop *loop = peer->receiver.loop;
    audience_set_open(&peer->receiver, false);
    receiver_end(&peer->receiver);
    delivery_flush(loop);
    receiver_leave(&peer->receiver);
    close(peer->socket);
    buffer_release(&peer->got);
}

/* Sockets that are full after a few thousand bytes. */
static inline void peer_shrink(const struct peer *peer)
{
    int size = 1; /* The kernel has a minimum. */
    assert_int_equal(setsockopt(peer->receiver.socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size),
                     0);
}

/* Reads what is there. */
static inline void peer_read(struct peer *peer)
{
    uint8_t bytes[4096];
    ssize_t len;
    while ((len = recv(peer->socket, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
        assert_int_equal(buffer_append(&peer->got, bytes, (size_t)len), OK);
}

/* The loop hears that the socket takes bytes again, until everything is sent and read. */
static inline void peer_read_all(struct peer *peer)
{
    peer_read(peer);
    while (peer->receiver.wants_write) {
        receiver_on_writable(&peer->receiver);
        delivery_flush(peer->receiver.loop);
        peer_read(peer);
    }
}

/* One frame of what a client has read. */
struct got_frame {
    enum opcode opcode;
    const uint8_t *payload;
    size_t len;
};

/* The next whole frame from *at on, which is moved behind it. Returns false if there is none. */
static inline bool peer_next_frame(const struct peer *peer, size_t *at, struct got_frame *frame)
{
    const uint8_t *head = peer->got.data + *at;
    size_t left = peer->got.len - *at;
    size_t len = left < 2 ? 0 : head[1], header = 2;
    if (left < 2)
        return false;
    assert_int_equal(head[0] & 0x70, 0); /* No extension's bit. */
    if (len >= 126)
        header = len == 126 ? 4 : 10;
    if (left < header)
        return false;
    for (size_t i = 2; i < header; i++)
        len = (i == 2 ? 0 : len << 8) | head[i];
    if (left - header < len)
        return false;
    *frame = (struct got_frame){.opcode = head[0] & 0x0f, .payload = head + header, .len = len};
    *at += header + len;
    return true;
}

/* What a client has got are whole frames with these payloads, with a space between each two of
 * them; the next call sees what comes afterwards. */
static inline void peer_expect(struct peer *peer, const char *expected)
{
    char text[4096] = "";
    size_t at = 0, len = 0;
    unsigned count = 0;
    struct got_frame frame;
    peer_read(peer);
    while (peer_next_frame(peer, &at, &frame)) {
        assert_true(len + frame.len + 2 < sizeof text);
        if (count++ > 0)
            text[len++] = ' ';
        memcpy(text + len, frame.payload, frame.len);
        len += frame.len;
    }
    text[len] = '\0';
    assert_int_equal(at, peer->got.len);
    assert_string_equal(text, expected);
    peer->got.len = 0;
}

/* -- messages -- */

/* To all receivers, from that loop. */
static inline void publish(struct loops *loops, unsigned index, const char *text)
{
    assert_int_equal(
        audience_publish(loops_audience(loops, index), OPCODE_TEXT, text, strlen(text), NULL), OK);
}

/* A message of LARGE bytes to all receivers, from the first loop. */
static inline void publish_large(struct loops *loops)
{
    static char text[LARGE];
    memset(text, 'x', sizeof text);
    assert_int_equal(
        audience_publish(loops_audience(loops, 0), OPCODE_BINARY, text, sizeof text, NULL), OK);
}

/* To a topic, from a receiver's loop. */
static inline void publish_to_topic(struct peer *from, const char *topic, const char *text)
{
    assert_int_equal(
        topic_publish_from(&from->receiver, topic, OPCODE_TEXT, text, strlen(text), NULL), OK);
}

static inline void send_text(struct peer *to, const char *text)
{
    assert_int_equal(receiver_send(&to->receiver, OPCODE_TEXT, text, strlen(text)), OK);
}

static inline void subscribe(struct peer *peer, const char *topic)
{
    assert_int_equal(topic_subscribe(&peer->receiver, topic, strlen(topic)), OK);
}

static inline size_t mails_waiting(struct loops *loops, unsigned index)
{
    size_t count = 0;
    struct mail *mail = mailbox_take(&loops->loops[index].mailbox);
    while (mail != NULL) {
        struct mail *next = mail->next;
        mail->deliver(&loops->loops[index], mail);
        mail = next;
        count++;
    }
    return count;
}

#endif
