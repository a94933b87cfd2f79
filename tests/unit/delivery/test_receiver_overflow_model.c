/* core/delivery/receiver_overflow.c against a model of the policies. */
#include "delivery/loops.h"

#include "delivery/choosy_socket.h"
#include "delivery/choosy_ring.h"
#include "delivery/overflow_model.h"

#include <stdlib.h>

#define GAP "{\"type\":\"gap\",\"dropped\":{dropped},\"bytes\":{bytes}}"
#define PEERS 3u
#define ROUNDS 60u
#define SEEDS 60u

/* A receiver, and what it should be sent. */
struct tracked {
    struct peer peer; /* first */
    struct model model;
    size_t new_from; /* frames of the model from here on are of this iteration */
};

static struct tracked tracked[PEERS];
static struct peer crowd[TOPIC_BATCH_SUBSCRIBERS]; /* in the topic too, so that it has a batch */
static bool has_crowd;
static unsigned next_number;
static unsigned short seed[3];

static unsigned random_below(unsigned bound)
{
    return (unsigned)nrand48(seed) % bound;
}

/* -- what both the delivery and the model are given -- */

static size_t make_message(char *text, size_t size, char key)
{
    int len = key == NO_KEY ? snprintf(text, size, "{\"n\":%u", next_number)
                            : snprintf(text, size, "{\"n\":%u,\"k\":\"%c\"", next_number, key);
    next_number++;
    len +=
        snprintf(text + len, size - (size_t)len, ",\"p\":\"%.*s\"}", (int)random_below(200),
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
    return (size_t)len;
}

static void add_to_model(struct tracked *to, enum model_kind kind, enum opcode opcode, char key,
                         const char *text, size_t len)
{
    struct model *model = &to->model;
    assert_true(model->count < MODEL_FRAMES);
    struct model_frame *frame = &model->frames[model->count++];
    *frame = (struct model_frame){.kind = kind, .key = key};
    model_encode(frame, opcode, text, len);
}

static void publish_to_all(struct loops *loops, char key)
{
    char text[400];
    size_t len = make_message(text, sizeof text, key);
    assert_int_equal(audience_publish(loops_audience(loops, 0), OPCODE_TEXT, text, len, NULL), OK);
    for (unsigned i = 0; i < PEERS; i++)
        add_to_model(&tracked[i], MODEL_DROPPABLE, OPCODE_TEXT, key, text, len);
}

/* The first two are in it. */
static void publish_to_some(char key)
{
    char text[400];
    size_t len = make_message(text, sizeof text, key);
    assert_int_equal(
        topic_publish_from(&tracked[0].peer.receiver, "some", OPCODE_BINARY, text, len, NULL), OK);
    for (unsigned i = 0; i < 2; i++)
        add_to_model(&tracked[i], MODEL_DROPPABLE, OPCODE_BINARY, key, text, len);
}

static void send_to_one(struct tracked *to, char key)
{
    char text[400];
    size_t len = make_message(text, sizeof text, key);
    assert_int_equal(receiver_send(&to->peer.receiver, OPCODE_TEXT, text, len), OK);
    add_to_model(to, MODEL_DROPPABLE, OPCODE_TEXT, key, text, len);
}

static void send_control_to_one(struct tracked *to)
{
    char text[400];
    size_t len = make_message(text, sizeof text, NO_KEY);
    assert_int_equal(receiver_send_control(&to->peer.receiver, OPCODE_TEXT, text, len), OK);
    add_to_model(to, MODEL_KEPT, OPCODE_TEXT, NO_KEY, text, len);
}

static void ping_one(struct tracked *to)
{
    assert_int_equal(receiver_send(&to->peer.receiver, OPCODE_PING, "p", 1), OK);
    add_to_model(to, MODEL_KEPT, OPCODE_PING, NO_KEY, "p", 1);
}

static void act_at_random(struct loops *loops)
{
    static const char keys[] = {'A', 'B', 'C', NO_KEY};
    char key = keys[random_below(4)];
    struct tracked *one = &tracked[random_below(PEERS)];
    switch (random_below(12)) {
    case 0:
        send_control_to_one(one);
        break;
    case 1:
        ping_one(one);
        break;
    case 2:
    case 3:
        send_to_one(one, key);
        break;
    case 4:
    case 5:
        publish_to_some(key);
        break;
    default:
        publish_to_all(loops, key);
    }
}

/* -- an iteration -- */

static void conflate_new(struct tracked *one, size_t from)
{
    /* Each drop moves those behind it; the new ones are always the last so many. */
    for (size_t left = one->model.count - from; left > 0; left--)
        model_conflate(&one->model, one->model.count - left);
}

/* Flushes, and applies to the model what the socket has taken. */
static void flush_and_compare(struct loops *loops)
{
    bool was_blocked[PEERS];
    size_t before[PEERS];
    for (unsigned i = 0; i < PEERS; i++) {
        was_blocked[i] = tracked[i].peer.receiver.wants_write;
        before[i] = tracked[i].peer.got.len;
    }
    flush(loops);
    for (unsigned i = 0; i < PEERS; i++) {
        struct tracked *one = &tracked[i];
        struct model *model = &one->model;
        size_t from = one->new_from;
        peer_read(&one->peer);
        size_t sent = one->peer.got.len - before[i];
        if (was_blocked[i])
            conflate_new(one, from);
        size_t count = model->count;
        model_send(model, sent);
        if (!was_blocked[i]) {
            size_t gone = count - model->count;
            size_t first_new = from > gone ? from - gone : 0;
            if (first_new == 0 && model->count > 0 && model->frames[0].is_begun)
                first_new = 1; /* It is under way, and replaces nothing. */
            conflate_new(one, first_new < model->count ? first_new : model->count);
        }
        bool has_room = model_make_room(model);
        assert_int_equal(one->peer.overflowed, !has_room);
        one->new_from = model->count;
        assert_int_equal(one->peer.got.len, model->expected.len);
        assert_memory_equal(one->peer.got.data, model->expected.data, model->expected.len);
    }
}

static void let_write(struct tracked *one)
{
    if (one->peer.receiver.wants_write)
        receiver_on_writable(&one->peer.receiver);
}

static void drain(struct loops *loops)
{
    socket_takes = SIZE_MAX;
    for (bool is_done = false; !is_done;) {
        is_done = true;
        for (unsigned i = 0; i < PEERS; i++) {
            is_done = is_done && !tracked[i].peer.receiver.wants_write;
            let_write(&tracked[i]);
        }
        flush_and_compare(loops);
    }
}

static uint64_t dropped_by(struct loops *loops, enum overflow_policy policy)
{
    return counter_read(&loops_audience(loops, 0)->dropped[policy]);
}

static void open_all(struct loops *loops, enum overflow_policy policy, uint32_t limit,
                     bool has_gaps)
{
    loops_open(loops, 1);
    assert_int_equal(fanout_add_key(&loops->fanout, "/k"), OK);
    fanout_use_key(&loops->fanout, policy == OVERFLOW_CONFLATE ? "/k" : NULL);
    for (unsigned i = 0; i < PEERS; i++) {
        struct tracked *one = &tracked[i];
        peer_open(loops, &one->peer, 0);
        one->peer.limits.overflow = policy;
        one->peer.limits.queue_messages = limit;
        one->peer.limits.gap_text = has_gaps ? GAP : NULL;
        one->new_from = 0;
        model_init(&one->model, policy, limit, has_gaps);
        if (i < 2)
            subscribe(&one->peer, "some");
    }
    for (unsigned i = 0; has_crowd && i < TOPIC_BATCH_SUBSCRIBERS; i++) {
        peer_open(loops, &crowd[i], 0);
        subscribe(&crowd[i], "some");
    }
}

static void close_all(struct loops *loops)
{
    for (unsigned i = 0; i < PEERS; i++) {
        peer_close(&tracked[i].peer);
        buffer_release(&tracked[i].model.expected);
    }
    loops_close(loops);
}

static void run_against_model(enum overflow_policy policy, uint32_t limit, bool has_gaps)
{
    struct loops loops;
    uint64_t dropped = 0;
    open_all(&loops, policy, limit, has_gaps);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned actions = random_below(6); actions > 0; actions--)
            act_at_random(&loops);
        socket_takes = random_below(3) == 0 ? 0 : random_below(700);
        for (unsigned i = 0; i < PEERS; i++)
            if (random_below(4) == 0)
                let_write(&tracked[i]);
        flush_and_compare(&loops);
    }
    drain(&loops);
    for (unsigned i = 0; i < PEERS; i++) {
        assert_int_equal(tracked[i].model.count, 0);
        dropped += tracked[i].model.dropped;
        assert_null(tracked[i].peer.receiver.waiting);
    }
    for (unsigned i = 0; has_crowd && i < TOPIC_BATCH_SUBSCRIBERS; i++) {
        peer_read_all(&crowd[i]);
        peer_close(&crowd[i]);
    }
    assert_int_equal(dropped_by(&loops, policy), dropped);
    assert_int_equal(queued_memory(&loops), 0);
    close_all(&loops);
}

static void run_with_seeds(enum overflow_policy policy, uint32_t limit)
{
    for (unsigned i = 0; i < SEEDS; i++) {
        seed[0] = (unsigned short)i;
        seed[1] = (unsigned short)policy;
        has_crowd = i % 3 == 0;
        run_against_model(policy, limit, i % 4 != 0);
    }
}

static void drop_oldest_does_what_the_model_does(void **state)
{
    (void)state;
    run_with_seeds(OVERFLOW_DROP_OLDEST, 40);
}

static void drop_newest_does_what_the_model_does(void **state)
{
    (void)state;
    run_with_seeds(OVERFLOW_DROP_NEWEST, 40);
}

static void conflate_does_what_the_model_does(void **state)
{
    (void)state;
    run_with_seeds(OVERFLOW_CONFLATE, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drop_oldest_does_what_the_model_does),
        cmocka_unit_test(drop_newest_does_what_the_model_does),
        cmocka_unit_test(conflate_does_what_the_model_does),
    };
    return RUN_BOTH_WAYS(tests, NULL, NULL);
}
